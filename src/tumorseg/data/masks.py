"""Draw the tumour mask of every slice as a PNG."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from tumorseg import SPLITS
from tumorseg.data.classes import Categories, indices, names, to_grey, write_classes, write_greys
from tumorseg.data.coco import Slice, chosen_categories, reaches_outside, read_export
from tumorseg.data.raster import runs_of
from tumorseg.files import atomic_folder
from tumorseg.progress import progress
from tumorseg.threads import in_threads

TWO_VALUES = [cv2.IMWRITE_PNG_BILEVEL, 1]  # a bit a pixel: an eighth of the bytes to pack
NO_PIXELS = np.zeros((0, 0), np.uint8)


@dataclass(frozen=True)
class Drawn:
    """A mask, and what was drawn."""

    mask: np.ndarray  # uint8 (height, width)
    contested: int  # pixels that annotations of several classes claim, counted each time one is drawn over
    other: int  # annotations of other categories, left out
    outside: int  # annotations that reach over the edge
    thin: int  # annotations without a pixel


def render_masks(raw: Path, masks: Path, tumor_categories: Categories | None) -> None:
    """Write `masks/<split>/<stem>.png` for every slice of `raw`: native size, 255 tumour, 0 background.

    Where `tumor_categories` is None, all categories are tumour. Where it maps names of classes to categories,
    tumour has the grey level of its class (`classes.to_grey`), and the names are left beside the masks. Where
    annotations of several classes overlap, the smaller one is drawn over the larger (see `draw`). Replaces
    the folder `masks` whole, or leaves it as it was. Prints what is empty, left out, cut or drawn over.

    Raises:
        UserError: An annotation file is bad, or no split has one of `tumor_categories`.
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
    with atomic_folder(masks) as folder:
        write_classes(folder, classes)
        write_greys(folder, greys)
        for split in SPLITS:
            (folder / split).mkdir()
            slices, _ = exports[split]
            write = partial(_write, folder / split, greys=greys, flags=[] if classes else TWO_VALUES)
            drawn = progress(in_threads(write, slices), f"rendering masks of {split}", len(slices))
            print(f"{split}: {_summary(slices, list(drawn))}", flush=True)


def draw(slice: Slice, greys: dict[str, int]) -> Drawn:
    """The mask of a slice.

    Annotations of several classes are drawn by their pixels, the largest first, so that a part within a
    larger one is seen, whatever its id; of equally large ones the higher id is drawn over the lower.

    Args:
        slice: With its annotations.
        greys: By category: what its pixels become; annotations of others are left out.
    """
    tumors = [annotation for annotation in slice.annotations if annotation.category in greys]
    shapes = [(greys[annotation.category], runs_of(annotation, slice)) for annotation in tumors]
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
    )


def _write(folder: Path, slice: Slice, greys: dict[str, int], flags: list[int]) -> tuple[bool, Drawn]:
    """Write the mask of a slice; whether it is empty, and what was drawn, without the mask."""
    drawn = draw(slice, greys)
    # Not imwrite, which says nothing of a full disk.
    png = cv2.imencode(".png", drawn.mask, flags)[1].tobytes()
    (folder / f"{Path(slice.file_name).stem}.png").write_bytes(png)
    return not cv2.hasNonZero(drawn.mask), replace(drawn, mask=NO_PIXELS)


def _summary(slices: list[Slice], written: list[tuple[bool, Drawn]]) -> str:
    drawn = [each for _, each in written]
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
    empty = sum(is_empty for is_empty, _ in written)
    return "; ".join([f"{len(slices)} masks, {empty} of them empty", *counted])
