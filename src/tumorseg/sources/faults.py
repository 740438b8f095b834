"""What was mended, left out or guessed when a set was read: one fault an event, never in silence."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NoReturn

from tumorseg.errors import UserError

Action = Literal["mended", "left out", "guessed"]

# What can be wrong with an annotation file and is read all the same. The words are stable: programs may
# search faults.csv for them. docs/faults.md is made from this table.
KINDS: dict[str, str] = {
    "bom": "a byte order mark stands before the JSON; passed over",
    "name_path": "file_name has folders, a drive or an address; the picture was found by the end of it",
    "name_address": "file_name is percent-encoded or an address with a query; the picture was found in it",
    "name_case": "file_name differs from the picture's name in case, spaces around it or Unicode form alone",
    "name_suffix": "file_name has no suffix or another than the picture, whose stem no other picture has",
    "name_elsewhere": "the picture lies outside the folders of its annotation file; no other has its name",
    "name_clash": "pictures in several folders, or with several suffixes, share a name; renamed",
    "name_characters": "file_name has characters or a length that not every system takes; renamed",
    "image_missing": "an image's picture is not in the set; left out, as source.missing says",
    "image_repeated": "a picture is listed twice with the same id; taken once",
    "image_size": "width or height is missing, or is no size; taken from the picture",
    "id_numbered": "ids are absent, repeated, texts or too large; numbered anew in the file's order",
    "id_type": "an id is a text or a number with a point; it joins as the whole number that it is",
    "id_joined": "image_id or category_id has another type than the id it means, or is its name; joined",
    "category_unnamed": "a category has no name, or is used and not listed; its id is its name",
    "category_name": "a category's name is a number, or has spaces around it or control characters",
    "category_name_shared": "several categories in use have one name; taken as one",
    "category_repeated": "a category is listed twice in the same words; taken once",
    "category_missing": "an annotation has no category_id; the set has one category alone, which was taken",
    "section_missing": "the file has no `annotations` or no `categories`",
    "annotation_unknown": "an annotation's image or category is not listed; left out, as source.missing says",
    "annotation_of_missing": "an annotation of an image that is left out",
    "annotation_empty": "an annotation has neither an outline that encloses something nor a box; left out",
    "outline_form": "an outline is a flat list, nested too deep, or points as pairs or objects",
    "outline_text": "numbers of an outline are texts",
    "outline_fragment": "a part of an outline has fewer than 3 points; left out",
    "outline_from_box": "an annotation has no outline; its box stands for it",
    "outline_tiny": "an outline lies within the first pixel, as if it were from 0 to 1; taken as pixels",
    "rle_text": "run lengths are a Python text of bytes, numbers as texts, or in a list",
    "rle_size": "the size of run lengths is missing, of another type or swapped; the image's is taken",
    "box_form": "bbox is no list of four numbers, or is of texts; read as what it says",
    "box_computed": "bbox is missing or no box; computed from the outline",
    "box_negative": "width or height of bbox is negative; drawn from the other corner",
    "box_corners": "bbox is left, top, right, bottom, as the outline shows; computed from the outline",
    "box_contradicts": "bbox lies elsewhere than the outline, which was taken",
    "area_computed": "area is missing or no area; computed from the outline",
    "crowd_form": "iscrowd is no 0 or 1; it changes no mask",
    "split_unlabelled": "a split without any annotation: its pictures are left out",
    "picture_unnamed": "a picture that no annotation file names",
    "picture_unlisted": "an annotated picture that no list of ImageSets names",
    "listed_without_picture": "a name in a list of ImageSets that no picture has",
    "picture_without_mask": "a picture without a mask, where others have one",
    "picture_without_labels": "a picture without a file of labels: taken as one without tumour",
    "labels_case": "a file of labels differs from its picture's name in case or Unicode form alone; joined",
    "labels_without_picture": "a file of labels without a picture; left out, as source.missing says",
    "mask_without_picture": "a mask without a picture",
    "mask_cut": "a mask of many grey levels, cut in the middle between black and white",
    "mask_faint": "a mask that is cut, and has dark greys alone; taken as one without tumour",
    "mask_void": "pixels that a mask marks as neither background nor a class",
    "mask_background": "most pixels of all masks are of a class; 0 was taken as background all the same",
    "shape_without_area": "a point or line, which has no pixels",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One event: a value that was not as the COCO format has it, and what was done about it."""

    split: str
    file: str  # as messages call it
    field: str  # its JSON path, such as annotations[3].bbox; empty where it is the file as a whole
    kind: str  # a key of KINDS
    action: Action
    reason: str


class FaultLog:
    """Collects the faults of one annotation file, and refuses in its name."""

    def __init__(self, split: str, file: str):
        self.split, self.file = split, file
        self.faults: list[Fault] = []
        self.changed = False  # whether the file's own bytes do no longer say what was read

    def mended(self, kind: str, field: str, reason: str) -> None:
        """What was meant is beyond doubt."""
        self.changed = True
        self._add("mended", kind, field, reason)

    def left_out(self, kind: str, field: str, reason: str) -> None:
        """There is nothing to draw, or the user's params say so."""
        self.changed = True
        self._add("left out", kind, field, reason)

    def guessed(self, kind: str, field: str, reason: str) -> None:
        """The likely meaning was taken; a person may know better."""
        self.changed = True
        self._add("guessed", kind, field, reason)

    def noted(self, kind: str, field: str, reason: str) -> None:
        """A likely meaning was taken that the stages take too, so that the file may stay as it is."""
        self._add("guessed", kind, field, reason)

    def refuse(self, field: str, reason: str) -> NoReturn:
        """Raise a UserError of this file.

        Raises:
            UserError: Always.
        """
        raise UserError(f"{self.file}: {field}: {reason}")

    def _add(self, action: Action, kind: str, field: str, reason: str) -> None:
        self.faults.append(Fault(self.split, self.file, field, kind, action, reason))


def summary(faults: Iterable[Fault]) -> list[str]:
    """One line for each action and kind, in the order of KINDS, with its count and its first event."""
    first: dict[tuple[str, Action], Fault] = {}
    counts: Counter[tuple[str, Action]] = Counter()
    for fault in faults:
        first.setdefault((fault.kind, fault.action), fault)
        counts[fault.kind, fault.action] += 1
    order = {kind: place for place, kind in enumerate(KINDS)}
    events = sorted(first.items(), key=lambda event: (order[event[0][0]], event[0][1]))
    return [
        f"{action}: {counts[kind, action]} × {kind}: {KINDS[kind]}; such as "
        f"{' '.join(filter(None, (fault.file, fault.field)))}: {fault.reason}"
        for (kind, action), fault in events
    ]
