"""COCO annotations: read a split, refuse what is wrong with it, render tumours as pixels."""

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from pydantic import ValidationError

from tumorseg.data import classes
from tumorseg.data.coco_schema import BRANCHES, Categories, Export, Image, Region, Rle
from tumorseg.errors import UserError, explain_first
from tumorseg.files import uncollected
from tumorseg.reading import WAY_OUT

if TYPE_CHECKING:
    import numpy.typing as npt

Section = TypeVar("Section", bound=Categories)
ANNOTATIONS = "_annotations.coco.json"
SOURCE = "source.json"  # of a raw folder: what `download` has found out about the set


@dataclass(frozen=True)
class RunLengths:
    """A mask as run lengths: down the columns, left to right, background first."""

    counts: tuple[int, ...]


@dataclass(frozen=True)
class Annotation:
    """One annotated region. Pixel i spans [i, i + 1); x runs right, y runs down."""

    id: int
    image_id: int
    category: str  # its name
    segmentation: tuple[tuple[float, ...], ...] | RunLengths  # polygons (x, y, x, y, …); () leaves the box
    bbox: tuple[float, float, float, float]  # left, top, width, height
    area: float  # square pixels, as the file says
    iscrowd: int  # 0 or 1; rendered alike


@dataclass(frozen=True)
class Slice:
    """One image of a split, and what is annotated on it."""

    id: int
    file_name: str  # beside the annotation file
    width: int
    height: int
    annotations: tuple[Annotation, ...]  # by id


def read_split(folder: Path) -> list[Slice]:
    """The slices of `read_export`."""
    return read_export(folder)[0]


def read_categories(folder: Path) -> list[str]:
    """Names of the categories that `folder/_annotations.coco.json` defines, in the file's order.

    Raises:
        UserError: The file is missing or is not COCO.
    """
    return [category.name for category in _load(folder, Categories).categories]


@uncollected()
def read_export(folder: Path) -> tuple[list[Slice], list[str]]:
    """Read and check `folder/_annotations.coco.json`: slices by image id, and the categories' names.

    Annotations are joined to images by `image_id`. Whether the images exist is not looked at.

    Raises:
        UserError: The file is missing, is not COCO, or contradicts itself; names file and field.
    """
    export = _load(folder, Export)
    try:
        _refuse_duplicates("categories", "id", (category.id for category in export.categories))
        _refuse_duplicates("images", "id", (image.id for image in export.images))
        # Masks are named by the stem, and some file systems do not tell case apart.
        stems = (Path(image.file_name).stem.casefold() for image in export.images)
        _refuse_duplicates("images", "file_name without suffix", stems)
        _refuse_duplicates("annotations", "id", (region.id for region in export.annotations))
        return _join(export), [category.name for category in export.categories]
    except ValueError as error:
        raise UserError(f"{folder.name}/{ANNOTATIONS}: {error}") from None


def chosen_categories(known: Iterable[str], chosen: classes.Categories | None) -> classes.Categories:
    """`tumor_categories` with None, all of them, replaced by their names.

    Args:
        known: Names that the splits define.
        chosen: As params.yaml has them.

    Raises:
        UserError: No split has one of the categories.
    """
    known = list(dict.fromkeys(known))
    if chosen is None:
        return known
    if missing := [name for name in classes.indices(chosen) if name not in known]:
        raise UserError(
            f"tumor_categories: the annotations have no category {', '.join(map(repr, missing))}; "
            f"they have {', '.join(map(repr, sorted(known)))}"
        )
    return chosen


def render(slice: Slice, tumor_categories: Collection[str]) -> "npt.NDArray[np.uint8]":
    """Mask of all annotations of the named categories: (height, width), 255 tumour, 0 background.

    Polygons and boxes follow pycocotools: a pixel is tumour if its centre is inside the outline, the
    outline being rounded to fifths of a pixel. What lies outside the image is cut off; overlaps unite.
    """
    from pycocotools import mask

    tumors = [annotation for annotation in slice.annotations if annotation.category in tumor_categories]
    if not tumors:
        return np.zeros((slice.height, slice.width), np.uint8)
    parts = [encode(annotation, slice) for annotation in tumors]
    while len(parts) > 1:  # by eights: one after another, each would walk the runs of all before it
        parts = [mask.merge(parts[first : first + 8]) for first in range(0, len(parts), 8)]
    return np.ascontiguousarray(mask.decode(parts[0])) * np.uint8(255)


