"""One entry of `annotations`: outline, box, area and crowd flag."""

import json
from typing import Any

from tumorseg.errors import SHORT
from tumorseg.sources.faults import FaultLog
from tumorseg.sources.mending.boxes import Bounds, Box, are_near, read_box, to_bounds, to_box
from tumorseg.sources.mending.evidence import Evidence, Size
from tumorseg.sources.mending.polygons import Ring, area_of, bounds_of, read_polygons
from tumorseg.sources.mending.run_lengths import read_run_lengths
from tumorseg.sources.mending.values import to_number, to_whole

MAX_AREA = 1e15  # square pixels; an area beyond is none
Outline = tuple[Any, Bounds, float | None]  # segmentation, its bounds, its area if that is known already


def mend_region(
    entry: dict[str, Any], field: str, size: Size, log: FaultLog, evidence: Evidence
) -> dict[str, Any] | None:
    """Segmentation, box, area and crowd flag of an annotation; None if there is nothing to draw.

    Args:
        entry: The annotation as the file has it.
        field: What errors call it.
        size: Width and height of its image.
        log: Collects what was mended.
        evidence: Collects what only the whole file can tell.

    Raises:
        UserError: It cannot be told what was drawn.
    """
    box = read_box(entry.get("bbox"), f"{field}.bbox", log)
    segmentation: Any = []
    outline, fragments = _read_outline(entry, f"{field}.segmentation", size, box, log)
    if outline is None:
        box = _stand_in(entry, field, box, fragments, log)
        if box is None:
            return None
        evidence.add_box(f"{field}.bbox", box, size)
        computed: float | None = box[2] * box[3]
    else:
        segmentation, bounds, computed = outline
        box = _checked_box(entry, field, box, bounds, log)
        evidence.add_outline(f"{field}.segmentation", bounds, box)
        box = box or to_box(bounds)
    area: Any = entry.get("area")
    if type(area) not in (int, float) or not 0 <= area < MAX_AREA:  # NaN too
        area = _area(area, field, computed if computed is not None else area_of(segmentation), log)
    return {
        "segmentation": segmentation,
        "bbox": list(box),
        "area": area,
        "iscrowd": _crowd(entry, f"{field}.iscrowd", log),
    }


def _read_outline(
    entry: dict[str, Any], field: str, size: Size, box: Box | None, log: FaultLog
) -> tuple[Outline | None, list[Ring]]:
    """The outline, and fragments that were left out of it."""
    value = entry.get("segmentation")
    if isinstance(value, str):
        value = _parsed(value, field, log)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict) and "counts" in value[0]:
        value = value[0]
        log.mended("rle_text", field, "run lengths in a list of one")
    if isinstance(value, dict) and value.get("counts"):
        bounds = to_bounds(box) if box else None
        shape, extent, pixels = read_run_lengths(value, field, size, bounds, log)
        # Without a pixel it is as an outline whose every part was left out.
        return ((shape, extent, float(pixels)), []) if pixels else (None, [[]])
    if isinstance(value, dict) and "counts" in value:
        value = None
    if value and not isinstance(value, list):
        log.refuse(field, f"{SHORT.repr(value)} is no outline; mend it, or remove the annotation")
    polygons, fragments = read_polygons(value or [], field, log)
    return ((polygons, bounds_of(polygons), None) if polygons else None), fragments


def _parsed(text: str, field: str, log: FaultLog) -> Any:
    """A segmentation that went through a table, as JSON within a text."""
    if not text.strip():
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        log.refuse(field, f"{SHORT.repr(text)} is no outline; mend it, or remove the annotation")
    log.mended("outline_text", field, "an outline written as one text")
    return value


def _stand_in(
    entry: dict[str, Any], field: str, box: Box | None, fragments: list[Ring], log: FaultLog
) -> Box | None:
    """The box of an annotation without an outline, if it is one and not that of a stray click."""
    value = entry.get("bbox")
    if box is None and value not in (None, [], {}, ""):
        log.refuse(
            f"{field}.bbox", f"{SHORT.repr(value)} is no box, and there is no outline; mend or remove it"
        )
    stray = bool(fragments) and to_number(entry.get("area")) == 0
    if box is None or not (box[2] and box[3]) or stray:
        log.left_out("annotation_empty", field, "no outline of 3 points or more, and no box with an area")
        return None
    note = log.noted if entry.get("segmentation") in (None, []) else log.guessed
    note("outline_from_box", f"{field}.segmentation", "no outline; the box is drawn")
    return box


def _checked_box(
    entry: dict[str, Any], field: str, box: Box | None, bounds: Bounds, log: FaultLog
) -> Box | None:
    """The box as the file has it; None where it is to be computed from the outline, which is said."""
    where, value = f"{field}.bbox", entry.get("bbox")
    if box is None or (not (box[2] or box[3]) and not are_near(to_bounds(box), bounds)):
        log.mended("box_computed", where, f"{SHORT.repr(value)} is no box; computed from the outline")
        return None
    if not are_near(to_bounds(box), bounds) and are_near(box, bounds):
        log.mended("box_corners", where, f"{SHORT.repr(value)} is left, top, right, bottom of the outline")
        return None
    return box


def _area(value: object, field: str, computed: float, log: FaultLog) -> float:
    number = to_number(value) if isinstance(value, str) else None
    if number is not None and 0 <= number < MAX_AREA:
        log.mended("area_computed", f"{field}.area", f"{SHORT.repr(value)} read as {number}")
        return number
    area = round(computed, 2)
    log.mended("area_computed", f"{field}.area", f"{SHORT.repr(value)} is no area; computed: {area}")
    return area


def _crowd(entry: dict[str, Any], field: str, log: FaultLog) -> int:
    value = entry.get("iscrowd", 0)
    if type(value) is int and value in (0, 1):
        return value
    number = int(value) if isinstance(value, bool) else 0 if value is None else to_whole(value)
    if number in (0, 1):
        log.mended("crowd_form", field, f"{SHORT.repr(value)} read as {number}")
        return number
    log.guessed("crowd_form", field, f"{SHORT.repr(value)} is neither 0 nor 1; taken as 0")
    return 0
