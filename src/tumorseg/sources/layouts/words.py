"""What names of files and folders say: of which split they are, whether they are masks or pictures."""

import re
from collections.abc import Iterable
from functools import cache

SPLIT_WORDS = {
    "train": ("train", "training", "trn"),
    "valid": ("valid", "val", "validation", "dev"),
    "test": ("test", "testing", "tst", "holdout"),
}
SPLIT_OF = {word: split for split, words in SPLIT_WORDS.items() for word in words}
IMAGE_WORDS = frozenset(
    ["image", "images", "img", "imgs", "jpegimages", "data", "input", "inputs", "scans", "slices"]
)
MASK_WORDS = frozenset(
    (
        *("mask", "masks", "msk", "seg", "segs", "segmentation", "segmentations", "segmentationclass"),
        *("label", "labels", "labelmap", "gt", "groundtruth", "truth", "target", "targets"),
        *("annotation", "annotations", "annot", "annots"),
    )
)


@cache
def words_of(text: str) -> tuple[str, ...]:
    """The words of a name in small letters: runs of letters; `train2017` has one, `val_masks` two."""
    return tuple(re.findall(r"[^\W\d_]+", text.lower()))


@cache
def split_named(text: str) -> str | None:
    """The split that a file or folder name says; none where it says none, or two."""
    splits = {SPLIT_OF[word] for word in words_of(text) if word in SPLIT_OF}
    return splits.pop() if len(splits) == 1 else None


def split_of(parts: Iterable[str]) -> str | None:
    """The split that a path says: the last part that names one."""
    return next((split for part in reversed(list(parts)) if (split := split_named(part))), None)


@cache
def split_of_folder(folder: str) -> str | None:
    """The split that a folder's path says."""
    return split_of(folder.split("/"))
