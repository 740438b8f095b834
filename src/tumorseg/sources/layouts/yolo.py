"""YOLO: a text file of labels a picture, a line an object, in shares of the picture's width and height.

`class x y x y x y …` is a polygon, `class x y w h` a box around its centre (the format:
https://docs.ultralytics.com/datasets/segment/). A picture without a file of labels shows no object.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator

from tumorseg import SPLITS
from tumorseg.errors import UserError
from tumorseg.reading import MOST_BYTES, parse_yaml
from tumorseg.sources.faults import Action, Fault
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
from tumorseg.sources.layouts.words import split_of_folder
from tumorseg.sources.mending.finding import fold
from tumorseg.sources.tree import Tree, folder_of, suffix_of
from tumorseg.types import OnMissing

NUMBERS = re.compile(rb"\s*\d+([^\S\n]+-?[\d.]+(e[-+]?\d+)?){4,}\s*$", re.MULTILINE | re.IGNORECASE)
LARGEST = 1.01  # what rounding may make of the right and lower edge
MOST_CLASSES = 10_000
LONGEST_NAME = 200  # letters
LARGEST_NUMBER = 2**63  # that may be a name


def find_yolo(tree: Tree, on_missing: OnMissing) -> Layout | None:
    """The layout of a set in YOLO's format; nothing where it is none.

    Raises:
        UserError: Some pictures are in a folder of a split and others are not, the labels are of poses, or
            files of labels and pictures cannot be told to belong together.
    """
    claims = _claims(tree)
    if not any(NUMBERS.match(tree.head(name)) for names in claims.values() for name in names):
        return None
    files = _one_each(claims, tree.shown)
    alone = _without_picture(tree, set(files.values()))
    if alone and on_missing == "refuse":
        raise UserError(
            f"{tree.shown}: {len(alone)} files of labels have no picture, such as {alone[0]!r}; add the "
            "pictures, or set source.missing to 'leave out'"
        )
    faults = [
        *(
            _fault(name, "labels_case", "mended", f"it is of {picture!r}")
            for picture, name in files.items()
            if _bare(name) not in _places(_bare(picture))
        ),
        *(_fault(name, "labels_without_picture", "left out", "no picture is called so") for name in alone),
    ]
    names = _names(tree)
    folders = {folder_of(picture) for picture in files}
    pictures = [name for name in tree.pictures if folder_of(name) in folders]
    groups = by_split(pictures, tree.shown)
    splits = tuple(split for split in SPLITS if split in groups)
    return Layout("YOLO labels", splits, _parts(tree, groups, files, names), faults=tuple(faults))


def _claims(tree: Tree) -> dict[str, list[str]]:
    """The files that may be its labels, of each picture that has any; where none fits, whatever the case."""
    claims: dict[str, list[str]] = {}
    keys: tuple[Callable[[str], str], ...] = (str, fold)
    for key in keys:
        taken = {name for names in claims.values() for name in names}
        free: dict[str, list[str]] = defaultdict(list)
        for name in tree.ending(".txt"):
            if name not in taken:
                free[key(_bare(name))].append(name)
        for picture in tree.pictures:
            place = next((each for each in _places(key(_bare(picture))) if each in free), None)
            if place is not None and picture not in claims:
                claims[picture] = free[place]
    return claims


def _bare(name: str) -> str:
    """The path without the suffix."""
    return name[: len(name) - len(suffix_of(name))]


def _places(bare: str) -> tuple[str, str]:
    """Where a picture's labels lie, without suffixes: in `labels` in place of `images`, else beside it."""
    return re.sub(r"(^|/)images/(?!.*(^|/)images/)", r"\1labels/", bare), bare


def _one_each(claims: dict[str, list[str]], shown: str) -> dict[str, str]:
    """The file of labels of each picture.

    Raises:
        UserError: Two files are of one picture, or two pictures have one file.
    """
    files = by_picture(((picture, name) for picture, names in claims.items() for name in names), shown)
    owners: dict[str, str] = {}
    for picture, name in files.items():
        if (first := owners.setdefault(name, picture)) != picture:
            raise UserError(
                f"{shown}: {first!r} and {picture!r} have the same labels, {name!r}; take one out"
            )
    return files


def _without_picture(tree: Tree, taken: set[str]) -> list[str]:
    """Files of labels that are of no picture: texts that begin so, and lie where labels do."""
    folders = {folder_of(name) for name in taken}
    return [
        name
        for name in tree.ending(".txt")
        if name not in taken
        and (folder_of(name) in folders or "labels" in fold(folder_of(name)).split("/"))
        and NUMBERS.match(tree.head(name))
    ]


def _fault(name: str, kind: str, action: Action, reason: str) -> Fault:
    return Fault(split_of_folder(folder_of(name)) or "train", name, "", kind, action, reason)


def _names(tree: Tree) -> list[str] | None:
    """Names of the classes, of data.yaml or a list of them; nothing where there is none.

    Raises:
        UserError: The file is no YAML, has other things than names, or says that the labels are of poses.
    """
    for name in tree.ending(".yaml", ".yml"):
        shown = f"{tree.shown}: {name}"
        values = parse_yaml(tree.head(name, MOST_BYTES + 1), shown)
        if not isinstance(values, dict):
            continue
        if "kpt_shape" in values:
            raise UserError(f"{shown}: kpt_shape: these are poses, which have no pixels")
        names = values.get("names")
        if isinstance(names, dict) and all(isinstance(key, int) for key in names):
            last = max(names, default=-1)
            if last >= MOST_CLASSES:
                raise UserError(f"{shown}: names: a class above {MOST_CLASSES - 1}; number them from 0")
            names = [names.get(index, index) for index in range(last + 1)]
        if isinstance(names, list):
            return [_name(each, f"{shown}: names[{index}]") for index, each in enumerate(names)]
    lists = [name for name in tree.names if name.rpartition("/")[2] in ("classes.txt", "obj.names")]
    return tree.read(lists[0]).decode("utf-8", "replace").rstrip().split("\n") if lists else None


def _name(value: object, shown: str) -> str:
    """The name of a class, whatever YAML makes of the word; aliases and numbers may be longer than memory."""
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < LARGEST_NUMBER):
        return str(value)
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        raise UserError(f"{shown}: a class needs a name of up to {LONGEST_NAME} letters; write a text")
    return value


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
            _fault(name, "picture_without_labels", "guessed", "YOLO means: no object")
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
        if numbers[0] >= MOST_CLASSES:
            raise UserError(
                f"{tree.shown}: {name}: line {at}: {numbers[0]:g} is a class above {MOST_CLASSES - 1}; "
                "number them from 0"
            )
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
