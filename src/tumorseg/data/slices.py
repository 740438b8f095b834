"""The prepared slices: one array of images and one of masks a split.

`data/prepared/<split>/{images,masks}.npy` are uint8 (N, S, S), images in colour (N, S, S, 3); masks are 0
for background and 1 for tumour, or the index of its class (see `classes`). Row `index` of a split is the
row of `data/prepared/slices.csv` with the same split and index.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from tumorseg.data.classes import read_classes
from tumorseg.errors import UserError
from tumorseg.reading import WAY_OUT, read_array, read_csv

NEEDED = ("split", "file")  # the cheapest sign that it is the table that it should be


@dataclass(frozen=True)
class SplitArrays:
    """One split, memory-mapped."""

    images: np.ndarray  # uint8 (N, S, S), or in colour (N, S, S, 3)
    masks: np.ndarray  # uint8 (N, S, S), 0 to the number of classes, or 0 and 1
    table: pd.DataFrame  # N rows of slices.csv
    classes: list[str] = field(default_factory=list)  # names of 1, 2, …; none where all tumour is 1

    def __len__(self) -> int:
        return len(self.images)

    @property
    def channels(self) -> Literal[1, 3]:
        """Of a slice: 1, grey; 3, red, green and blue."""
        return 1 if self.images.ndim == 3 else 3

    @property
    def tumor(self) -> np.ndarray:
        """uint8 (N, S, S): 1 where there is tumour of any class, else 0."""
        return np.minimum(self.masks, 1) if self.classes else self.masks


def load_split(prepared: Path, split: str) -> SplitArrays:
    """Open one split of the prepared folder without reading its pixels.

    Raises:
        UserError: A file is missing or cut off, or they do not fit together.
    """
    table = read_table(prepared)
    table = table[table["split"] == split].reset_index(drop=True)
    images = read_array(prepared / split / "images.npy")
    if len(images) != len(table):
        raise UserError(
            f"{prepared}: slices.csv has {len(table)} {split} slices, {split}/images.npy has {len(images)}; "
            f"{WAY_OUT}"
        )
    masks = read_array(prepared / split / "masks.npy", images.shape[:3])
    return SplitArrays(images, masks, table, read_classes(prepared))


def shipped_files(table: pd.DataFrame, raw: Path) -> list[Path]:
    """The files of some rows of slices.csv, at their own size, in the folder that `download` made."""
    return [raw / split / name for split, name in zip(table["as_shipped"], table["file"], strict=True)]


def read_table(prepared: Path) -> pd.DataFrame:
    """slices.csv, a row a slice; `category` stays text, `sequence` is a nullable integer.

    Raises:
        UserError: It is missing or cut off.
    """
    return read_csv(
        prepared / "slices.csv",
        NEEDED,
        dtype={"file": "str", "category": "str", "sequence": "Int64"},
        keep_default_na=False,
        na_values={"sequence": [""]},
    )
