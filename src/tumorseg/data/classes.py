"""Classes of tumour, where `tumor_categories` in params.yaml is a mapping: their names, in its order.

Class k of K, counted from 1, is the grey level ⌊255 k / K⌋ of the PNGs in data/masks and the value k of the
arrays in data/prepared. Without classes all tumour is one, 255 and 1. Background is 0.
"""

from pathlib import Path

import numpy as np

from tumorseg.files import write_json
from tumorseg.reading import read_json, reading

Categories = list[str] | dict[str, list[str]]  # tumor_categories as params.yaml has them
GREYS = "greys.json"  # beside the masks
FILE = "classes.json"  # beside the masks and beside the arrays; only where there are classes


def names(categories: Categories) -> list[str]:
    """The classes, in order; none of a plain list."""
    return list(categories) if isinstance(categories, dict) else []


def indices(categories: Categories) -> dict[str, int]:
    """By category: the index of its class, from 1; always 1 of a plain list."""
    lists = categories.values() if isinstance(categories, dict) else [categories]
    return {category: index for index, members in enumerate(lists, start=1) for category in members}


def write_classes(folder: Path, classes: list[str]) -> None:
    """Leave the names in a folder of masks or arrays; no file where there are none."""
    if classes:
        write_json(folder / FILE, classes)


def write_greys(folder: Path, greys: dict[str, int]) -> None:
    """Leave in a folder of masks the grey level that each category was drawn with."""
    write_json(folder / GREYS, greys)


def read_greys(folder: Path) -> dict[str, int]:
    """What `write_greys` left in a folder.

    Raises:
        UserError: It is missing or malformed.
    """
    greys: dict[str, int] = read_json(folder / GREYS)
    with reading(folder / GREYS):
        if not all(isinstance(grey, int) and 0 < grey < 256 for grey in greys.values()):
            raise ValueError("it has what is no grey level")
    return greys


def read_classes(folder: Path) -> list[str]:
    """The names that `write_classes` left in a folder; none where it left no file."""
    path = folder / FILE
    if not path.exists():
        return []
    classes: list[str] = read_json(path)
    with reading(path):
        if not (isinstance(classes, list) and classes and all(isinstance(name, str) for name in classes)):
            raise ValueError("it is no list of names")
    return classes


def to_grey(index: int, classes: list[str]) -> int:
    """The grey level of class `index`, counted from 1."""
    return 255 * index // max(1, len(classes))


def from_grey(greys: np.ndarray, classes: list[str]) -> np.ndarray:
    """Class indices, uint8, of grey levels, uint8 of any shape; one between two classes is the upper one."""
    return ((greys * np.uint16(max(1, len(classes))) + np.uint16(254)) // np.uint16(255)).astype(np.uint8)
