"""Boxes as exporters write them: left, top, width, height in COCO; texts, objects, corners elsewhere."""

from typing import Any

from tumorseg.data.coco_schema import MAX_SIDE
from tumorseg.errors import SHORT
from tumorseg.sources.faults import FaultLog
from tumorseg.sources.mending.values import to_number

Box = tuple[float, float, float, float]  # left, top, width, height
Bounds = tuple[float, float, float, float]  # left, top, right, bottom
NUMBERS = frozenset({int, float})
LIMIT = 2 * MAX_SIDE
KEYS = (("x", "y", "width", "height"), ("x", "y", "w", "h"), ("left", "top", "width", "height"))
NEAR = 1.5  # pixels between a box and the outline that it was made from
APART = 0.1  # share of the smaller below which box and outline are of different places


def read_box(value: Any, field: str, log: FaultLog) -> Box | None:
    """The four numbers of a box as they are meant; None where there are none."""
    if type(value) is list and len(value) == 4 and NUMBERS.issuperset(map(type, value)):
        left, top, width, height = value
        if abs(left) <= LIMIT and abs(top) <= LIMIT and 0 <= width <= LIMIT and 0 <= height <= LIMIT:
            return left, top, width, height
    items = _items(value)
    numbers = [number for number in map(to_number, items) if number is not None and abs(number) <= LIMIT]
    if len(items) != 4 or len(numbers) != 4:
        return None
    if items != value or any(isinstance(item, str) for item in items):
        log.mended("box_form", field, f"{SHORT.repr(value)} read as left, top, width, height")
    left, top, width, height = numbers
    if width < 0 or height < 0:
        left, top, width, height = min(left, left + width), min(top, top + height), abs(width), abs(height)
        log.mended("box_negative", field, f"{SHORT.repr(value)} read as {[left, top, width, height]}")
    return left, top, width, height


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        keys = next((keys for keys in KEYS if value.keys() >= set(keys)), ())
        return [value[key] for key in keys]
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        return value[0]
    return value if isinstance(value, list) else []


def to_bounds(box: Box) -> Bounds:
    """Left, top, right, bottom of left, top, width, height."""
    left, top, width, height = box
    return left, top, left + width, top + height


def to_box(bounds: Bounds) -> Box:
    """Left, top, width, height of left, top, right, bottom."""
    left, top, right, bottom = bounds
    return left, top, right - left, bottom - top


def are_near(first: Bounds, second: Bounds) -> bool:
    """Whether no side is more than NEAR pixels from that of the other."""
    return all(abs(a - b) <= NEAR for a, b in zip(first, second, strict=True))


def are_apart(first: Bounds, second: Bounds) -> bool:
    """Whether two boxes share less than APART of the smaller one, or nothing if one has no area."""
    across = min(first[2], second[2]) - max(first[0], second[0])
    down = min(first[3], second[3]) - max(first[1], second[1])
    if min(across, down) < -NEAR:
        return True
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return max(across, 0) * max(down, 0) < APART * min(areas) and not are_near(first, second)