def reaches_outside(annotation: Annotation, slice: Slice) -> bool:
    """Whether rendering cuts off some of the annotation, as it lies outside the image."""
    if isinstance(annotation.segmentation, RunLengths):
        return False
    points = np.concatenate(_outlines(annotation)).reshape(-1, 2)
    return bool((points < 0).any() or (points > (slice.width, slice.height)).any())


def pixel_count(annotation: Annotation, slice: Slice) -> int:
    """Number of pixels that the annotation renders to: 0 if it is too thin or outside the image."""
    from pycocotools import mask

    return int(mask.area(encode(annotation, slice)))


def encode(annotation: Annotation, slice: Slice) -> Any:
    """The annotation as pycocotools' own compressed run lengths."""
    from pycocotools import mask

    size, shape = (slice.height, slice.width), annotation.segmentation
    if isinstance(shape, RunLengths):
        # Encoded anew from pixels, since merging stops early at runs of length 0.
        values = (np.arange(len(shape.counts)) % 2).astype(np.uint8)
        pixels = np.repeat(values, shape.counts)
        return mask.encode(pixels.reshape(size, order="F"))
    return mask.merge(mask.frPyObjects(_outlines(annotation), *size))


def _outlines(annotation: Annotation) -> list[list[float]]:
    """The polygons, or the box's four corners where there are none."""
    if isinstance(annotation.segmentation, tuple) and annotation.segmentation:
        return [list(polygon) for polygon in annotation.segmentation]
    left, top, width, height = annotation.bbox
    right, bottom = left + width, top + height
    return [[left, top, right, top, right, bottom, left, bottom]]


def _load(folder: Path, schema: type[Section]) -> Section:
    name = f"{folder.name}/{ANNOTATIONS}"
    try:
        return schema.model_validate_json((folder / ANNOTATIONS).read_bytes())
    except OSError as error:
        raise UserError(f"{name}: cannot be read: {error.strerror}; {WAY_OUT}") from None
    except ValidationError as error:
        cut = error.errors(include_url=False)[0]["type"] == "json_invalid"
        way_out = f"; where it was damaged here, {WAY_OUT}" if cut else ""
        raise UserError(f"{name}: {explain_first(error, BRANCHES)}{way_out}") from None


def _refuse_duplicates(section: str, key: str, values: Iterable[Hashable]) -> None:
    first: dict[Hashable, int] = {}
    for index, value in enumerate(values):
        if first.setdefault(value, index) != index:
            raise ValueError(f"{section}[{index}]: {key} {value!r} is that of {section}[{first[value]}] too")


def _join(export: Export) -> list[Slice]:
    images = {image.id: image for image in export.images}
    categories = {category.id: category.name for category in export.categories}
    annotations: dict[int, list[Annotation]] = {id: [] for id in images}
    for index, region in enumerate(export.annotations):
        field = f"annotations[{index}]"
        if region.image_id not in images:
            raise ValueError(f"{field}.image_id: there is no image {region.image_id}")
        if region.category_id not in categories:
            raise ValueError(f"{field}.category_id: there is no category {region.category_id}")
        annotation = Annotation(
            id=region.id,
            image_id=region.image_id,
            category=categories[region.category_id],
            segmentation=_segmentation(f"{field}.segmentation", region, images[region.image_id]),
            bbox=region.bbox,
            area=region.area,
            iscrowd=region.iscrowd,
        )
        annotations[region.image_id].append(annotation)
    return [
        Slice(
            id=id,
            file_name=image.file_name,
            width=image.width,
            height=image.height,
            annotations=tuple(sorted(annotations[id], key=lambda annotation: annotation.id)),
        )
        for id, image in sorted(images.items())
    ]


def _segmentation(field: str, region: Region, image: Image) -> tuple[tuple[float, ...], ...] | RunLengths:
    shape = region.segmentation
    if not isinstance(shape, Rle):
        return tuple(map(tuple, shape or ()))
    if shape.size != (image.height, image.width):
        raise ValueError(
            f"{field}.size: {list(shape.size)}, but image {image.id} has "
            f"height {image.height} and width {image.width}"
        )
    if sum(shape.counts) != image.height * image.width:
        raise ValueError(
            f"{field}.counts: they sum to {sum(shape.counts)}, but image {image.id} has "
            f"{image.height} × {image.width} pixels"
        )
    return RunLengths(tuple(shape.counts))
