"""Mask pictures: what their values mean, and their pixels as COCO's run lengths.

One value beside 0 is one class. Small whole numbers and colours are a class each. Many grey levels, nearly
all of them about black and white, are a mask that was smoothed or stored as JPEG: it is cut in the middle,
unless that would take away an area that has a level of its own.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from tumorseg.errors import UserError
from tumorseg.progress import progress
from tumorseg.sources.faults import Action, Fault
from tumorseg.sources.layouts.layout import Region
from tumorseg.sources.layouts.mask_values import COLOUR, LOSSY, read_mask
from tumorseg.sources.tree import Tree, suffix_of

MAX_NUMBER = 64  # values up to it number classes, as most sets do that have several
MAX_LEVELS = 8  # of greys beyond, with black, that may be classes too
MAX_COLOURS = 64
MAX_VALUES = 2**16  # of which no more are counted in colour pictures: they are no classes
MIDDLE = 128  # what a cut takes, and all above
DARK, BRIGHT = 63, 192
BETWEEN = 0.9  # pixels between dark and bright, of those that a cut takes: of rims they are fewer
NEAR = 32  # levels that JPEG leaves of black and white in even areas differ from them by less
EVEN = 8  # greatest difference within 3 × 3 pixels of an area of one grey in a JPEG; rims are steeper
MOSTLY = 0.5  # share of all pixels that are of a class, from which the background may be another value
VOID = COLOUR | 0xE0E0C0  # VOC's colour of outlines, which are neither background nor a class
ONE = "mask"  # the only class
LABEL = re.compile(r"([^#:][^:]*):(\d{1,3}),(\d{1,3}),(\d{1,3})(?::.*)?", re.ASCII)  # of labelmap.txt
Remark = tuple[str, Action, str]  # kind, action and reason of a fault


@dataclass(frozen=True)
class Levels:
    """What the values of a set's masks mean."""

    classes: dict[int, str]  # of a value; of MIDDLE, everything from it on where `cut`
    cut: bool
    remarks: dict[str, list[Remark]]  # by mask: what was guessed or left out
    categories: list[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "categories", list(dict.fromkeys(self.classes.values())))

    def regions(self, tree: Tree, name: str, size: tuple[int, int]) -> Iterator[Region]:
        """A region for each class that a mask shows; `size` is that of its picture."""
        values = read_mask(tree, name, size)
        for value, category in self.classes.items():
            pixels = (values >= value) & (values < COLOUR) if self.cut else values == value
            if pixels.any():
                yield encode(category, pixels)

    def faults(self, split: str, names: list[str]) -> list[Fault]:
        """What was guessed of these masks, or left out."""
        return [
            Fault(split, name, "", kind, action, reason)
            for name in names
            for kind, action, reason in self.remarks.get(name, ())
        ]


def encode(category: str, pixels: np.ndarray) -> Region:
    """Pixels, bool (H, W), as a region of COCO's compressed run lengths."""
    from pycocotools import mask

    coded = mask.encode(np.asfortranarray(pixels, dtype=np.uint8))
    left, top, width, height = (float(side) for side in mask.toBbox(coded))
    size = [int(side) for side in coded["size"]]
    counts = {"size": size, "counts": coded["counts"].decode("ascii")}
    return Region(category, counts, (left, top, width, height), float(mask.area(coded)))


