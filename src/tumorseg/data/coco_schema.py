"""What a COCO annotation file may hold: types and ranges, whatever the file; `coco` reads with it.

The format: https://cocodataset.org/#format-data
"""

from pathlib import Path, PureWindowsPath
from typing import Annotated, Literal

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
)

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
MAX_SIDE = 8192  # pixels; slices have 256 to 1024
MAX_OUTLINE = 1_000_000  # pixels; pycocotools walks an outline in steps of 0.2 and keeps every step


def _plain_image_name(name: str) -> str:
    # A Windows path takes "/", "\" and "C:" apart, whatever the system.
    if PureWindowsPath(name).name != name or name.startswith(".") or not name.isprintable():
        raise ValueError(f"{name!r} is not the plain name of a file beside the annotations")
    if Path(name).suffix.lower() not in IMAGE_SUFFIXES:
        raise ValueError(f"{name!r} is not an image: {', '.join(sorted(IMAGE_SUFFIXES))}")
    return name


def _drawable(polygon: list[float]) -> list[float]:
    if len(polygon) % 2:
        raise ValueError(f"an odd count of {len(polygon)} numbers; a polygon is x, y, x, y, …")
    if len(polygon) < 6:
        raise ValueError(f"{len(polygon) // 2} points; a polygon has 3 or more")
    points = np.reshape(polygon, (-1, 2))
    outline = np.abs(points - np.roll(points, 1, axis=0)).max(axis=1).sum()
    if outline > MAX_OUTLINE:
        raise ValueError(f"the outline is {outline:.0f} pixels long, more than {MAX_OUTLINE}")
    return polygon


def decode_counts(text: str) -> list[int]:
    """Run lengths from COCO's compressed form, in which pycocotools reads past the end of a cut string.

    Five bits a character from "0" on, low bits first; bit 6 says that more follow, the last bit 5 is the
    sign. From the fourth number on they are differences to the number before last (rleToString in
    https://github.com/cocodataset/cocoapi/blob/master/common/maskApi.c).

    Raises:
        ValueError: A character is none of the 64, a number is cut off or absurd.
    """
    counts: list[int] = []
    value = shift = 0
    for position, character in enumerate(text):
        code = ord(character) - 48
        if not 0 <= code < 64 or shift > 30:
            raise ValueError(f"no compressed run lengths at character {position}")
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("compressed run lengths end within a number")
    return counts


def _numbers(counts: object) -> object:
    return decode_counts(counts) if isinstance(counts, str) else counts


Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Coordinate = Annotated[float, Field(ge=-2 * MAX_SIDE, le=2 * MAX_SIDE, allow_inf_nan=False)]
Extent = Annotated[float, Field(ge=0, le=2 * MAX_SIDE, allow_inf_nan=False)]
Run = Annotated[int, Field(ge=0, le=MAX_SIDE**2)]
Polygon = Annotated[list[Coordinate], AfterValidator(_drawable)]


class Shape(BaseModel):
    """Exporters add keys of their own, left alone. Types are not converted: "640" and true are no side."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Rle(Shape):
    """A mask as run lengths: down the columns, left to right, background first."""

    size: tuple[Side, Side]  # height, width
    counts: Annotated[list[Run], BeforeValidator(_numbers)]


class Image(Shape):
    """One entry of `images`."""

    id: int
    file_name: Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_plain_image_name)]
    width: Side
    height: Side


class Category(Shape):
    """One entry of `categories`."""

    id: int
    name: str


def _branch(segmentation: object) -> str:
    return "none" if segmentation is None else "rle" if isinstance(segmentation, dict) else "polygons"


class Region(Shape):
    """One entry of `annotations`. Without a segmentation, the box stands for it."""

    id: int
    image_id: int
    category_id: int
    segmentation: Annotated[
        Annotated[list[Polygon], Tag("polygons")] | Annotated[Rle, Tag("rle")] | Annotated[None, Tag("none")],
        Discriminator(_branch),
    ] = None
    bbox: tuple[Coordinate, Coordinate, Extent, Extent]  # left, top, width, height
    area: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    iscrowd: Literal[0, 1] = 0


class Export(Shape):
    """A whole annotation file."""

    images: list[Image]
    annotations: list[Region]
    categories: list[Category]


def plain(error: ValidationError) -> str:
    """The first of the errors in a line, with its field, and how many others there are."""
    first, others = error.errors(include_url=False)[0], error.error_count() - 1
    tags = ("polygons", "rle")  # pydantic names the branch taken; it is no key of the file
    keys = [f"[{key}]" if isinstance(key, int) else f".{key}" for key in first["loc"] if key not in tags]
    field = f"{''.join(keys).removeprefix('.')}: " if keys else ""
    message = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"]
    return f"{field}{message}{f' (and {others} more errors)' if others else ''}"
