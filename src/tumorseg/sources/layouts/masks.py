"""Pictures with mask pictures: which mask is of which picture, by their names.

A mask has a word such as mask, label or gt in its name or in a folder's: `masks/7.png` or `7_mask.png` for
`images/7.jpg`. Where all that words say is taken away, a picture and its masks are called the same.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tumorseg import SPLITS
from tumorseg.errors import UserError
from tumorseg.sources.faults import Fault
from tumorseg.sources.layouts.layout import Labelled, Layout, Part, export_part
from tumorseg.sources.layouts.lists import shipped_splits
from tumorseg.sources.layouts.pixels import Levels, read_levels
from tumorseg.sources.layouts.words import IMAGE_WORDS, MASK_WORDS, split_of_folder, words_of
from tumorseg.sources.tree import Tree, folder_of, stem_of
from tumorseg.types import OnMissing

OF_OBJECTS = "SegmentationObject"  # VOC's masks that number objects, beside those of classes
RUN = re.compile(r"[^\W\d_]+|\d+")  # of letters, or of digits

NUMBERED = re.compile(rf"({'|'.join(sorted(MASK_WORDS))})[\W_]*\d+$")
NUMBER = re.compile(r"-?\d+$")


@dataclass(frozen=True)
class Pairs:
    """Pictures and their masks."""

    masks: dict[str, list[str]]  # of each picture
    without_mask: list[str]
    without_picture: list[str]


def find_masks(tree: Tree, on_missing: OnMissing) -> Layout | None:
    """The layout of a set of pictures with masks; nothing where no picture has one.

    Raises:
        UserError: A mask has several pictures, or none; or as of `shipped_splits`.
    """
    names = {name for name in tree.pictures if OF_OBJECTS not in name.split("/")}
    pairs = pair(sorted(names), tree.shown)
    if not pairs.masks:
        return None
    if pairs.without_picture and on_missing == "refuse":
        raise UserError(
            f"{tree.shown}: {len(pairs.without_picture)} masks have no picture, such as "
            f"{pairs.without_picture[0]!r}; add them, or set source.missing to 'leave out'"
        )
    groups, faults = shipped_splits(tree, [*pairs.masks, *pairs.without_mask], pairs.masks, "Segmentation")
    splits = tuple(split for split in SPLITS if split in groups)
    masks = frozenset(mask for each in pairs.masks.values() for mask in each)
    objects = frozenset(name for name in tree.pictures if name not in names)
    parts = _parts(tree, groups, pairs)
    return Layout("pictures with masks", splits, parts, masks=masks | objects, faults=faults)


def pair(names: list[str], shown: str) -> Pairs:
    """Which masks are of which picture.

    Raises:
        UserError: Several pictures have the same masks.
    """
    groups = _groups(names)
    masks: dict[str, list[str]] = {}
    alone: list[str] = []
    for group in groups.values():
        least = min(map(_marks, group))
        pictures = [name for name in group if _marks(name) == least]
        if len(pictures) == len(group):
            alone += group
        elif len(pictures) > 1:
            raise UserError(f"{shown}: {pictures[0]!r} and {pictures[1]!r} have the same masks; take one out")
        else:
            masks[pictures[0]] = sorted(set(group) - set(pictures))
    least = min(map(_marks, names), default=0)
    pictures, orphans = ([n for n in alone if (_marks(n) > least) is mask] for mask in (False, True))
    # Only where no names agree: a picture and a mask that others left over are no pair.
    for place in () if masks else (_place_of_folder, _place_of_stem):
        by_place: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for name in pictures:
            by_place[place(name)].append(name)
        for name in list(orphans):
            if len(same := by_place[place(name)]) == 1:
                masks.setdefault(same[0], []).append(name)
                orphans.remove(name)
    pictures = [name for name in pictures if name not in masks]
    return Pairs(dict(sorted(masks.items())), sorted(pictures), sorted(orphans))


def _place_of_folder(name: str) -> tuple[str, ...]:
    """The same for a picture with a folder of its own and for its masks, whatever they are called."""
    return _key(name)[:-1]


def _place_of_stem(name: str) -> tuple[str, ...]:
    """The same for a picture and its mask where their folders have other words than picture and mask."""
    return (split_of_folder(folder_of(name)) or "", _key(name)[-1])


def _groups(names: list[str]) -> dict[tuple[str, ...], list[str]]:
    """Files by what they are called, apart from being a picture or a mask."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in names:
        groups[_key(name)].append(name)
    for key, group in list(groups.items()):
        for name in list(group):
            of_picture = (*key[:-1], NUMBER.sub("", key[-1]))
            # One of several masks of a picture: x_mask_1 and x_mask_2 of x.
            if len(group) == 1 and NUMBERED.search(stem_of(name).lower()) and of_picture in groups:
                groups[of_picture].append(name)
                del groups[key]
    return groups


@cache
def _key(name: str) -> tuple[str, ...]:
    """The path without what says that it is a picture or a mask; then the same for both."""
    parts = ("-".join(_telling(part)) for part in folder_of(name).split("/"))
    kept = [word for word in _words(stem_of(name)) if word not in MASK_WORDS | {"img", "image"}]
    return (*(part for part in parts if part), "-".join(kept))


def _telling(part: str) -> list[str]:
    """The words and numbers of a folder's name that do not say picture or mask."""
    return [word for word in _words(part) if word not in MASK_WORDS | IMAGE_WORDS]


def _words(text: str) -> list[str]:
    return RUN.findall(text.lower())


@cache
def _marks(name: str) -> int:
    """How many words say that it is a mask, in the whole path."""
    return sum(
        word in MASK_WORDS for part in name.split("/") for word in words_of(part.rpartition(".")[0] or part)
    )


def _parts(tree: Tree, groups: dict[str | None, list[str]], pairs: Pairs) -> Iterator[Part]:
    sizes = {picture: tree.size_of(picture) for picture in pairs.masks}
    levels = read_levels(tree, {m: sizes[picture] for picture, masks in pairs.masks.items() for m in masks})
    faults = _without_other(pairs, next(iter(groups)) or "train")
    for split, pictures in groups.items():
        items = [
            _labelled(tree, picture, pairs.masks[picture], levels, sizes[picture]) for picture in pictures
        ]
        faults += levels.faults(split or "train", [m for picture in pictures for m in pairs.masks[picture]])
        yield export_part(
            split or "train", f"masks of {split or 'all'}", items, levels.categories, tree, faults
        )
        faults = []


def _without_other(pairs: Pairs, whole: str) -> list[Fault]:
    """Pictures and masks that are left out, under the split that their folder names, else under `whole`."""
    kinds = (
        (
            pairs.without_mask,
            "picture_without_mask",
            "other pictures have masks, so nothing says it is empty",
        ),
        (pairs.without_picture, "mask_without_picture", "no picture is called so"),
    )
    return [
        Fault(split_of_folder(folder_of(name)) or whole, name, "", kind, "left out", reason)
        for names, kind, reason in kinds
        for name in names
    ]


def _labelled(tree: Tree, picture: str, masks: list[str], levels: Levels, size: tuple[int, int]) -> Labelled:
    return Labelled(picture, tuple(region for mask in masks for region in levels.regions(tree, mask, size)))
