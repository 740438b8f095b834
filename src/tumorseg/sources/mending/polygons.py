"""Polygons as exporters write them: flat, nested, as points, as texts, with stray fragments."""

import math
from typing import Any

from tumorseg.data.coco_schema import MAX_SIDE, drawable
from tumorseg.errors import SHORT
from tumorseg.sources.faults import FaultLog
from tumorseg.sources.mending.values import to_number

Ring = list[float]
NUMBERS = frozenset({int, float})
LIMIT = 2 * MAX_SIDE  # pixels from the image's corner
MAX_DEPTH = 4  # of lists: a multipolygon of GeoJSON
AMBIGUOUS = "mend it, or remove the annotation"


def read_polygons(value: list[Any], field: str, log: FaultLog) -> tuple[list[Ring], list[Ring]]:
    """The polygons of a segmentation, x, y, x, y, …, and the fragments that were left out of it.

    Raises:
        UserError: It cannot be told what was drawn.
    """
    fragments: list[Ring] = []
    if all(map(_is_sound, value)):
        polygons = value
    else:
        polygons = _mended(_rings(value, field, log), field, fragments, log)
    try:
        for polygon in polygons:
            drawable(polygon)
    except ValueError as error:
        log.refuse(field, f"{error}; {AMBIGUOUS}")
    return polygons, fragments


def bounds_of(polygons: list[Ring]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    xs, ys = [polygon[0::2] for polygon in polygons], [polygon[1::2] for polygon in polygons]
    return min(map(min, xs)), min(map(min, ys)), max(map(max, xs)), max(map(max, ys))


def area_of(polygons: list[Ring]) -> float:
    """Square pixels within each polygon, added up (https://en.wikipedia.org/wiki/Shoelace_formula)."""
    total = 0.0
    for polygon in polygons:
        xs, ys = polygon[0::2], polygon[1::2]
        pairs = zip(xs, ys, xs[1:] + xs[:1], ys[1:] + ys[:1], strict=True)
        total += abs(math.fsum(x * below - right * y for x, y, right, below in pairs)) / 2
    return total


def _is_sound(ring: object) -> bool:
    """Whether this is a polygon as it should be; all in C, since there may be millions."""
    return (
        type(ring) is list
        and len(ring) >= 6
        and not len(ring) % 2
        and NUMBERS.issuperset(map(type, ring))
        and min(ring) >= -LIMIT
        and max(ring) <= LIMIT
        and math.isfinite(sum(ring))  # of NaN, min and max say nothing
    )


def _rings(value: list[Any], field: str, log: FaultLog) -> list[list[Any]]:
    """The rings of any nesting, their numbers unread; says so where the nesting is not COCO's."""
    rings, depth = _flattened(value, field, 0, log)
    if value and depth != 1:
        log.mended("outline_form", field, "read as lists of x, y, x, y, …")
    return rings


def _flattened(node: list[Any], field: str, depth: int, log: FaultLog) -> tuple[list[list[Any]], int]:
    """Rings, and how deep they lie: 1 in COCO, 0 in a flat list; pairs of numbers make it another."""
    if depth > MAX_DEPTH:
        log.refuse(field, f"lists within lists, more than {MAX_DEPTH} deep; {AMBIGUOUS}")
    if not any(isinstance(item, list | dict) for item in node):
        return [node], depth
    pairs = [_pair(item) for item in node]
    if all(pair is not None for pair in pairs) and len(pairs) > 2:
        return [[number for pair in pairs if pair for number in pair]], -1
    rings: list[list[Any]] = []
    depths = set()
    for index, item in enumerate(node):
        if not isinstance(item, list):
            log.refuse(f"{field}[{index}]", f"{SHORT.repr(item)} is no polygon; {AMBIGUOUS}")
        inner, inner_depth = _flattened(item, f"{field}[{index}]", depth + 1, log)
        if len(inner) > 1:
            log.refuse(f"{field}[{index}]", f"{len(inner)} rings in one polygon: a hole? {AMBIGUOUS}")
        rings += inner
        depths.add(inner_depth)
    return rings, depths.pop() if len(depths) == 1 else -1


def _pair(item: object) -> tuple[Any, Any] | None:
    """A point written as [x, y] or as an object with x and y."""
    if isinstance(item, dict):
        return (item["x"], item["y"]) if {"x", "y"} <= item.keys() else None
    if isinstance(item, list) and len(item) == 2 and not any(isinstance(part, list | dict) for part in item):
        return item[0], item[1]
    return None


def _mended(rings: list[list[Any]], field: str, fragments: list[Ring], log: FaultLog) -> list[Ring]:
    polygons: list[Ring] = []
    texts = False
    for index, ring in enumerate(rings):
        where = f"{field}[{index}]"
        numbers = [to_number(value) for value in ring]
        if len(ring) < 6:
            fragments.append([number for number in numbers if number is not None])
            log.left_out("outline_fragment", where, f"{len(ring)} numbers; a polygon has 6 or more")
            continue
        for place, number in enumerate(numbers):
            if number is None or abs(number) > LIMIT:
                log.refuse(
                    f"{where}[{place}]",
                    f"{SHORT.repr(ring[place])} is no coordinate within {LIMIT} pixels; {AMBIGUOUS}",
                )
        texts = texts or any(isinstance(value, str) for value in ring)
        polygons.append([number for number in numbers if number is not None])
    if texts:
        log.mended("outline_text", field, "numbers written as texts")
    return polygons
