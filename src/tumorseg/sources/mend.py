"""From any COCO annotation file to the strict one that the stages read (`data.coco_schema.Export`).

What is meant beyond doubt is mended, what is not is refused by file, field and way out. Nothing is mended in
silence: `Mended.faults` has every event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tumorseg.errors import SHORT
from tumorseg.files import uncollected
from tumorseg.sources.faults import Fault, FaultLog
from tumorseg.sources.mending.categories import find_categories, mend_categories
from tumorseg.sources.mending.document import read_document
from tumorseg.sources.mending.evidence import Evidence
from tumorseg.sources.mending.finding import Finder
from tumorseg.sources.mending.images import NO_PICTURE, SizeOf, mend_images
from tumorseg.sources.mending.regions import mend_region
from tumorseg.sources.mending.values import to_key, whole_ids
from tumorseg.types import OnMissing

Entry = dict[str, Any]


@dataclass(frozen=True)
class Mended:
    """A split as the stages read it."""

    export: dict[
        str, Any
    ]  # licenses if there are any, images, annotations, categories; passes `data.coco_schema.Export`
    files: dict[str, str]  # by file_name in `export`: the picture's path in the set
    faults: tuple[Fault, ...]
    as_is: bool  # the file's own bytes pass too, and mean the same


def mend(
    data: bytes,
    shown: str,
    split: str,
    pictures: Sequence[str],
    base: Sequence[str],
    size_of: SizeOf,
    on_missing: OnMissing = "refuse",
) -> Mended:
    """Read one annotation file.

    Args:
        data: Its bytes.
        shown: What messages call it.
        split: Whose it is, for `faults`.
        pictures: Paths from the set's root, with "/", of all pictures that may belong to it, no others.
        base: Folders in which pictures are looked for first, best first; "" is the root.
        size_of: Width and height of a picture, from its header.
        on_missing: What becomes of images that are not in the set, and of annotations of what is not listed.

    Raises:
        UserError: The file is no COCO, or it cannot be told what is meant.
    """
    log = FaultLog(split, shown)
    return _mended(data, log, Finder(pictures, base), size_of, on_missing)


@uncollected()
def _mended(data: bytes, log: FaultLog, finder: Finder, size_of: SizeOf, on_missing: OnMissing) -> Mended:
    document = read_document(data, log)
    entries = document["annotations"]
    images = mend_images(document["images"], finder, size_of, on_missing, log)
    categories = mend_categories(document["categories"], entries, log)
    places = find_categories(entries, categories, log)
    evidence = Evidence()
    kept: list[tuple[int, Entry, Entry]] = []
    for index, (entry, category) in enumerate(zip(entries, places, strict=True)):
        field = f"annotations[{index}]"
        image = images.ids.find(entry.get("image_id"))
        if not _belongs(entry, field, image, category, on_missing, log) or image is None:
            continue
        owner = images.entries[image]
        if region := mend_region(entry, field, (owner["width"], owner["height"]), log, evidence):
            number = None if category is None else categories.entries[category]["id"]
            _note_joins(entry, field, log)
            kept.append((index, entry, {"image_id": owner["id"], "category_id": number, **region}))
    if entries and not kept:
        log.refuse("annotations", f"none of the {len(entries)} has an outline or a box that can be drawn")
    evidence.judge(log)
    licences = document["licenses"]
    export = {
        **({"licenses": licences} if licences else {}),
        "images": images.entries,
        "annotations": _numbered(kept, log),
        "categories": categories.entries,
    }
    return Mended(export, images.files, tuple(log.faults), not log.changed)


def _belongs(
    entry: Entry,
    field: str,
    image: int | None,
    category: int | None,
    on_missing: OnMissing,
    log: FaultLog,
) -> bool:
    """Whether image and category of an annotation are there; says so where they are not.

    Raises:
        UserError: One is not listed, and such annotations are not to be left out.
    """
    if image == NO_PICTURE:
        log.left_out("annotation_of_missing", field, f"of image {SHORT.repr(entry.get('image_id'))}")
        return False
    for key, place, what in (("image_id", image, "image"), ("category_id", category, "category")):
        if place is None:
            value = entry.get(key)
            reason = "missing" if value is None else f"there is no {what} {SHORT.repr(value)}"
            if on_missing == "refuse":
                way = "list it, or leave such annotations out: source.missing: leave out"
                log.refuse(f"{field}.{key}", f"{reason}; {way}")
            log.left_out("annotation_unknown", f"{field}.{key}", reason)
            return False
    return True


def _note_joins(entry: Entry, field: str, log: FaultLog) -> None:
    for key in ("image_id", "category_id"):
        value = entry.get(key)
        if value is not None and type(value) is not int:
            log.mended("id_joined", f"{field}.{key}", f"{SHORT.repr(value)} joined")


def _numbered(kept: list[tuple[int, Entry, Entry]], log: FaultLog) -> list[Entry]:
    """The annotations with ids: their own if all have one, else by position from 0."""
    numbers = whole_ids([to_key(entry.get("id")) for _, entry, _ in kept])
    if numbers is None:
        numbers = list(range(len(kept)))
        log.mended("id_numbered", "annotations[].id", f"{len(kept)} annotations are numbered from 0")
    else:
        for index, entry, _ in kept:
            if type(entry["id"]) is not int:
                log.mended(
                    "id_type", f"annotations[{index}].id", f"{SHORT.repr(entry['id'])} is a whole number"
                )
    return [{"id": number, **region} for number, (_, _, region) in zip(numbers, kept, strict=True)]
