"""The raw folder: train, valid and test, each with plain-named pictures and `_annotations.coco.json`.

Beside them lie source.json, which says what the set was, and faults.csv, which lists what was mended, left
out or guessed.
"""

import csv
import io
import json
from collections import Counter
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tumorseg import SPLITS
from tumorseg.data.coco import ANNOTATIONS, SOURCE
from tumorseg.files import write_json, write_text
from tumorseg.progress import progress
from tumorseg.sources.faults import Fault, summary
from tumorseg.sources.layouts.layout import Layout, Part
from tumorseg.sources.layouts.words import split_of_folder
from tumorseg.sources.mend import mend
from tumorseg.sources.tree import Tree, folder_of
from tumorseg.types import Exif, OnMissing

FAULTS = "faults.csv"


@dataclass(frozen=True)
class Written:
    """One split, whose annotations are written."""

    files: dict[str, str]  # name in the raw folder -> name in the tree
    annotations: int
    categories: list[Any]


def write_raw(tree: Tree, layout: Layout, folder: Path, on_missing: OnMissing) -> None:
    """Fill `folder` from a set; what has to be mended is said, and listed in faults.csv.

    Raises:
        UserError: The annotations are ambiguous or hopeless, or a file cannot be read.
    """
    faults = list(layout.faults)
    written = {part.split: _annotate(tree, part, folder, on_missing, faults) for part in layout.parts}
    faults += _unnamed(tree, layout, written, {fault.file for fault in faults})
    unlabelled = _unlabelled(written)
    for split in unlabelled:
        reason = f"none of the {len(written[split].files)} pictures of {split} has an annotation"
        faults += [
            Fault(split, file, "", "split_unlabelled", "left out", reason) for file in written[split].files
        ]
        (folder / split / ANNOTATIONS).unlink()
    kept = {split: its for split, its in written.items() if split not in unlabelled}
    for split, its in kept.items():
        for file, name in progress(its.files.items(), f"copying {split}", total=len(its.files)):
            tree.copy(name, folder / split / file)
    categories = next((its.categories for its in kept.values() if its.categories), [])
    for split in SPLITS:
        if split not in kept:
            (folder / split).mkdir(exist_ok=True)
            empty = {"images": [], "annotations": [], "categories": categories}
            write_json(folder / split / ANNOTATIONS, empty)
    describe(folder, layout.name, layout.splits, unlabelled, faults, tree.exif)
    for line in (*layout.notes, *summary(faults)):
        print(line, flush=True)
    print(_line(layout, sum(len(its.files) for its in kept.values()), unlabelled), flush=True)


def _unlabelled(written: dict[str, Written]) -> list[str]:
    """Splits with pictures and no annotation, where others have some, such as COCO's test2017."""
    labelled = any(its.annotations for its in written.values())
    return [split for split, its in written.items() if labelled and its.files and not its.annotations]


def _unnamed(tree: Tree, layout: Layout, written: dict[str, Written], listed: set[str]) -> list[Fault]:
    """Pictures that are no masks, that no split names and that are not listed for another reason."""
    known = {name for its in written.values() for name in its.files.values()} | listed | layout.masks
    reason = "no annotation file names it"
    return [
        Fault(split_of_folder(folder_of(name)) or "", name, "", "picture_unnamed", "left out", reason)
        for name in tree.pictures
        if name not in known
    ]


def describe(
    folder: Path,
    name: str,
    shipped: tuple[str, ...],
    unlabelled: list[str],
    faults: list[Fault],
    exif: Exif,
) -> None:
    """Write source.json and faults.csv.

    Args:
        folder: The raw folder.
        name: Of the layout.
        shipped: The splits that the set has; none where it is one whole.
        unlabelled: Those of them that have no annotation, and whose pictures are left out.
        faults: All of them.
        exif: Whether outlines are of pictures as stored, or as EXIF's orientation shows them.
    """
    counts = {
        action: dict(sorted(Counter(fault.kind for fault in faults if fault.action == action).items()))
        for action in ("mended", "left out", "guessed")
    }
    missing = [split for split in SPLITS if split not in shipped]
    about = {"layout": name, "shipped": list(shipped), "missing": missing, "unlabelled": unlabelled}
    write_json(folder / SOURCE, about | counts | {"exif": exif})
    table = io.StringIO()
    writer = csv.DictWriter(table, [field.name for field in fields(Fault)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(fault) for fault in faults)
    write_text(folder / FAULTS, table.getvalue())


def _annotate(tree: Tree, part: Part, folder: Path, on_missing: OnMissing, faults: list[Fault]) -> Written:
    """Write the annotations of a split, as they are where nothing has to be mended."""
    mended = mend(
        part.data, part.shown, part.split, part.pictures, part.base, tree.size_of, on_missing=on_missing
    )
    (folder / part.split).mkdir()
    text = json.dumps(mended.export, ensure_ascii=False, separators=(",", ":")).encode()
    (folder / part.split / ANNOTATIONS).write_bytes(part.data if mended.as_is else text)
    faults += [*part.faults, *mended.faults]
    return Written(mended.files, len(mended.export["annotations"]), mended.export["categories"])


def _line(layout: Layout, images: int, unlabelled: list[str]) -> str:
    """What was found, and what follows for the splits, in a line."""
    shipped = [split for split in layout.splits if split not in unlabelled]
    if not layout.splits:
        splits = "no splits"
    else:
        splits = ", ".join(shipped)
        if unlabelled:
            splits += f", {' and '.join(unlabelled)} without annotations"
        if missing := [split for split in SPLITS if split not in layout.splits]:
            splits += f", no {' and no '.join(missing)}"
    whole = len(shipped) == len(SPLITS)
    dealt = "" if whole else ": split.strategy=auto deals all anew by similar"
    return f"{layout.name}, {images} images, {splits}{dealt}"
