"""Slices and masks as arrays at the working size, and slices.csv, which tells about each slice."""

import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.data.boxes import copy_outlines, has_outlines
from tumorseg.data.classes import from_grey, read_classes, read_greys, write_classes
from tumorseg.data.coco import Slice, read_split
from tumorseg.data.masks import draw
from tumorseg.data.pictures import find_reading, outlines_in, tell_remarks
from tumorseg.data.preprocess import Frame, preprocess
from tumorseg.data.read import Reading, check_sizes, decode, load, resize_mask, resize_slice, write_reading
from tumorseg.data.remarks import captured_remarks
from tumorseg.data.similarity import embed, groups
from tumorseg.data.splits import LEFT_OUT, assign, group_slices, resolve
from tumorseg.files import atomic_folder, create_array, write_csv
from tumorseg.identity import write_identity
from tumorseg.params import Blocks
from tumorseg.progress import progress
from tumorseg.sections import Split
from tumorseg.threads import in_threads
from tumorseg.types import Channels

COLUMNS = [
    *("split", "index", "image_id", "file", "as_shipped", "group", "category", "annotations"),
    *("sequence", "height", "width", "tumor_pixels"),
]
COPIED = 64  # slices at a time


def prepare(
    raw: Path,
    masks: Path,
    prepared: Path,
    *,
    name: str,
    image_size: int,
    channels: Channels,
    steps: Sequence[str],
    rule: Split,
    blocks: Blocks,
) -> None:
    """Bring slices and masks to `image_size` pixels a side and split them.

    Slices are averaged down (INTER_AREA); masks take the nearest pixel, so no label is invented.

    Args:
        raw: The split folders, images beside `_annotations.coco.json`.
        masks: Folder made by `masks.render_masks`, which tells how categories are drawn, and outlined boxes.
        prepared: Is replaced. It gets the arrays of each split, tables, and how the pictures were read.
        name: Of the dataset.
        image_size: Pixels a side.
        channels: 1: slices are grey; 3: they keep their colours.
        steps: Of `tumorseg.data.preprocess`, taken before.
        rule: How to split; about.json gets the strategy that `auto` comes to.
        blocks: The blocks and gaps of file numbers, where they split.

    Raises:
        UserError: A slice or its mask cannot be read or is cut off, their sizes differ, or the slices
            cannot be split by `rule` and `blocks`.
    """
    with atomic_folder(prepared) as folder:
        write_classes(folder, read_classes(masks))
        copy_outlines(masks, folder)
        with TemporaryDirectory(dir=folder) as scratch:
            table, arrays, reading = _read_all(raw, masks, Path(scratch), image_size, steps, channels)
            lookalikes = groups(embed(arrays["images"]))
            rule = resolve(rule, table.as_shipped, lookalikes)
            own = group_slices(table, lookalikes, rule, blocks)
            table = table.assign(group=own, split=assign(table, own, rule, blocks))
            for split in SPLITS:
                _write_arrays(folder / split, arrays, np.flatnonzero(table["split"] == split))
        write_reading(folder, reading)
        left_out = table["split"] == LEFT_OUT
        _write_tables(folder, table[~left_out], table[left_out])
        sizes = {split: int((table["split"] == split).sum()) for split in SPLITS}
        write_identity(folder, data=name, split=rule.strategy, image_size=image_size, **sizes)
    print(f"{sum(sizes.values())} slices at {image_size}×{image_size}, split {rule.strategy}")
    if count := int(left_out.sum()):
        print(f"left out, at most {blocks.gap} file numbers from another split: {count} (left_out.csv)")


def _write_arrays(folder: Path, arrays: dict[str, np.memmap], rows: np.ndarray) -> None:
    folder.mkdir()
    for kind, array in arrays.items():
        target = _array(folder / f"{kind}.npy", (len(rows), *array.shape[1:]))
        for start in range(0, len(rows), COPIED):
            target[start : start + COPIED] = array[rows[start : start + COPIED]]
        target.flush()


def _write_tables(folder: Path, kept: pd.DataFrame, left_out: pd.DataFrame) -> None:
    order = kept["split"].map(SPLITS.index).argsort(kind="stable")
    kept = kept.iloc[order].assign(index=lambda rows: rows.groupby("split").cumcount())
    write_csv(folder / "slices.csv", kept[COLUMNS])
    write_csv(folder / "left_out.csv", left_out[COLUMNS[2:]])  # no split, no place in one


def _read_all(
    raw: Path, masks: Path, scratch: Path, image_size: int, steps: Sequence[str], channels: Channels
) -> tuple[pd.DataFrame, dict[str, np.memmap], Reading]:
    """Every slice as it was shipped: the columns of slices.csv that tell about it, and its pixels."""
    shipped = [(split, item) for split in SPLITS for item in read_split(raw / split)]
    paths = [raw / split / item.file_name for split, item in shipped]
    reading = find_reading(paths, channels, outlines_in(raw))
    shape = (len(paths), image_size, image_size)
    images = _array(scratch / "images.npy", (*shape, channels) if channels > 1 else shape)
    labels = _array(scratch / "masks.npy", shape)
    classes, greys = read_classes(masks), read_greys(masks)
    outlined = has_outlines(masks)

    def read(row: int) -> dict[str, object]:
        split, item = shipped[row]
        whole = decode(load(paths[row]), paths[row], reading)
        check_sizes(paths[row], whole.shape, (item.height, item.width))
        if outlined:
            path = masks / split / f"{paths[row].stem}.png"
            whole_mask = decode(load(path), path)
            check_sizes(path, whole_mask.shape, whole.shape)
        else:
            whole_mask = draw(item, greys).mask  # again: it takes less than to unpack the PNG
        image, frame = preprocess(whole, steps)
        mask = frame.cut(whole_mask)
        images[row] = resize_slice(image, image_size)
        labels[row] = from_grey(resize_mask(mask, image_size), classes)
        kept = cv2.countNonZero(mask)
        cut = cv2.countNonZero(whole_mask) - kept
        return {"as_shipped": split, **_describe(item, frame), "tumor_pixels": kept, "cut": cut}

    with captured_remarks() as remarks:
        rows = list(progress(in_threads(read, range(len(paths))), "preparing slices", len(paths)))
        remarked = remarks()
    tell_remarks(remarked, paths, reading)
    table = pd.DataFrame(rows).astype({"sequence": "Int64"})
    if cut := table["cut"].sum():
        print(f"tumour pixels cut off by `preprocess`: {cut}")
    if count := (table["height"] != table["width"]).sum():
        print(
            f"slices that are not square, and are squeezed: {count} (`pad` in preprocess keeps their shape)"
        )
    return table, {"images": images, "masks": labels}, reading


def _array(path: Path, shape: tuple[int, ...]) -> np.memmap:
    return create_array(path, shape, np.uint8)


def _describe(item: Slice, frame: Frame) -> dict[str, object]:
    """The columns of slices.csv that tell about one slice but its pixels; its size is after `preprocess`."""
    number = re.match(r"\d{1,18}(?!\d)", item.file_name)  # more digits are an id, and fit no int64
    return {
        "image_id": item.id,
        "file": item.file_name,
        "category": "+".join(sorted({a.category for a in item.annotations})) or "none",
        "annotations": len(item.annotations),
        "sequence": int(number.group()) if number else pd.NA,
        "height": frame.height,
        "width": frame.width,
    }
