"""Draw the tumour mask of every slice as a PNG."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tumorseg import SPLITS
from tumorseg.data.classes import Categories, indices, names, to_grey, write_classes
from tumorseg.data.coco import (
    Slice,
    chosen_categories,
    pixel_count,
    reaches_outside,
    read_split,
    render,
)
from tumorseg.files import atomic_folder
from tumorseg.progress import progress


def render_masks(raw: Path, masks: Path, tumor_categories: Categories | None) -> None:
    """Write `masks/<split>/<stem>.png` for every slice of `raw`: native size, 255 tumour, 0 background.

    Where `tumor_categories` is None, all categories are tumour. Where it maps names of
    classes to categories, tumour has the grey level of its class (`classes.to_grey`), and the names are left
    beside the masks. Where annotations overlap, the one with the higher id wins. Replaces the folder `masks`
    whole, or leaves it as it was. Prints what is empty, left out, cut or drawn over.

    Raises:
        UserError: An annotation file is bad, or no split has one of `tumor_categories`.
    """
    chosen = chosen_categories(raw, tumor_categories)
    classes = names(chosen)
    greys = {category: to_grey(index, classes) for category, index in indices(chosen).items()}
    if tumor_categories is None:
        print(f"tumor_categories: null is all: {', '.join(map(repr, greys))}", flush=True)
    if classes:
        greys_of = (f"{name} {to_grey(index, classes)}" for index, name in enumerate(classes, start=1))
        print(f"grey levels: {', '.join(greys_of)}", flush=True)
    with atomic_folder(masks) as folder:
        write_classes(folder, classes)
        for split in SPLITS:
            (folder / split).mkdir()
            slices = read_split(raw / split)
            empty = contested = 0
            for slice in progress(slices, f"rendering masks of {split}"):
                mask, over = draw(slice, greys)
                _write(folder / split / f"{Path(slice.file_name).stem}.png", mask)
                empty, contested = empty + (not mask.any()), contested + over
            print(f"{split}: {_summary(slices, empty, contested, greys)}", flush=True)


def draw(slice: Slice, greys: dict[str, int]) -> tuple[np.ndarray, int]:
    """The mask of a slice, and how many of its pixels went from one class to another.

    Args:
        slice: With its annotations, which are drawn in order of their ids.
        greys: By category: what its pixels become; annotations of others are left out.

    Returns:
        uint8 (height, width); and the pixels, counted again each time, that an annotation took from one
        of another grey level.
    """
    mask, contested = np.zeros((slice.height, slice.width), np.uint8), 0
    for annotation in slice.annotations:
        if grey := greys.get(annotation.category):
            pixels = render(replace(slice, annotations=(annotation,)), {annotation.category}) > 0
            contested += int(np.count_nonzero(pixels & (mask != 0) & (mask != grey)))
            mask[pixels] = grey
    return mask, contested


def _write(path: Path, mask: np.ndarray) -> None:
    import cv2

    # Not imwrite, which says nothing of a full disk.
    path.write_bytes(cv2.imencode(".png", mask)[1].tobytes())


def _summary(slices: list[Slice], empty: int, contested: int, greys: dict[str, int]) -> str:
    pairs = [(annotation, slice) for slice in slices for annotation in slice.annotations]
    tumors = [pair for pair in pairs if pair[0].category in greys]
    rarities = {
        "images with several annotations": sum(len(slice.annotations) > 1 for slice in slices),
        "annotations of other categories, left out": len(pairs) - len(tumors),
        "annotations cut off at the image's edge": sum(reaches_outside(*pair) for pair in tumors),
        "annotations too thin or too far out to render": sum(not pixel_count(*pair) for pair in tumors),
        "pixels that a later annotation of another class took over": contested,
    }
    counted = [f"{what}: {count}" for what, count in rarities.items() if count]
    return "; ".join([f"{len(slices)} masks, {empty} of them empty", *counted])
