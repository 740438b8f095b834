"""LabelMe: a JSON a picture, with `shapes` (https://github.com/wkentaro/labelme)."""

import base64
import io
import json
import math
from collections.abc import Iterator
from typing import Any

from tumorseg import SPLITS
from tumorseg.data.headers import header_of
from tumorseg.errors import UserError
from tumorseg.sources.faults import Fault
from tumorseg.sources.layouts.layout import (
    Labelled,
    Layout,
    Part,
    Region,
    box,
    by_picture,
    by_split,
    export_part,
    polygon,
)
from tumorseg.sources.layouts.pixels import encode
from tumorseg.sources.tree import Tree, folder_of, no_picture, stem_of

CORNERS = 64  # of the polygon that a circle becomes
FLAT = ("line", "linestrip", "point", "points")


def find_labelme(tree: Tree) -> Layout | None:
    """The layout of a set of LabelMe's files; nothing where it has none.

    Raises:
        UserError: Some pictures are in a folder of a split and others are not, or a file has no picture of
            its own.
    """
    files = [name for name in tree.ending(".json") if b'"shapes"' in tree.head(name)]
    if not files:
        return None
    labels = by_picture(((_picture(tree, name), name) for name in files), tree.shown)
    groups = by_split(labels, tree.shown)
    splits = tuple(split for split in SPLITS if split in groups)
    return Layout("LabelMe files", splits, _parts(tree, groups, labels))


def _picture(tree: Tree, name: str) -> str:
    """The picture of a LabelMe file: of the same name, else the one that `imagePath` names."""
    path = str(_load(tree, name).get("imagePath", "")).replace("\\", "/").rpartition("/")[2]
    called = [
        each for each in tree.pictures_by_stem.get(stem_of(path), []) if each.rpartition("/")[2] == path
    ]
    for same in (tree.pictures_by_stem.get(stem_of(name), []), called):
        beside = [picture for picture in same if folder_of(picture) == folder_of(name)]
        if len(beside) == 1:
            return beside[0]
    if len(called) != 1:
        raise UserError(
            f"{tree.shown}: {name}: imagePath: {len(called) or 'no'} pictures are called {path!r}; put its "
            "picture beside it, by the same name"
        )
    return called[0]


def _load(tree: Tree, name: str) -> dict[str, Any]:
    try:
        values = json.loads(tree.read(name).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{tree.shown}: {name}: no JSON: {error}") from None
    if not isinstance(values, dict) or not isinstance(values.get("shapes"), list):
        raise UserError(f"{tree.shown}: {name}: shapes: no list")
    return values


def _parts(tree: Tree, groups: dict[str | None, list[str]], labels: dict[str, str]) -> Iterator[Part]:
    faults: dict[str | None, list[Fault]] = {split: [] for split in groups}
    items: dict[str | None, list[Labelled]] = {split: [] for split in groups}
    for split, pictures in groups.items():
        for picture in pictures:
            about = _load(tree, labels[picture])
            regions = _regions(tree, picture, labels[picture], about, split or "train", faults[split])
            items[split].append(Labelled(picture, tuple(regions), _stated(about)))
    categories = sorted(
        {region.category for each in items.values() for item in each for region in item.regions}
    )
    for split, each in items.items():
        shown = f"LabelMe files of {split or 'all'}"
        yield export_part(split or "train", shown, each, categories, tree, faults[split])


def _stated(about: dict[str, Any]) -> tuple[Any, Any] | None:
    """The size of the picture that was annotated; nothing where none is written down."""
    sides = [about.get("imageWidth"), about.get("imageHeight")]
    width, height = (side if isinstance(side, int | float | str) else None for side in sides)
    return (width, height) if sides != [None, None] else None


def _regions(
    tree: Tree, picture: str, name: str, about: dict[str, Any], split: str, faults: list[Fault]
) -> Iterator[Region]:
    size = tree.size_of(picture)
    for index, shape in enumerate(about["shapes"]):
        field = f"shapes[{index}]"
        try:
            kind = shape.get("shape_type") or "polygon"
            if kind in FLAT:
                faults.append(Fault(split, name, field, "shape_without_area", "left out", f"a {kind}"))
                continue
            points = [(float(x), float(y)) for x, y in shape["points"]]
            yield _region(kind, str(shape["label"]), points, shape, size)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise UserError(f"{tree.shown}: {name}: {field}: {_words(error)}; mend it in LabelMe") from None


def _words(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _region(
    kind: str, label: str, points: list[tuple[float, float]], shape: dict[str, Any], size: tuple[int, int]
) -> Region:
    if kind == "polygon" and len(points) > 2:
        return polygon(label, points)
    if kind == "rectangle" and len(points) == 2:
        return box(label, *points[0], *points[1])
    if kind == "circle" and len(points) == 2:  # its centre, and a point of its edge
        (x, y), radius = points[0], math.dist(*points)
        angles = [2 * math.pi * corner / CORNERS for corner in range(CORNERS)]
        return polygon(label, [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles])
    if kind == "mask" and len(points) == 2:
        return _mask(label, points, str(shape["mask"]), size)
    raise ValueError(f"shape_type: {kind!r} with {len(points)} points")


def _mask(label: str, points: list[tuple[float, float]], coded: str, size: tuple[int, int]) -> Region:
    """A picture in Base64 that lies between two corners, the pixels of both included."""
    import numpy as np
    from PIL import Image

    data = base64.b64decode(coded)
    try:
        header = header_of(data, "mask")
    except UserError as error:
        raise ValueError(str(error).partition(";")[0]) from None  # its way out is not LabelMe's
    whole = np.zeros((size[1], size[0]), bool)
    left, top = (round(value) for value in points[0])
    right, bottom = left + header.width, top + header.height
    if min(left, top) < 0 or right > size[0] or bottom > size[1]:
        raise ValueError("mask: it reaches out of the picture")
    try:
        with Image.open(io.BytesIO(data)) as picture:
            pixels = np.asarray(picture) > 0
    except Exception as error:  # whatever Pillow's readers raise at damaged files
        raise ValueError(f"mask: no sound picture ({no_picture(error)})") from None
    if pixels.ndim != 2:
        raise ValueError(f"mask: {header.mode}, not one channel")
    whole[top:bottom, left:right] = pixels
    return encode(label, whole)
