"""Annotations one by one: their shapes, their places, and what is wrong with them."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.data.coco import (
    Annotation,
    RunLengths,
    Slice,
    reaches_outside,
    read_categories,
    read_split,
    render,
)

SHAPES = ("rectangle", "polygon", "run_lengths", "box")
OVERLAP = 0.1  # share of an annotation's pixels that others cover too: adjacent outlines share a rim
SIDE_TOLERANCE = 0.05  # of a box's sides, and 2 pixels at least: exporters round
AREA_TOLERANCE = 0.1  # of the area, besides half the perimeter: pixels on the rim are counted or not
PAIRS = 1_000_000  # of edges, compared at a time


def annotation_table(raw: Path) -> pd.DataFrame:
    """A row an annotation of all slices.

    Columns: as_shipped (the split that the slice came in), file, id, category; shape, one of SHAPES; pixels;
    share of the image, and centre x and y of the pixels, all in [0, 1] (NaN without pixels); and, true or
    false, outside (partly outside the image), empty (no pixel), crossing (an outline crosses itself),
    overlapping (another annotation of the image covers a tenth of it or more), wrong_area and wrong_bbox
    (the field contradicts the shape).

    Raises:
        UserError: An annotation file is bad.
    """
    rows = [
        {"as_shipped": split, "file": item.file_name, **row}
        for split in SPLITS
        for item in read_split(raw / split)
        for row in _describe(item)
    ]
    columns = ["as_shipped", "file", "id", "category", "shape", "pixels", "share", "x", "y", *FAULTS]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(FAULTS, bool))


FAULTS = ("outside", "empty", "crossing", "overlapping", "wrong_area", "wrong_bbox")


def unnamed_files(raw: Path) -> list[str]:
    """Image files in a folder whose annotation file does not name them, as `folder/file`."""
    from tumorseg.data.coco_schema import IMAGE_SUFFIXES

    unnamed = []
    for split in SPLITS:
        named = {item.file_name for item in read_split(raw / split)}
        images = {path.name for path in (raw / split).iterdir() if path.suffix.lower() in IMAGE_SUFFIXES}
        unnamed += [f"{split}/{name}" for name in sorted(images - named)]
    return unnamed


def category_names(raw: Path) -> list[str]:
    """Names of the categories that any split defines, in the files' order."""
    return list(dict.fromkeys(name for split in SPLITS for name in read_categories(raw / split)))


def self_crossing(polygon: np.ndarray) -> bool:
    """Whether two edges of a polygon, float (N, 2), cross; edges that only touch do not."""
    start, end = polygon, np.roll(polygon, -1, axis=0)
    step = max(1, PAIRS // len(polygon))
    for first in range(0, len(polygon), step):
        a, b = start[first : first + step, None], end[first : first + step, None]
        apart = (_turn(a, b, start) * _turn(a, b, end) < 0) & (
            _turn(start, end, a) * _turn(start, end, b) < 0
        )
        if apart.any():
            return True
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


def _turn(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Positive where c is on one side of the line from a to b, negative on the other, 0 on it."""
    u, v = b - a, c - a
    return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]


def _describe(item: Slice) -> list[dict[str, object]]:
    """The rows of one slice's annotations, without as_shipped and file."""
    covered = np.zeros((item.height, item.width), np.uint16)
    crops = []
    for annotation in item.annotations:
        pixels = render(replace(item, annotations=(annotation,)), {annotation.category})
        x, y, width, height = cv2.boundingRect(pixels)
        window = np.s_[y : y + height, x : x + width]
        crops.append((window, pixels[window] > 0))
        covered[window] += crops[-1][1]
    return [
        _row(item, annotation, window, crop, covered)
        for annotation, (window, crop) in zip(item.annotations, crops, strict=True)
    ]


def _row(
    item: Slice, annotation: Annotation, window: tuple[slice, slice], crop: np.ndarray, covered: np.ndarray
) -> dict[str, object]:
    """One annotation: `crop` holds its pixels within `window`, `covered` how many annotations cover each."""
    pixels, (y, x) = int(crop.sum()), np.nonzero(crop)
    outside = reaches_outside(annotation, item)
    shared = int((crop & (covered[window] > 1)).sum())
    rows, columns = window
    return {
        "id": annotation.id,
        "category": annotation.category,
        "shape": _shape(annotation, crop),
        "pixels": pixels,
        "share": pixels / (item.width * item.height),
        "x": (columns.start + x.mean() + 0.5) / item.width if pixels else float("nan"),
        "y": (rows.start + y.mean() + 0.5) / item.height if pixels else float("nan"),
        "outside": outside,
        "empty": not pixels,
        "crossing": not isinstance(annotation.segmentation, RunLengths)
        and any(self_crossing(np.reshape(polygon, (-1, 2))) for polygon in annotation.segmentation),
        "overlapping": shared > OVERLAP * pixels,
        # Whether a field tells of what the image cuts off is the exporter's choice.
        "wrong_area": pixels > 0
        and not outside
        and abs(annotation.area - pixels) > AREA_TOLERANCE * pixels + sum(crop.shape),
        "wrong_bbox": pixels > 0 and _contradicts(annotation.bbox, window, item),
    }


def _shape(annotation: Annotation, crop: np.ndarray) -> str:
    if not annotation.segmentation:
        return "box"
    # Judged by pixels: a rectangle may have any number of points, or be written as run lengths.
    if crop.size and crop.all():
        return "rectangle"
    return "run_lengths" if isinstance(annotation.segmentation, RunLengths) else "polygon"


def _contradicts(bbox: tuple[float, ...], window: tuple[slice, slice], item: Slice) -> bool:
    """Whether a declared box, cut to the image, is not the one around the pixels."""
    left, top, width, height = bbox
    for start, length, side, pixels in (
        (left, width, item.width, window[1]),
        (top, height, item.height, window[0]),
    ):
        tolerance = max(2, SIDE_TOLERANCE * (pixels.stop - pixels.start))
        declared = np.clip([start, start + length], 0, side)
        if np.abs(declared - (pixels.start, pixels.stop)).max() > tolerance:
            return True
    return False
