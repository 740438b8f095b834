"""Draw the tumour mask of every slice as a PNG."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.data.boxes import COLUMNS, FILE, LEAST, Outline, outline, upright_box
from tumorseg.data.classes import Categories, indices, names, to_grey, write_classes, write_greys
from tumorseg.data.coco import Slice, chosen_categories, reaches_outside, read_export
from tumorseg.data.pictures import find_reading, outlines_in
from tumorseg.data.raster import Runs, runs_of
from tumorseg.data.read import Reading, check_sizes, decode, load
from tumorseg.data.remarks import captured_remarks
from tumorseg.files import atomic_folder, write_csv
from tumorseg.progress import progress
from tumorseg.threads import in_threads
from tumorseg.types import Boxes

TWO_VALUES = [cv2.IMWRITE_PNG_BILEVEL, 1]  # a bit a pixel: an eighth of the bytes to pack
NO_PIXELS = np.zeros((0, 0), np.uint8)


@dataclass(frozen=True)
class Written:
    """What is told of a mask that was written."""

    empty: bool
    drawn: "Drawn"  # without pixels
    rows: Sequence[tuple[object, ...]]  # of its outlines, as COLUMNS say from `file` on


@dataclass(frozen=True)
class Drawn:
    """A mask, and what was drawn."""

    mask: np.ndarray  # uint8 (height, width)
    contested: int  # pixels that annotations of several classes claim, counted each time one is drawn over
    other: int  # annotations of other categories, left out
    outside: int  # annotations that reach over the edge
    thin: int  # annotations without a pixel
    outlines: tuple[tuple[int, Outline], ...] = ()  # of annotations that are boxes, after their ids


def render_masks(raw: Path, masks: Path, tumor_categories: Categories | None, boxes: Boxes = "keep") -> None:
    """Write `masks/<split>/<stem>.png` for every slice of `raw`: native size, 255 tumour, 0 background.

    Where `tumor_categories` is None, all categories are tumour. Where it maps names of classes to categories,
    tumour has the grey level of its class (`classes.to_grey`), and the names are left beside the masks. Where
    annotations of several classes overlap, the smaller one is drawn over the larger (see `draw`). Replaces
    the folder `masks` whole, or leaves it as it was. Prints what is empty, left out, cut or drawn over.

    Where `boxes` is `grabcut`, annotations that are upright boxes are drawn as `boxes.outline` finds the
    tumour within them, and a table beside the masks, `boxes.FILE`, lists them; the pictures are read for it.

    Raises:
        UserError: An annotation file is bad, or no split has one of `tumor_categories`; or a picture that is
            read is bad.
    """
    exports = {split: read_export(raw / split) for split in SPLITS}
    known = (name for _, categories in exports.values() for name in categories)
    chosen = chosen_categories(known, tumor_categories)
    classes = names(chosen)
    greys = {category: to_grey(index, classes) for category, index in indices(chosen).items()}
    if tumor_categories is None:
        print(f"tumor_categories: null is all: {', '.join(map(repr, greys))}", flush=True)
    if classes:
        greys_of = (f"{name} {to_grey(index, classes)}" for index, name in enumerate(classes, start=1))
        print(f"grey levels: {', '.join(greys_of)}", flush=True)
    slices = {split: export for split, (export, _) in exports.items()}
    reading = _reading(raw, slices) if boxes == "grabcut" else None
    with atomic_folder(masks) as folder:
        write_classes(folder, classes)
        write_greys(folder, greys)
        outlines = []
        for split in SPLITS:
            (folder / split).mkdir()
            flags = [] if classes else TWO_VALUES
            write = partial(_write, folder / split, raw / split, greys=greys, flags=flags, reading=reading)
            with captured_remarks():  # on pictures; `prepare`, which reads them all, tells them
                results = in_threads(write, slices[split])
                drawn = list(progress(results, f"rendering masks of {split}", len(slices[split])))
            print(f"{split}: {_summary(slices[split], drawn)}", flush=True)
            outlines += [(split, *row) for each in drawn for row in each.rows]
        if reading:
            write_csv(folder / FILE, pd.DataFrame(outlines, columns=COLUMNS))


def draw(slice: Slice, greys: dict[str, int], image: np.ndarray | None = None) -> Drawn:
    """The mask of a slice.

    Annotations of several classes are drawn by their pixels, the largest first, so that a part within a
    larger one is seen, whatever its id; of equally large ones the higher id is drawn over the lower.

    Args:
        slice: With its annotations.
        greys: By category: what its pixels become; annotations of others are left out.
        image: The picture, uint8 (height, width): boxes are outlined by it; None: they stay boxes.
    """
    tumors = [annotation for annotation in slice.annotations if annotation.category in greys]
    shapes = [(greys[annotation.category], runs_of(annotation, slice)) for annotation in tumors]
    outlines = {} if image is None else _outlines([runs for _, runs in shapes], image)
    for place, each in outlines.items():
        shapes[place] = shapes[place][0], each.runs(slice.height)
    drawn = [(grey, runs) for grey, runs in shapes if runs.area]
    mask, contested = np.zeros((slice.height, slice.width), np.uint8), 0
    if drawn:
        first = min(int(runs.starts[0]) for _, runs in drawn) // slice.height
        last = max(int(runs.starts[-1] + runs.lengths[-1]) - 1 for _, runs in drawn) // slice.height
        # The columns that have any, one after the other, as run lengths go.
        flat = np.zeros((last - first + 1) * slice.height, np.uint8)
        for grey, runs in sorted(drawn, key=lambda shape: -shape[1].area):  # stable: by id where equal
            pixels = runs.pixels() - first * slice.height
            if len(drawn) > 1:
                known = flat[pixels]
                contested += int(np.count_nonzero((known != 0) & (known != grey)))
            flat[pixels] = grey
        mask[:, first : last + 1] = cv2.transpose(flat.reshape(-1, slice.height))
    return Drawn(
        mask,
        contested,
        other=len(slice.annotations) - len(tumors),
        outside=sum(reaches_outside(annotation, slice) for annotation in tumors),
        thin=sum(not runs.area for _, runs in shapes),
        outlines=tuple((tumors[place].id, each) for place, each in outlines.items()),
    )


def _outlines(shapes: list[Runs], image: np.ndarray) -> dict[int, Outline]:
    """By place in the list: the outlines of those that are boxes."""
    boxes = {place: upright_box(runs, len(image)) for place, runs in enumerate(shapes)}
    return {place: outline(image, box) for place, box in boxes.items() if box}


def _reading(raw: Path, slices: dict[str, list[Slice]]) -> Reading:
    """How the pictures are read: as `prepare` does, in grey."""
    paths = [raw / split / item.file_name for split, items in slices.items() for item in items]
    return find_reading(paths, 1, outlines_in(raw))


def _write(
    folder: Path,
    pictures: Path,
    slice: Slice,
    *,
    greys: dict[str, int],
    flags: list[int],
    reading: Reading | None,
) -> Written:
    """Write the mask of a slice. Where there is a `reading`, boxes are outlined by the picture."""
    image = None
    if reading:
        path = pictures / slice.file_name
        image = decode(load(path), path, reading)
        check_sizes(path, image.shape, (slice.height, slice.width))
    drawn = draw(slice, greys, image)
    # Not imwrite, which says nothing of a full disk.
    png = cv2.imencode(".png", drawn.mask, flags)[1].tobytes()
    (folder / f"{Path(slice.file_name).stem}.png").write_bytes(png)
    rows = [
        (slice.file_name, id, each.box.width, each.box.height, round(each.fill, 4), each.by)
        for id, each in drawn.outlines
    ]
    told = replace(drawn, mask=NO_PIXELS, outlines=())
    return Written(not cv2.hasNonZero(drawn.mask), told, rows)


def _summary(slices: list[Slice], written: list[Written]) -> str:
    drawn = [each.drawn for each in written]
    rarities = {
        "images with several annotations": sum(len(slice.annotations) > 1 for slice in slices),
        "annotations of other categories, left out": sum(each.other for each in drawn),
        "annotations cut off at the image's edge": sum(each.outside for each in drawn),
        "annotations too thin or too far out to render": sum(each.thin for each in drawn),
        "pixels claimed by several classes, given to the smaller annotation": sum(
            each.contested for each in drawn
        ),
    }
    counted = [f"{what}: {count}" for what, count in rarities.items() if count]
    outlines = pd.DataFrame([row for each in written for row in each.rows], columns=COLUMNS[1:])
    if len(outlines):
        quartiles = " / ".join(f"{fill:.2f}" for fill in outlines["fill"].quantile([0.25, 0.5, 0.75]))
        counted += [f"boxes outlined: {len(outlines)}, which fill {quartiles} of their boxes (quartiles)"]
    if small := int((outlines["by"] == "ellipse").sum()):
        counted += [f"boxes of fewer than {LEAST} pixels a side, as ellipses: {small}"]
    empty = sum(each.empty for each in written)
    return "; ".join([f"{len(slices)} masks, {empty} of them empty", *counted])
