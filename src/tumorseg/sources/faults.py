"""What had to be mended, left out or guessed so that a set could be read: one fault an event."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

KINDS = {
    "split_unlabelled": "a split without any annotation: its pictures are left out",
    "picture_unnamed": "a picture that no annotation file names",
    "picture_without_mask": "a picture without a mask, where others have one",
    "picture_without_labels": "a picture without a file of labels: taken as one without tumour",
    "mask_without_picture": "a mask without a picture",
    "mask_cut": "a mask of many grey levels, cut in the middle between black and white",
    "mask_void": "pixels that a mask marks as neither background nor a class",
    "shape_without_area": "a point or line, which has no pixels",
    "name_flattened": "a file name with folders, or from elsewhere",
}


@dataclass(frozen=True)
class Fault:
    """One thing that was not as it should be, and what was done about it."""

    split: str
    file: str  # the picture or annotation file
    field: str  # of the annotation file; empty where it is the file as a whole
    kind: str  # of KINDS
    action: Literal["mended", "left out", "guessed"]
    reason: str


def summary(faults: Iterable[Fault]) -> list[str]:
    """A line a kind: how many there are, and one of them."""
    faults = list(faults)
    counts = Counter((fault.action, fault.kind) for fault in faults)
    examples = {(fault.action, fault.kind): fault for fault in reversed(faults)}
    return [
        f"{action}: {count} × {KINDS.get(kind, kind)}, such as {examples[action, kind].file!r}"
        for (action, kind), count in counts.items()
    ]
