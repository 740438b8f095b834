"""Mask pictures: what their values mean, and their pixels as COCO's run lengths.

One value beside 0 is one class. Small whole numbers and colours are a class each. Many grey levels, nearly
all of them about black and white, are a mask that was smoothed or stored as JPEG: it is cut in the middle.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tumorseg.errors import UserError
from tumorseg.progress import progress
from tumorseg.sources.faults import Fault
from tumorseg.sources.layouts.layout import Region
from tumorseg.sources.tree import Tree, no_picture, suffix_of

MAX_NUMBER = 64  # values up to it number classes, as most sets do that have several
MAX_LEVELS = 8  # of greys beyond, which are classes too
MAX_COLOURS = 64
DARK, BRIGHT, MIDDLE = 63, 192, 128
BETWEEN = 0.05  # share of a set's mask pixels that may lie between dark and bright
COLOUR = 1 << 24  # marks a value as red, green and blue
VOID = COLOUR | 0xE0E0C0  # VOC's colour of outlines, which are neither background nor a class
LOSSY = (".jpg", ".jpeg", ".jpe", ".jfif", ".webp")
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
        """A region for each class that a mask shows; `size` is that of its picture.

        Raises:
            UserError: The mask is of another size than its picture.
        """
        values = read_mask(tree, name)
        if values.shape[::-1] != size:
            raise UserError(
                f"{tree.shown}: {name!r} is {values.shape[1]}×{values.shape[0]} pixels, but its picture is "
                f"{size[0]}×{size[1]}; resize it, by the nearest pixel"
            )
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


def read_levels(tree: Tree, names: list[str]) -> Levels:
    """What the values of all masks mean, which one alone may not tell.

    Raises:
        UserError: They are too many to be classes, and are not about black and white.
    """
    counts: dict[int, int] = {}
    void = set()
    for name in progress(names, "reading masks", total=len(names)):
        values, numbers = np.unique(read_mask(tree, name), return_counts=True)
        for value, number in zip(values.tolist(), numbers.tolist(), strict=True):
            counts[value] = counts.get(value, 0) + number
        if VOID in values:
            void.add(name)
    levels = sorted(set(counts) - {0, VOID})
    if not levels:
        raise UserError(f"{tree.shown}: all masks, such as {names[0]!r}, are black: nothing is annotated")
    if len(levels) == 1:
        return Levels({levels[0]: _labelmap(tree).get(levels[0], ONE)}, False, frozenset(void))
    lossy = any(suffix_of(name) in LOSSY for name in names)
    if not lossy and (named := _classes(tree, levels)) is not None:
        return Levels(named, False, frozenset(void))
    between = sum(number for value, number in counts.items() if DARK < value < BRIGHT)
    if max(levels) > 255 or between > BETWEEN * sum(counts.values()):
        raise UserError(
            f"{tree.shown}: the masks, such as {names[0]!r}, have {len(levels)} values beside 0, which are "
            "neither a few classes nor black and white; give each class one grey level, in PNGs"
        )
    return Levels({MIDDLE: ONE}, True, frozenset(void))


def _classes(tree: Tree, levels: list[int]) -> dict[int, str] | None:
    """Names of the classes by value; nothing where the values are not those of classes."""
    names = _labelmap(tree)
    if max(levels) < COLOUR:
        few = max(levels) <= MAX_NUMBER or len(levels) <= MAX_LEVELS
        return {level: names.get(level, str(level)) for level in levels} if few else None
    few = len(levels) <= MAX_COLOURS
    return (
        {
            level: names.get(level, f"#{level - COLOUR:06x}" if level > COLOUR else str(level))
            for level in levels
        }
        if few
        else None
    )


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


def read_mask(tree: Tree, name: str) -> np.ndarray:
    """The values of a mask, int (H, W): grey levels, or colours, also of a palette, as COLOUR | 0xRRGGBB.

    Raises:
        UserError: It is no picture.
    """
    from PIL import Image

    try:
        with tree.opener(name) as file, Image.open(file) as picture:
            if picture.mode in ("1", "L", "I", "I;16"):
                return np.asarray(picture).astype(np.int64)
            colours = np.asarray(picture.convert("RGB")).astype(np.int64)
    except Exception as error:  # whatever Pillow's plugins raise at damaged files
        raise UserError(f"{tree.shown}: {name!r} is no picture ({no_picture(error)}); replace it") from None
    red, green, blue = colours[..., 0], colours[..., 1], colours[..., 2]
    grey = (red == green) & (green == blue)
    return np.where(grey, red, COLOUR | red << 16 | green << 8 | blue)
