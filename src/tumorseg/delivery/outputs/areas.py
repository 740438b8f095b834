"""How large tumour is: in pixels, and in mm² and mm³ where the spacing is known."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Area:
    """Of one class of one slice, or of a series."""

    pixels: int
    mm2: float | None  # None where the spacing of pixels is unknown
    mm3: float | None = None  # None where the distance of slices is unknown or uneven, too


def areas(
    mask: np.ndarray, spacing: tuple[float, float] | None, slice_step: float | None = None
) -> dict[int, Area]:
    """The size of each class in a mask.

    Args:
        mask: uint8 (H, W), 0 for background, else the index of the class.
        spacing: mm between rows and between columns.
        slice_step: mm from the centre of a slice to that of the next: a pixel stands for a box that deep.

    Returns:
        By index of the class, sorted; classes without a pixel are absent.
    """
    return volume([mask], spacing, slice_step)


def volume(
    masks: Iterable[np.ndarray], spacing: tuple[float, float] | None, slice_step: float | None
) -> dict[int, Area]:
    """The size of each class in a series of masks; arguments and result as of `areas`.

    `mm2` is the sum over slices.
    """
    counts = np.zeros(256, np.int64)
    for mask in masks:
        counts += np.bincount(mask.ravel(), minlength=256)
    found = (int(index) for index in np.flatnonzero(counts) if index)
    return {index: _area(int(counts[index]), spacing, slice_step) for index in found}


def _area(pixels: int, spacing: tuple[float, float] | None, slice_step: float | None) -> Area:
    if spacing is None:
        return Area(pixels, None)
    mm2 = pixels * spacing[0] * spacing[1]
    return Area(pixels, mm2, None if slice_step is None else mm2 * slice_step)
