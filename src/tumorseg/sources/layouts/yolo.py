"""YOLO: a text file of labels a picture, a line an object, in shares of the picture's width and height.

`class x y x y x y …` is a polygon, `class x y w h` a box around its centre (the format:
https://docs.ultralytics.com/datasets/segment/). A picture without a file of labels shows no object.
"""

import math
import re
from collections.abc import Iterator

from tumorseg import SPLITS
from tumorseg.errors import UserError
from tumorseg.sources.faults import Fault
from tumorseg.sources.layouts.layout import (
    Labelled,
    Layout,
    Part,
    Region,
    box,
    by_split,
    export_part,
    polygon,
)
from tumorseg.sources.tree import Tree, folder_of, suffix_of

NUMBER = re.compile(rb"\s*\d+(\s+-?[\d.]+(e-?\d+)?){4,}\s*$", re.MULTILINE)
LARGEST = 1.01  # what rounding may make of the right and lower edge
MAX_YAML = 2**20  # bytes


def find_yolo(tree: Tree) -> Layout | None:
    """The layout of a set in YOLO's format; nothing where it is none.

    Raises:
        UserError: Some pictures are in a folder of a split and others are not, or the labels are of poses.
    """
    files = _labels(tree)
    if not any(NUMBER.match(tree.head(name)) for name in files.values()):
        return None
    names = _names(tree)
    folders = {folder_of(picture) for picture in files}
    pictures = [name for name in tree.pictures if folder_of(name) in folders]
    groups = by_split(pictures, tree.shown)
    splits = tuple(split for split in SPLITS if split in groups)
    return Layout("YOLO labels", splits, _parts(tree, groups, files, names))


def _labels(tree: Tree) -> dict[str, str]:
    """The file of labels of each picture that has one: beside it, or in `labels` in place of `images`."""
    texts = set(tree.ending(".txt"))
    files = {}
    for picture in tree.pictures:
        stem = picture.removesuffix(picture[len(picture) - len(suffix_of(picture)) :])
        for name in (re.sub(r"(^|/)images/(?!.*(^|/)images/)", r"\1labels/", stem), stem):
            if f"{name}.txt" in texts:
                files[picture] = f"{name}.txt"
                break
    return files


def _names(tree: Tree) -> list[str] | None:
    """Names of the classes, of data.yaml or a list of them; nothing where there is none.

    Raises:
        UserError: The file is no YAML, or says that the labels are of poses.
    """
    for name in tree.ending(".yaml", ".yml"):
        values = _yaml(tree, name)
        if "kpt_shape" in values:
            raise UserError(f"{tree.shown}: {name}: kpt_shape: these are poses, which have no pixels")
        names = values.get("names")
        if isinstance(names, dict) and all(isinstance(key, int) for key in names):
            return [str(names.get(index, index)) for index in range(max(names, default=-1) + 1)]
        if isinstance(names, list):
            return list(map(str, names))
    lists = [name for name in tree.names if name.rpartition("/")[2] in ("classes.txt", "obj.names")]
    return tree.read(lists[0]).decode("utf-8", "replace").split("\n") if lists else None


def _yaml(tree: Tree, name: str) -> dict[str, object]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        values = YAML(typ="safe", pure=True).load(tree.head(name, MAX_YAML).decode())
    except (YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise UserError(f"{tree.shown}: {name}: not YAML: {' '.join(str(error).split())[:200]}") from None
    return values if isinstance(values, dict) else {}


def _parts(
    tree: Tree, groups: dict[str | None, list[str]], files: dict[str, str], names: list[str] | None
) -> Iterator[Part]:
    # Without names the classes are numbers, those that any split has.
    texts = {picture: tree.read(name) for picture, name in files.items()}
    lines = {picture: list(_lines(tree, files[picture], text)) for picture, text in texts.items()}
    indices = {int(numbers[0]) for each in lines.values() for _, numbers in each}
    known = names if names is not None else list(map(str, range(max(indices, default=-1) + 1)))
    categories = [name.strip() or str(index) for index, name in enumerate(known)]
    for split, pictures in groups.items():
        faults = [
            Fault(split or "train", name, "", "picture_without_labels", "guessed", "YOLO means: no object")
            for name in pictures
            if name not in files
        ]
        items = []
        for picture in pictures:
            size = tree.size_of(picture)
            regions = [
                _region(f"{tree.shown}: {files[picture]}: line {at}", numbers, size, categories)
                for at, numbers in lines.get(picture, [])
            ]
            items.append(Labelled(picture, tuple(regions)))
        yield export_part(
            split or "train", f"YOLO labels of {split or 'all'}", items, categories, tree, faults
        )


def _lines(tree: Tree, name: str, text: bytes) -> Iterator[tuple[int, list[float]]]:
    """Number, from 1, and numbers of each line that is not empty."""
    for at, line in enumerate(text.splitlines(), start=1):
        try:
            numbers = [float(word) for word in line.split()]
        except ValueError:
            raise UserError(f"{tree.shown}: {name}: line {at}: {line[:60]!r} are no numbers") from None
        if not numbers:
            continue
        if len(numbers) != 5 and (len(numbers) < 7 or len(numbers) % 2 == 0):
            raise UserError(
                f"{tree.shown}: {name}: line {at}: {len(numbers)} numbers are neither a box (class x y w h) "
                "nor a polygon (class x y x y x y …)"
            )
        if not numbers[0].is_integer() or numbers[0] < 0:
            raise UserError(f"{tree.shown}: {name}: line {at}: {numbers[0]} is no class")
        if not all(1 - LARGEST <= value <= LARGEST for value in numbers[1:]):
            raise UserError(
                f"{tree.shown}: {name}: line {at}: YOLO's numbers are shares of width and height, from 0 "
                "to 1; divide pixels by them"
            )
        yield at, numbers


def _region(shown: str, numbers: list[float], size: tuple[int, int], categories: list[str]) -> Region:
    (width, height), index = size, int(numbers[0])
    if index >= len(categories):
        raise UserError(f"{shown}: there is no class {index}; there are {len(categories)}, from 0")
    points = [(x * width, y * height) for x, y in zip(numbers[1::2], numbers[2::2], strict=True)]
    if len(points) > 2:
        return polygon(categories[index], points)
    (x, y), (w, h) = points
    if math.isclose(w * h, 0) or w < 0 or h < 0:
        raise UserError(f"{shown}: a box of no size")
    return box(categories[index], x - w / 2, y - h / 2, x + w / 2, y + h / 2)
