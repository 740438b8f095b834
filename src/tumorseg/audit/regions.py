"""The pixels of all annotations of a slice, measured from their runs: nothing as large as the slice is made
for each of them.

Runs are those of `raster.runs_of`: pixel k is in row k modulo height and column k // height.
"""

from dataclasses import dataclass

import numpy as np

from tumorseg.data.coco import Slice
from tumorseg.data.raster import runs_of


@dataclass(frozen=True)
class Regions:
    """The A annotations of a slice, in its order."""

    pixels: np.ndarray  # int (A,)
    shared: np.ndarray  # int (A,): pixels that other annotations of the slice cover too
    x: np.ndarray  # float (A,): mean column of the pixels; NaN without pixels; so is the next
    y: np.ndarray  # float (A,): mean row
    box: np.ndarray  # int (A, 4): first column and row, and last-plus-one; 0 without pixels


def measure_regions(item: Slice) -> Regions:
    """Measure every annotation of a slice, in time that grows with its annotations and their outlines."""
    each = [runs_of(annotation, item) for annotation in item.annotations]
    lengths = _joined([one.lengths for one in each])
    seen = lengths > 0  # run lengths from elsewhere may hold zeros
    start = _joined([one.starts for one in each])[seen]
    end = start + lengths[seen]
    owner = np.repeat(np.arange(len(each)), [len(one.lengths) for one in each])[seen]
    count, height = len(each), item.height

    def total(values: np.ndarray) -> np.ndarray:
        """Of each annotation, the sum over its runs."""
        ends = np.concatenate([[0], np.cumsum(values)])
        edges = np.searchsorted(owner, np.arange(count + 1))
        return np.asarray(ends[edges[1:]] - ends[edges[:-1]])

    pixels = total(end - start)
    columns = total(_columns_below(end, height) - _columns_below(start, height))
    numbers = total((end * (end - 1) - start * (start - 1)) // 2)
    with np.errstate(invalid="ignore"):
        x, y = columns / pixels, (numbers - height * columns) / pixels
    return Regions(
        pixels=pixels,
        shared=total(_crowded(start, end)),
        x=x,
        y=y,
        box=_boxes(start, end, owner, count, height),
    )


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _crowded(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """How many pixels of each run lie in other runs too."""
    points, place = np.unique(np.concatenate([start, end]), return_inverse=True)
    starts, ends = place[: len(start)], place[len(start) :]
    covers = np.bincount(starts, minlength=len(points)) - np.bincount(ends, minlength=len(points))
    # From each point to the next, as many runs lie there.
    shared = np.diff(points, append=points[-1:]) * (np.cumsum(covers) > 1)
    below = np.concatenate([[0], np.cumsum(shared)])
    return np.asarray(below[ends] - below[starts])


def _columns_below(number: np.ndarray, height: int) -> np.ndarray:
    """The sum of the columns of all pixels below a number."""
    whole, rest = np.divmod(number, height)
    return np.asarray(height * (whole * (whole - 1) // 2) + rest * whole)


def _boxes(start: np.ndarray, end: np.ndarray, owner: np.ndarray, count: int, height: int) -> np.ndarray:
    first, last = start // height, (end - 1) // height  # columns
    one = first == last  # a run that goes on into the next column has the rows at both edges
    low, high = np.where(one, start % height, 0), np.where(one, (end - 1) % height, height - 1)
    boxes = np.zeros((count, 4), np.int64)
    owners, begins = np.unique(owner, return_index=True)
    if len(owners):
        edges = (np.minimum, first, 0), (np.minimum, low, 0), (np.maximum, last, 1), (np.maximum, high, 1)
        for place, (extreme, values, more) in enumerate(edges):
            boxes[owners, place] = extreme.reduceat(values, begins) + more
    return boxes