class _Survey:
    """What the masks of a set show, one after the other."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()  # pixels by value
        self.solid: set[int] = set()  # values, of masks that have few, which fill 3 × 3 pixels somewhere
        self.void: list[str] = []  # masks with pixels of VOID
        self.faint: list[str] = []  # masks that are not black, and of which a cut leaves nothing
        self.erased: str | None = None  # the first mask in which a cut takes away an area

    def add(self, name: str, values: np.ndarray) -> None:
        """See one more."""
        here = _count(values)
        self.counts.update(here)
        if VOID in here:
            self.void.append(name)
        if values.dtype == np.int32:
            values = np.where(values < COLOUR, values, 0).astype(np.uint8)  # no cut is made of colours
        top = int(values.max())
        if 0 < top < MIDDLE:
            self.faint.append(name)
        inner, spread = values[1:-1, 1:-1], _spread(values)
        solid = set(_count(inner[spread == 0]))
        if solid and min(solid) < NEAR:
            solid.remove(min(solid))  # its black, as JPEG may store it
        if len(here) <= MAX_LEVELS:
            self.solid |= solid
        greys = (spread <= EVEN) & (inner >= NEAR) & (inner < 256 - NEAR)
        if self.erased is None and (greys.any() or (solid and top < MIDDLE)):
            self.erased = name

    @property
    def levels(self) -> list[int]:
        """The values that may be classes."""
        return sorted(set(self.counts) - {0, VOID})

    def why_uncut(self, lossy: bool) -> str | None:
        """Why the masks are not cut in the middle; nothing where they are."""
        levels = self.levels
        top = levels[-1]
        if top > 255:
            return "some are colours, or above 255"
        if top < MIDDLE:
            return "all are dark"
        areas = [level for level in levels[:-1] if level in self.solid and level < 256 - NEAR]
        if areas and not lossy:
            return f"{areas[0]} covers areas, as classes do"
        if self.erased:
            return f"greys cover areas in {self.erased!r}"
        if len(levels) < MAX_LEVELS and not lossy:
            return None  # those below the greatest are of rims alone
        taken = sum(self.counts[level] for level in levels if level >= MIDDLE)
        between = sum(self.counts[level] for level in levels if DARK < level < BRIGHT)
        return "too many pixels are grey" if between > BETWEEN * taken else None

    def remarks(self, cut: bool, names: list[str]) -> dict[str, list[Remark]]:
        """What there is to say of each mask."""
        remarks: dict[str, list[Remark]] = defaultdict(list)
        if cut:
            for name in names:
                remarks[name].append(("mask_cut", "guessed", f"tumour is {MIDDLE} and above"))
            for name in self.faint:
                remarks[name].append(("mask_faint", "left out", f"no pixel is {MIDDLE} or above"))
        for name in self.void:
            remarks[name].append(("mask_void", "left out", "pixels of VOC's outline are background"))
        background = sum(number for level, number in self.counts.items() if level < (MIDDLE if cut else 1))
        share = 1 - background / (self.counts.total() - self.counts[VOID])
        if share > MOSTLY:
            reason = f"{share:.0%} of the pixels of all masks are of a class; background must be black"
            for name in names:
                remarks[name].append(("mask_background", "guessed", reason))
        return dict(remarks)


def read_levels(tree: Tree, sizes: Mapping[str, tuple[int, int]]) -> Levels:
    """What the values of all masks mean, which one alone may not tell.

    Args:
        tree: The set.
        sizes: By mask: width and height of its picture.

    Raises:
        UserError: They are too many to be classes, and are not about black and white.
    """
    survey, names = _Survey(), list(sizes)
    for name in progress(names, "reading masks", total=len(names)):
        survey.add(name, read_mask(tree, name, sizes[name]))
        if len(survey.counts) > MAX_VALUES:
            break
    levels, labels = survey.levels, _labelmap(tree)
    if not levels:
        raise UserError(f"{tree.shown}: all masks, such as {names[0]!r}, are black: nothing is annotated")
    if len(levels) == 1:
        classes = {levels[0]: labels.get(levels[0]) or ONE}
        return Levels(classes, False, survey.remarks(False, names))
    lossy = any(suffix_of(name) in LOSSY for name in names)
    if not lossy and _are_classes(levels, survey.solid):
        classes = {level: labels.get(level) or _name(level) for level in levels}
        return Levels(classes, False, survey.remarks(False, names))
    if why := survey.why_uncut(lossy):
        raise UserError(
            f"{tree.shown}: the masks, such as {names[0]!r}, have {len(levels)} values beside 0, which are "
            f"neither a few classes nor black and white: {why}; give each class one grey level, and 0 to "
            "what is to be ignored, in PNGs"
        )
    return Levels({MIDDLE: ONE}, True, survey.remarks(True, names))


def _count(values: np.ndarray) -> dict[int, int]:
    """How many pixels have each value."""
    if values.dtype == np.int32:
        counted = pd.Series(values.ravel()).value_counts().head(MAX_VALUES + 1)
        return dict(zip(counted.index.tolist(), counted.tolist(), strict=True))
    counts = np.bincount(values.ravel())
    return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}


def _spread(values: np.ndarray) -> np.ndarray:
    """The greatest level of each 3 × 3 pixels less the least, (H - 2, W - 2); 0 is none of a smoothed rim."""
    import cv2

    window = np.ones((3, 3), np.uint8)
    return (cv2.dilate(values, window) - cv2.erode(values, window))[1:-1, 1:-1]


def _are_classes(levels: list[int], solid: set[int]) -> bool:
    """Whether values are those of classes."""
    if max(levels) > COLOUR:
        return len(levels) <= MAX_COLOURS
    return max(levels) <= MAX_NUMBER or (len(levels) < MAX_LEVELS and solid.issuperset(levels))


def _name(level: int) -> str:
    return f"#{level - COLOUR:06x}" if level > COLOUR else str(level)


def _labelmap(tree: Tree) -> dict[int, str]:
    """Names of colours, from the labelmap.txt that CVAT writes: `name:red,green,blue:…`."""
    names = {}
    for name in tree.names:
        if name.rpartition("/")[2] == "labelmap.txt":
            for line in tree.read(name).decode("utf-8", "replace").splitlines():
                if match := LABEL.fullmatch(line):
                    red, green, blue = (int(number) for number in match.groups()[1:])
                    names[_value(red, green, blue)] = match[1]
    return names


def _value(red: int, green: int, blue: int) -> int:
    """One number for a colour; of a grey, its level."""
    return red if red == green == blue else COLOUR | red << 16 | green << 8 | blue
