"""What a layout is, whatever the format: a name, and for each split that was shipped a COCO export."""

import json
import math
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tumorseg import SPLITS
from tumorseg.errors import UserError
from tumorseg.sources.faults import Fault
from tumorseg.sources.layouts.words import split_of_folder
from tumorseg.sources.tree import Tree, folder_of


@dataclass(frozen=True)
class Part:
    """The export of one split, not mended yet, and where its pictures may lie."""

    split: str  # train, valid or test; train where the set has no splits
    shown: str  # what errors call the annotations
    data: bytes  # COCO as JSON
    pictures: tuple[str, ...]  # names in the tree that may be its pictures
    base: tuple[str, ...]  # folders to look in first, best first
    faults: tuple[Fault, ...] = ()  # of turning another format into COCO


@dataclass(frozen=True)
class Layout:
    """A set as it was found."""

    name: str  # of the format and the tool that writes it, such as "CVAT export"
    splits: tuple[str, ...]  # shipped; none where the set is one whole
    parts: Iterator[Part]  # one after the other, since a big one fills the memory
    notes: tuple[str, ...] = ()  # what else there was, and was not read
    masks: frozenset[str] = frozenset()  # files that look like pictures and are masks
    faults: tuple[Fault, ...] = ()  # of finding out which files belong together


@dataclass(frozen=True)
class Region:
    """What is annotated on a picture: polygons, run lengths, or a box where there are neither."""

    category: str
    segmentation: Any  # as COCO has it; [] leaves the box
    bbox: tuple[float, float, float, float]  # left, top, width, height
    area: float


@dataclass(frozen=True)
class Labelled:
    """A picture of a set in another format than COCO, and what is annotated on it."""

    name: str  # in the tree
    regions: tuple[Region, ...]
    stated: tuple[Any, Any] | None = None  # width and height, as the annotations have them; none: not at all


def polygon(category: str, points: Sequence[tuple[float, float]]) -> Region:
    """A region inside an outline of points (x, y); its area by the shoelace formula.

    Raises:
        ValueError: A coordinate is not finite.
    """
    _check_finite(value for point in points for value in point)
    xs, ys = zip(*points, strict=True)
    twice = sum(
        x * after_y - after_x * y
        for (x, y), (after_x, after_y) in zip(points, [*points[1:], points[0]], strict=True)
    )
    bbox = (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
    return Region(category, [[value for point in points for value in point]], bbox, abs(twice) / 2)


def box(category: str, left: float, top: float, right: float, bottom: float) -> Region:
    """A region that is an upright box, its corners in any order.

    Raises:
        ValueError: A coordinate is not finite.
    """
    _check_finite((left, top, right, bottom))
    (left, right), (top, bottom) = sorted((left, right)), sorted((top, bottom))
    width, height = right - left, bottom - top
    return Region(category, [], (left, top, width, height), width * height)


def _check_finite(values: Iterable[float]) -> None:
    for value in values:
        if not math.isfinite(value):
            raise ValueError(f"{value} is no coordinate")


def export_part(
    split: str,
    shown: str,
    items: Sequence[Labelled],
    categories: Sequence[str],
    tree: Tree,
    faults: Iterable[Fault],
) -> Part:
    """The part of one split, its annotations turned into COCO.

    Args:
        split: train, valid or test.
        shown: What errors call the annotations.
        items: Pictures and what is annotated on them.
        categories: All names, in their order; the same for each split.
        tree: Where the pictures lie.
        faults: Of turning them into COCO.
    """
    common = common_folder([item.name for item in items])
    ids = {name: index for index, name in enumerate(categories, start=1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for id, item in enumerate(items, start=1):
        width, height = item.stated or tree.size_of(item.name)
        name = item.name.removeprefix(f"{common}/") if common else item.name
        images.append({"id": id, "file_name": name, "width": width, "height": height})
        for region in item.regions:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": id,
                    "category_id": ids[region.category],
                    "segmentation": region.segmentation,
                    "bbox": list(region.bbox),
                    "area": region.area,
                    "iscrowd": 0,
                }
            )
    export = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": id, "name": name} for name, id in ids.items()],
    }
    names = tuple(item.name for item in items)
    return Part(split, shown, json.dumps(export).encode(), names, (common,), tuple(faults))


def common_folder(names: Sequence[str]) -> str:
    """The deepest folder that holds all files."""
    folders = sorted({folder_of(name) for name in names})
    return posixpath.commonpath([folders[0], folders[-1]]) if folders else ""


def by_picture(pairs: Iterable[tuple[str, str]], shown: str) -> dict[str, str]:
    """The annotation file of each picture, of pairs of both.

    Raises:
        UserError: Two files are of one picture.
    """
    files: dict[str, str] = {}
    for picture, name in pairs:
        if (first := files.setdefault(picture, name)) != name:
            raise UserError(f"{shown}: both {first!r} and {name!r} annotate {picture!r}; take one out")
    return files


def by_split(names: Iterable[str], shown: str) -> dict[str | None, list[str]]:
    """Names of pictures by the split that their folders name; None: there are no splits.

    Raises:
        UserError: Some pictures are of a split and others of none.
    """
    groups: dict[str | None, list[str]] = {}
    for name in names:
        groups.setdefault(split_of_folder(folder_of(name)), []).append(name)
    if None in groups and len(groups) > 1:
        inside = next(group[0] for split, group in groups.items() if split)
        raise UserError(
            f"{shown}: {groups[None][0]!r} is in no split's folder, but {inside!r} is; move it into one, or "
            "take it out"
        )
    return {split: groups[split] for split in (None, *SPLITS) if split in groups}
