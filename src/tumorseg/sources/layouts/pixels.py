"""Mask pictures: what their values mean, and their pixels as COCO's run lengths.

One value beside 0 is one class. Small whole numbers and colours are a class each. Many grey levels, nearly
all of them about black and white, are a mask that was smoothed or stored as JPEG: it is cut in the middle.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from tumorseg.errors import UserError
from tumorseg.progress import progress
from tumorseg.sources.faults import Fault
from tumorseg.sources.layouts.layout import Region
from tumorseg.sources.layouts.mask_values import COLOUR, LOSSY, read_mask
from tumorseg.sources.tree import Tree, suffix_of

MAX_NUMBER = 64  # values up to it number classes, as most sets do that have several
MAX_LEVELS = 8  # of greys beyond, with black, that may be classes too
MAX_COLOURS = 64
DARK, BRIGHT, MIDDLE = 63, 192, 128
BETWEEN = 0.05  # share of a set's mask pixels that may lie between dark and bright
VOID = COLOUR | 0xE0E0C0  # VOC's colour of outlines, which are neither background nor a class
ONE = "mask"  # the only class


@dataclass(frozen=True)
class Levels:
    """What the values of a set's masks mean."""

    classes: dict[int, str]  # of a value; of MIDDLE, everything from it on where `cut`
    cut: bool
    void: frozenset[str]  # masks with pixels of VOID
    categories: list[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "categories", list(dict.fromkeys(self.classes.values())))

    def regions(self, tree: Tree, name: str, size: tuple[int, int]) -> Iterator[Region]:
        """A region for each class that a mask shows; `size` is that of its picture."""
        values = read_mask(tree, name, size)
        for value, category in self.classes.items():
            pixels = values >= value if self.cut else values == value
            if pixels.any():
                yield encode(category, pixels)

    def faults(self, split: str, names: list[str]) -> list[Fault]:
        """What was guessed of these masks, or left out."""
        cut = names if self.cut else []
        return [
            *(Fault(split, name, "", "mask_cut", "guessed", f"tumour is {MIDDLE} and above") for name in cut),
            *(
                Fault(split, name, "", "mask_void", "left out", "pixels of VOC's outline are background")
                for name in names
                if name in self.void
            ),
        ]


def encode(category: str, pixels: np.ndarray) -> Region:
    """Pixels, bool (H, W), as a region of COCO's compressed run lengths."""
    from pycocotools import mask

    coded = mask.encode(np.asfortranarray(pixels, dtype=np.uint8))
    left, top, width, height = (float(side) for side in mask.toBbox(coded))
    size = [int(side) for side in coded["size"]]
    counts = {"size": size, "counts": coded["counts"].decode("ascii")}
    return Region(category, counts, (left, top, width, height), float(mask.area(coded)))


def read_levels(tree: Tree, sizes: Mapping[str, tuple[int, int]]) -> Levels:
    """What the values of all masks mean, which one alone may not tell.

    Args:
        tree: The set.
        sizes: By mask: width and height of its picture.

    Raises:
        UserError: They are too many to be classes, and are not about black and white.
    """
    names, counts = list(sizes), Counter[int]()
    void, solid = set(), set[int]()
    for name in progress(names, "reading masks", total=len(names)):
        values = read_mask(tree, name, sizes[name])
        here = _count(values)
        counts.update(here)
        if VOID in here:
            void.add(name)
        if max(here) > MAX_NUMBER and len(here) <= MAX_LEVELS:
            solid |= {level for level in set(here) - solid if _is_solid(values == level)}
    levels = sorted(set(counts) - {0, VOID})
    if not levels:
        raise UserError(f"{tree.shown}: all masks, such as {names[0]!r}, are black: nothing is annotated")
    if len(levels) == 1:
        return Levels({levels[0]: _labelmap(tree).get(levels[0], ONE)}, False, frozenset(void))
    if (named := _classes(tree, levels, solid)) and not any(suffix_of(name) in LOSSY for name in names):
        return Levels(named, False, frozenset(void))
    between = sum(number for value, number in counts.items() if DARK < value < BRIGHT)
    if max(levels) > 255 or between > BETWEEN * counts.total():
        raise UserError(
            f"{tree.shown}: the masks, such as {names[0]!r}, have {len(levels)} values beside 0, which are "
            "neither a few classes nor black and white; give each class one grey level, in PNGs"
        )
    return Levels({MIDDLE: ONE}, True, frozenset(void))


def _count(values: np.ndarray) -> dict[int, int]:
    """How many pixels have each value."""
    if values.dtype == np.int32:
        counted = pd.Series(values.ravel()).value_counts()
        return dict(zip(counted.index.tolist(), counted.tolist(), strict=True))
    counts = np.bincount(values.ravel())
    return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}


def _is_solid(pixels: np.ndarray) -> bool:
    """Whether 3 × 3 pixels somewhere are all true: of a smoothed rim they never are."""
    import cv2

    return bool(cv2.erode(pixels.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0).any())


def _classes(tree: Tree, levels: list[int], solid: set[int]) -> dict[int, str] | None:
    """Names of the classes by value; nothing where the values are not those of classes."""
    if max(levels) > COLOUR:
        few = len(levels) <= MAX_COLOURS
    else:
        few = max(levels) <= MAX_NUMBER or (len(levels) < MAX_LEVELS and solid.issuperset(levels))
    names = _labelmap(tree)
    return {level: names.get(level) or _name(level) for level in levels} if few else None


def _name(level: int) -> str:
    return f"#{level - COLOUR:06x}" if level > COLOUR else str(level)


def _labelmap(tree: Tree) -> dict[int, str]:
    """Names of colours, from the labelmap.txt that CVAT writes: `name:red,green,blue:…`."""
    names = {}
    for name in tree.names:
        if name.rpartition("/")[2] == "labelmap.txt":
            for line in tree.read(name).decode("utf-8", "replace").splitlines():
                label, _, rest = line.partition(":")
                colour = rest.partition(":")[0].split(",")
                if not line.startswith("#") and len(colour) == 3 and all(part.isdigit() for part in colour):
                    names[_value(*map(int, colour))] = label
    return names


def _value(red: int, green: int, blue: int) -> int:
    """One number for a colour; of a grey, its level."""
    return red if red == green == blue else COLOUR | red << 16 | green << 8 | blue
