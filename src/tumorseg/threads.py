"""Work on many things at once, in their order: the results do not depend on the number of threads."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 64  # things handed to each thread at a time, so that memory does not grow with their number


def usable_cores() -> int:
    """Cores that this process may run on, where the system tells; else all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_threads(work: Callable[[Item], Result], items: Sequence[Item], threads: int = 0) -> Iterator[Result]:
    """Yield what `work` makes of each item, in their order; an error is that of the first item that has one.

    It pays where `work` is spent in OpenCV and in reading files, which let other threads run.

    Args:
        work: Must not depend on the order of the calls.
        items: What it is called with.
        threads: 0: one for each core.
    """
    import cv2

    count = threads or usable_cores()
    step, of_opencv = AHEAD * count, cv2.getNumThreads()
    cv2.setNumThreads(1)  # its own threads would take the cores from these
    try:
        with ThreadPoolExecutor(count) as pool:
            for start in range(0, len(items), step):
                yield from pool.map(work, items[start : start + step])
    finally:
        cv2.setNumThreads(of_opencv)
