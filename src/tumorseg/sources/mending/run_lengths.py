"""Run lengths as exporters write them: compressed, as lists, as a Python text of bytes, with an odd size."""

import re
from typing import Any

import numpy as np

from tumorseg.data.coco_schema import MAX_SIDE, decode_counts
from tumorseg.errors import SHORT
from tumorseg.sources.faults import FaultLog
from tumorseg.sources.mending.values import to_whole

Bounds = tuple[float, float, float, float]  # left, top, right, bottom
BYTES = re.compile(r"b(['\"])(.*)\1", re.DOTALL)
LISTED = re.compile(r"\[?[\d\s,]+\]?", re.ASCII)
SEPARATOR = re.compile(r"[\s,]", re.ASCII)  # compressed, there are none
MAX_RUN = MAX_SIDE**2
NEAR = 1.5  # pixels between a box and the pixels it is of


def read_run_lengths(
    value: dict[str, Any], field: str, size: tuple[int, int], box: Bounds | None, log: FaultLog
) -> tuple[dict[str, Any], Bounds, int]:
    """Run lengths of an image as the schema has them, their bounds and their number of pixels.

    Args:
        value: With `counts`, and mostly `size`.
        field: What errors call it.
        size: Width and height of the image.
        box: Of the annotation: tells which side is which, where `size` is swapped.
        log: Collects what was mended.

    Raises:
        UserError: The counts are none, or are of another image.
    """
    counts = _counts(value.get("counts"), f"{field}.counts", log)
    width, height = size
    try:
        numbers = decode_counts(counts) if isinstance(counts, str) else counts
    except ValueError as error:
        log.refuse(f"{field}.counts", f"{error}; export the mask anew")
    if (
        odd := next((run for run in (min(numbers), max(numbers)) if not 0 <= run <= MAX_RUN), None)
    ) is not None:
        log.refuse(f"{field}.counts", f"a run of {SHORT.repr(odd)} pixels; export the mask anew")
    if (total := sum(numbers)) != width * height:
        log.refuse(
            f"{field}.counts",
            f"runs of {total} pixels, but the image has {width} × {height}; export the mask anew",
        )
    runs = np.asarray(numbers, np.int64)
    bounds = _bounds(runs, height)
    _check_size(value.get("size"), field, runs, size, bounds, box, log)
    return {"size": [height, width], "counts": counts}, bounds, int(runs[1::2].sum())


def _counts(value: object, field: str, log: FaultLog) -> str | list[int]:
    """Compressed as they are, or whole numbers."""
    counts: object = value
    if isinstance(counts, str):
        counts = counts.strip()
        if text := BYTES.fullmatch(counts):
            # Of the characters of compressed run lengths, Python escapes this one alone.
            counts = text[2].replace(r"\\", "\\")
        elif SEPARATOR.search(counts) and LISTED.fullmatch(counts):
            counts = re.findall(r"\d+", counts, re.ASCII)
    if isinstance(counts, list) and not {int}.issuperset(map(type, counts)):
        whole = [to_whole(count) for count in counts]
        if None in whole:
            bad = whole.index(None)
            log.refuse(f"{field}[{bad}]", f"{SHORT.repr(counts[bad])} is no count; export the mask anew")
        counts = whole
    if not isinstance(counts, str | list) or not counts:
        log.refuse(field, f"{SHORT.repr(value)} are no run lengths; export the mask anew")
    if counts is not value:
        log.mended("rle_text", field, f"{SHORT.repr(value)} read as run lengths")
    return counts


def _check_size(
    value: object,
    field: str,
    runs: np.ndarray,
    size: tuple[int, int],
    bounds: Bounds,
    box: Bounds | None,
    log: FaultLog,
) -> None:
    width, height = size
    sides = [to_whole(side) for side in value] if isinstance(value, list) and len(value) == 2 else None
    if value == [height, width] and isinstance(value, list) and all(type(side) is int for side in value):
        return
    if sides == [width, height] and width != height:
        # Along columns of the picture, or of the picture lying on its side: the box knows.
        top, left, bottom, right = _bounds(runs, width)
        upright, lying = _near(box, bounds), _near(box, (left, top, right, bottom))
        if not upright or lying:
            log.refuse(
                f"{field}.size",
                f"{SHORT.repr(value)}, but the image has height {height} and width {width}, and bbox "
                "does not tell which is right; export the mask anew",
            )
    elif sides is not None and None not in sides and sides != [height, width]:
        log.refuse(
            f"{field}.size",
            f"{SHORT.repr(value)}, but the image has height {height} and width {width}; export the mask anew",
        )
    log.mended(
        "rle_size", f"{field}.size", f"{SHORT.repr(value)}; the image has height {height}, width {width}"
    )


def _bounds(runs: np.ndarray, height: int) -> Bounds:
    """Of the pixels that are set, by runs along columns of `height`; all 0 of none."""
    ends = np.cumsum(runs)
    lasts, firsts = ends[1::2] - 1, ends[0::2][: len(ends[1::2])]
    firsts, lasts = firsts[lasts >= firsts], lasts[lasts >= firsts]
    if not len(firsts):
        return 0, 0, 0, 0
    left, right = int(firsts[0] // height), int(lasts[-1] // height)
    if (firsts // height != lasts // height).any():  # a run goes on at the top of the next column
        top, bottom = 0, height - 1
    else:
        top, bottom = int((firsts % height).min()), int((lasts % height).max())
    return left, top, right + 1, bottom + 1


def _near(box: Bounds | None, bounds: Bounds) -> bool:
    return box is not None and all(abs(a - b) <= NEAR for a, b in zip(box, bounds, strict=True))
