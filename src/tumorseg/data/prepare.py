"""Slices and masks as arrays at the working size, and slices.csv, which tells about each slice."""

import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.data.classes import read_classes, write_classes
from tumorseg.data.coco import Slice, read_split
from tumorseg.data.preprocess import preprocess
from tumorseg.data.read import read_pair, resize_mask, resize_slice
from tumorseg.data.similarity import embed, groups
from tumorseg.data.splits import LEFT_OUT, assign, group_slices
from tumorseg.files import atomic_folder, create_array, write_csv
from tumorseg.identity import write_identity
from tumorseg.params import Blocks, Split
from tumorseg.progress import progress

COLUMNS = [
    *("split", "index", "image_id", "file", "as_shipped", "group", "category", "annotations"),
    *("sequence", "height", "width", "tumor_pixels"),
]


def prepare(
    raw: Path,
    masks: Path,
    prepared: Path,
    *,
    name: str,
    image_size: int,
    steps: Sequence[str],
    rule: Split,
    blocks: Blocks,
) -> None:
    """Bring slices and masks to `image_size` pixels a side and split them.

    Slices are averaged down (INTER_AREA); masks take the nearest pixel, so no label is invented.

    Args:
        raw: The split folders, images beside `_annotations.coco.json`.
        masks: Folder made by `masks.render_masks`.
        prepared: Is replaced. It gets the arrays of each split, slices.csv, left_out.csv and about.json.
        name: Of the dataset.
        image_size: Pixels a side.
        steps: Of `tumorseg.data.preprocess`, taken before.
        rule: How to split.
        blocks: The blocks and gaps of file numbers, where they split.

    Raises:
        UserError: A slice or its mask cannot be read or is cut off, their sizes differ, or the slices
            cannot be split by `rule` and `blocks`.
    """
    classes = read_classes(masks)
    with atomic_folder(prepared) as folder:
        write_classes(folder, classes)
        with TemporaryDirectory(dir=folder) as scratch:
            table, arrays = _read_all(raw, masks, Path(scratch), image_size, steps, classes)
            table["group"] = group_slices(table, groups(embed(arrays["images"])), rule, blocks)
            table["split"] = assign(table, table.group.to_numpy(), rule, blocks)
            for split in SPLITS:
                _write_arrays(folder / split, arrays, np.flatnonzero(table["split"] == split))
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
        target = _array(folder / f"{kind}.npy", len(rows), array.shape[-1])
        for index, row in enumerate(rows):
            target[index] = array[row]
        target.flush()


def _write_tables(folder: Path, kept: pd.DataFrame, left_out: pd.DataFrame) -> None:
    order = kept["split"].map(SPLITS.index).argsort(kind="stable")
    kept = kept.iloc[order].assign(index=lambda rows: rows.groupby("split").cumcount())
    write_csv(folder / "slices.csv", kept[COLUMNS])
    write_csv(folder / "left_out.csv", left_out[COLUMNS[2:]])  # no split, no place in one


def _read_all(
    raw: Path, masks: Path, scratch: Path, image_size: int, steps: Sequence[str], classes: list[str]
) -> tuple[pd.DataFrame, dict[str, np.memmap]]:
    """Every slice as it was shipped: the columns of slices.csv that tell about it, and its pixels."""
    slices_by_split = {split: read_split(raw / split) for split in SPLITS}
    count = sum(map(len, slices_by_split.values()))
    arrays = {kind: _array(scratch / f"{kind}.npy", count, image_size) for kind in ("images", "masks")}
    rows: list[dict[str, object]] = []
    cut = 0
    for split, slices in slices_by_split.items():
        for item in progress(slices, f"preparing {split}"):
            whole = read_pair(raw / split / item.file_name, masks / split, classes)
            image, mask = preprocess(*whole, steps)
            cut += int(np.count_nonzero(whole[1]) - np.count_nonzero(mask))
            arrays["images"][len(rows)] = resize_slice(image, image_size)
            arrays["masks"][len(rows)] = resize_mask(mask, image_size)
            rows.append({"as_shipped": split, **_describe(item, mask)})
    if cut:
        print(f"tumour pixels cut off by `preprocess`: {cut}")
    return pd.DataFrame(rows).astype({"sequence": "Int64"}), arrays


def _array(path: Path, count: int, size: int) -> np.memmap:
    return create_array(path, (count, size, size), np.uint8)


def _describe(item: Slice, mask: np.ndarray) -> dict[str, object]:
    """The columns of slices.csv that tell about one slice; pixels are counted at native size."""
    number = re.match(r"\d{1,18}(?!\d)", item.file_name)  # more digits are an id, and fit no int64
    return {
        "image_id": item.id,
        "file": item.file_name,
        "category": "+".join(sorted({a.category for a in item.annotations})) or "none",
        "annotations": len(item.annotations),
        "sequence": int(number.group()) if number else pd.NA,
        "height": mask.shape[0],
        "width": mask.shape[1],
        "tumor_pixels": int(np.count_nonzero(mask)),
    }
