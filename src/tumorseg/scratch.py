"""Arrays that grow with the slices, out of memory: what reads or writes one needs no more of it at a time."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from tumorseg.files import create_array

IN_MEMORY = 2**24  # bytes of an array, at most


def scratch(shape: tuple[int, ...], dtype: type) -> "np.ndarray[Any, Any]":
    """Zeros; of more than IN_MEMORY bytes in a file, where TMPDIR says, that has no name and goes with them.

    Raises:
        OSError: The disk is full.
    """
    if math.prod(shape) * np.dtype(dtype).itemsize <= IN_MEMORY:
        return np.zeros(shape, dtype)
    with TemporaryDirectory() as folder:
        return create_array(Path(folder) / "scratch.npy", shape, dtype)
