"""Annotations one by one: their shapes, their places, and what is wrong with them."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from tumorseg.audit.regions import measure_regions
from tumorseg.data.coco import Annotation, RunLengths, Slice, reaches_outside

SHAPES = ("rectangle", "polygon", "run_lengths", "box")
OVERLAP = 0.1  # share of an annotation's pixels that others cover too: adjacent outlines share a rim
SIDE_TOLERANCE = 0.05  # of a box's sides, and 2 pixels at least: exporters round
BOX_TOLERANCE = 0.01  # of the area: exporters round
AREA_TOLERANCE = 0.1  # of the area, besides half the perimeter: pixels on the rim are counted or not
PAIRS = 1_000_000  # of edges, compared at a time
FAULTS = ("outside", "empty", "crossing", "overlapping", "wrong_area", "wrong_bbox")
FLAGS = (*FAULTS, "area_of_box")


def annotation_table(slices: Iterable[tuple[str, Slice]]) -> pd.DataFrame:
    """A row an annotation.

    Args:
        slices: Each after the split that it came in.

    Returns:
        Columns: as_shipped (the split that the slice came in), file, id, category; shape, one of SHAPES;
        pixels; share of the image, and centre x and y of the pixels, all in [0, 1] (NaN without pixels); and,
        true or false, FAULTS: outside (partly outside the image), empty (no pixel), crossing (an outline
        crosses itself), overlapping (another annotation of the image covers a tenth of it or more),
        wrong_area and wrong_bbox (the field contradicts the shape); and area_of_box (the area contradicts
        the shape, but is that of the bbox: Roboflow writes it so).
    """
    rows = [
        {"as_shipped": split, "file": item.file_name, **row}
        for split, item in slices
        for row in _describe(item)
    ]
    columns = ["as_shipped", "file", "id", "category", "shape", "pixels", "share", "x", "y", *FLAGS]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(FLAGS, bool))


def self_crossing(polygon: np.ndarray) -> bool:
    """Whether two edges of a polygon, float (N, 2), cross; edges that only touch do not.

    Edges are compared only where they share a stretch of the x-axis: of an outline those are few.
    """
    start, end = polygon, np.concatenate([polygon[1:], polygon[:1]])
    left, right = np.minimum(start, end), np.maximum(start, end)
    order = np.argsort(left[:, 0], kind="stable")
    start, end, left, right = start[order], end[order], left[order], right[order]
    # After each edge in this order stand those that begin before it ends.
    counts = np.searchsorted(left[:, 0], right[:, 0], "right") - np.arange(1, len(order) + 1)
    done = np.concatenate([[0], np.cumsum(counts)])
    first = 0
    while first < len(order):
        stop = max(first + 1, int(np.searchsorted(done, done[first] + PAIRS, "right")) - 1)
        one = np.repeat(np.arange(first, stop), counts[first:stop])
        other = one + 1 + np.arange(len(one)) - (done[one] - done[first])
        near = (left[one, 1] <= right[other, 1]) & (left[other, 1] <= right[one, 1])
        if _cross(start[one[near]], end[one[near]], start[other[near]], end[other[near]]):
            return True
        first = stop
    return False


def category_runs(categories: pd.Series, units: pd.Series) -> dict[str, float]:
    """How long one category follows itself in the order of file numbers.

    Args:
        categories: Of slices in the order of their file numbers.
        units: Group of each slice: slices of one group share their category, and chance moves groups.

    Returns:
        `runs` of equal categories, and how many `by_chance`: 1 + (n² − Σ nᵢ²) / n for n groups, nᵢ of them
        of category i (Wald and Wolfowitz, 1940, for any number of categories).
    """
    sizes = categories.groupby(units.to_numpy()).first().value_counts().to_numpy(float)
    n = sizes.sum()
    return {
        "runs": int((categories.to_numpy()[1:] != categories.to_numpy()[:-1]).sum() + 1),
        "by_chance": float(1 + (n * n - (sizes * sizes).sum()) / n),
    }


def order_auc(numbers: pd.Series, members: pd.Series) -> float:
    """Probability that a member's file number is above a non-member's: 0.5 by chance, 0 or 1 if sorted.

    The area under the ROC curve from ranks (Mann and Whitney, 1947); NaN without members or non-members.
    """
    inside, outside = int(members.sum()), int((~members).sum())
    if not inside or not outside:
        return float("nan")
    ranks = numbers.astype(float).rank()[members].sum()
    return float((ranks - inside * (inside + 1) / 2) / (inside * outside))


def _cross(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> bool:
    """Whether an edge from a to b crosses the edge from c to d beside it; all float (P, 2)."""
    apart = (_turn(a, b, c) * _turn(a, b, d) < 0) & (_turn(c, d, a) * _turn(c, d, b) < 0)
    return bool(apart.any())


def _turn(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Positive where c is on one side of the line from a to b, negative on the other, 0 on it."""
    u, v = b - a, c - a
    return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]


