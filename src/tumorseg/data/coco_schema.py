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
)

IMAGE_SUFFIXES = frozenset({".bmp", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
MAX_SIDE = 8192  # pixels; slices have 256 to 1024
MAX_OUTLINE = 1_000_000  # pixels; pycocotools walks an outline in steps of 0.2 and keeps every step


def _plain_image_name(name: str) -> str:
    # A Windows path takes "/", "\" and "C:" apart, whatever the system.
    if PureWindowsPath(name).name != name or name.startswith(".") or not name.isprintable():
        raise ValueError(f"{name!r} is not the plain name of a file beside the annotations")
    if Path(name).suffix.lower() not in IMAGE_SUFFIXES:
        raise ValueError(f"{name!r} is not an image: {', '.join(sorted(IMAGE_SUFFIXES))}")
    return name


def drawable(polygon: list[float]) -> list[float]:
    """The polygon itself, of finite numbers x, y, x, y, ….

    Raises:
        ValueError: The numbers are odd, the points fewer than 3, or the outline longer than MAX_OUTLINE.
    """
    if len(polygon) % 2:
        raise ValueError(f"an odd count of {len(polygon)} numbers; a polygon is x, y, x, y, …")
    if len(polygon) < 6:
        raise ValueError(f"{len(polygon) // 2} points; a polygon has 3 or more")
    # No outline is longer than its longest possible side times its points: most need no closer look.
    if (max(polygon) - min(polygon)) * len(polygon) > 2 * MAX_OUTLINE:
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
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64) - 48
    if not len(codes):
        return []
    wrong = (codes < 0) | (codes >= 64)
    ends = np.flatnonzero(codes & 32 == 0)
    starts = np.concatenate(([0], ends + 1))
    # The place of each character in its number: the eighth would be past the 35 bits of any run.
    places = np.arange(len(codes)) - np.repeat(starts, np.diff(starts, append=len(codes)))
    if (wrong := wrong | (places > 6)).any():
        raise ValueError(f"no compressed run lengths at character {wrong.argmax()}")
    if starts[-1] < len(codes):
        raise ValueError("compressed run lengths end within a number")
    values = np.add.reduceat((codes & 31) << 5 * places, starts[:-1])
    values -= np.where(codes[ends] & 16, 1 << 5 * (places[ends] + 1), 0)
    for first in (1, 2):  # odd and even runs; the first run is apart
        values[first::2] = np.cumsum(values[first::2])
    counts: list[int] = values.tolist()
    return counts


def _numbers(counts: object) -> object:
    return decode_counts(counts) if isinstance(counts, str) else counts


Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Coordinate = Annotated[float, Field(ge=-2 * MAX_SIDE, le=2 * MAX_SIDE, allow_inf_nan=False)]
Extent = Annotated[float, Field(ge=0, le=2 * MAX_SIDE, allow_inf_nan=False)]
Run = Annotated[int, Field(ge=0, le=MAX_SIDE**2)]
Polygon = Annotated[list[Coordinate], AfterValidator(drawable)]


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


BRANCHES = ("polygons", "rle")  # what the schema has one of, and no keys of a file


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


class Categories(Shape):
    """Of an annotation file, the categories alone."""

    categories: list[Category]


class Export(Categories):
    """A whole annotation file."""

    images: list[Image]
    annotations: list[Region]
