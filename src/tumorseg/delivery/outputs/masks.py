"""Masks that `predict` has written, read again: they may have been corrected by hand."""

from pathlib import Path

import numpy as np

from tumorseg.data.classes import from_grey
from tumorseg.data.read import read_slice
from tumorseg.delivery.outputs.records import OutFolder, SliceRecord
from tumorseg.errors import UserError


def read_mask(out: OutFolder, each: SliceRecord, classes: list[str]) -> np.ndarray:
    """The mask of a slice as it is now, uint8 (H, W): 0, or the index of a class.

    Raises:
        UserError: It is missing, no picture or of another size.
    """
    path = out.mask(each.name)
    mask = from_grey(read_greys(path), classes)
    if mask.shape != (each.height, each.width):
        raise UserError(
            f"{path}: is {mask.shape[1]}×{mask.shape[0]} pixels, but its slice {each.width}×{each.height}; "
            "save it at its own size"
        )
    return mask


def read_greys(path: Path) -> np.ndarray:
    """The grey levels of a mask, uint8 (H, W); errors as of `read_mask`."""
    if not path.exists():
        raise UserError(f"{path}: is missing; the same call of predict writes it anew")
    return read_slice(path)