def _describe(item: Slice) -> list[dict[str, object]]:
    """The rows of one slice's annotations, without as_shipped and file."""
    regions = measure_regions(item)
    columns = (regions.pixels, regions.shared, regions.x, regions.y, regions.box)
    return [
        _row(item, annotation, *values)
        for annotation, *values in zip(
            item.annotations, *(column.tolist() for column in columns), strict=True
        )
    ]


def _row(
    item: Slice, annotation: Annotation, pixels: int, shared: int, x: float, y: float, box: list[int]
) -> dict[str, object]:
    """One annotation, from its values in `Regions`."""
    outside = reaches_outside(annotation, item)
    left, top, right, bottom = box
    # Whether a field tells of what the image cuts off is the exporter's choice.
    judged = pixels > 0 and not outside
    tolerance = AREA_TOLERANCE * pixels + right - left + bottom - top
    wrong_area = judged and abs(annotation.area - pixels) > tolerance
    of_box = abs(annotation.area - annotation.bbox[2] * annotation.bbox[3]) <= BOX_TOLERANCE * annotation.area
    return {
        "id": annotation.id,
        "category": annotation.category,
        "shape": _shape(annotation, 0 < pixels == (right - left) * (bottom - top)),
        "pixels": pixels,
        "share": pixels / (item.width * item.height),
        "x": (x + 0.5) / item.width,
        "y": (y + 0.5) / item.height,
        "outside": outside,
        "empty": not pixels,
        "crossing": not isinstance(annotation.segmentation, RunLengths)
        and any(self_crossing(np.reshape(polygon, (-1, 2))) for polygon in annotation.segmentation),
        "overlapping": shared > OVERLAP * pixels,
        "wrong_area": wrong_area and not of_box,
        "area_of_box": wrong_area and of_box,
        "wrong_bbox": pixels > 0 and _contradicts(annotation.bbox, box, item),
    }


def _shape(annotation: Annotation, fills_box: bool) -> str:
    if not annotation.segmentation:
        return "box"
    # Judged by pixels: a rectangle may have any number of points, or be written as run lengths.
    if fills_box:
        return "rectangle"
    return "run_lengths" if isinstance(annotation.segmentation, RunLengths) else "polygon"


def _contradicts(bbox: tuple[float, ...], box: list[int], item: Slice) -> bool:
    """Whether a declared box, cut to the image, is not the one around the pixels."""
    left, top, width, height = bbox
    for start, length, side, first, last in (
        (left, width, item.width, box[0], box[2]),
        (top, height, item.height, box[1], box[3]),
    ):
        tolerance = max(2, SIDE_TOLERANCE * (last - first))
        declared = [min(max(start, 0), side), min(max(start + length, 0), side)]
        if max(abs(declared[0] - first), abs(declared[1] - last)) > tolerance:
            return True
    return False
