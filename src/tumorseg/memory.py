"""Memory that a process has freed, kept for its next arrays and tensors."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # from <malloc.h>; see mallopt(3)


def keep_freed_memory() -> bool:
    """Have this process keep the memory that it frees; whether the system knows how, as glibc does.

    By itself glibc hands a large array back to the kernel as soon as it is freed. The next one is new memory,
    which the kernel zeroes page by page as it is touched. A net makes and frees tensors all the time: that
    took up to two thirds of a forward pass, and half of a training step (`python bench/allocator.py`).
    Results are the same. A second call changes nothing.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    # 0: no block comes from the kernel by itself; −1: the end of the heap is never given back.
    return bool(mallopt and mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, -1))
