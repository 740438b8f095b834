"""Folds of a cross-validation, with counts that can be worked by hand."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from tumorseg.experiments.cv.pool import Fold, fold_of
from tumorseg.metrics import scores

# The whole set: two slices of one name, shipped in two splits, and an empty one.
PREPARED = ["train/1.jpg", "valid/2.jpg", "test/1.jpg"]


def scored(file: str, index: int, group: int, tp: int, fp: int, fn: int, category: str = "0") -> pd.DataFrame:
    """One slice of 100 pixels, as `evaluation` scores it."""
    tn = 100 - tp - fp - fn
    row = {"split": "test", "index": index, "file": file, "category": category, "group": group}
    pixels = {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
    values = {name: float(value) for name, value in scores(*map(np.array, pixels.values())).items()}
    objects = {"lesions": int(tp + fn > 0), "lesions_found": int(tp > 0), "false_lesions": 0}
    shapes = {"hd95": 1.0, "nsd": 0.5, "box_iou": 0.6 if tp else 0.2}
    return pd.DataFrame([row | pixels | values | shapes | objects])


def prepared(*test: str, left_out: Collection[str] = (), of: Collection[str] = PREPARED) -> pd.DataFrame:
    """Every slice of the set, with the splits that a fold gave them."""
    rows = []
    for each in of:
        as_shipped, file = each.split("/")
        split = "test" if each in test else None if each in left_out else "train"
        index = test.index(each) if each in test else None if each in left_out else len(rows)
        rows.append({"as_shipped": as_shipped, "file": file, "split": split, "index": index})
    return pd.DataFrame(rows)


def first_fold(tp: int = 8, fp: int = 2) -> Fold:
    """Two slices of group 3: one at Dice 16/18, and one without tumour."""
    rows = [scored("1.jpg", 0, 3, tp, fp, 8 - tp), scored("2.jpg", 1, 3, 0, 0, 0, category="none")]
    return fold_of("cv-x-fold0", pd.concat(rows), prepared("train/1.jpg", "valid/2.jpg"))


def second_fold(group: int = 7, left_out: Collection[str] = (), tp: int = 1) -> Fold:
    """One slice, at Dice 2/10."""
    return fold_of(
        "cv-x-fold1",
        scored("1.jpg", 0, group, tp, 0, 9 - tp, category="1"),
        prepared("test/1.jpg", left_out=left_out),
    )
