"""How far labels agree with themselves: Dice between the masks of slices that are nearly the same picture.

Such slices are hard to tell apart, and yet their outlines differ: since labels are imprecise, and since the
tumour is another from slice to slice. `ceiling` tells the two apart.
"""

import math
from typing import Any

import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.audit.baselines import confusion_of
from tumorseg.data.similarity import COPY, SIBLING
from tumorseg.data.slices import SplitArrays

# Correlation from which two slices are nearly the same picture. On the real set the median Dice hardly moves
# from 0.93 (0.83, 418 pairs) by 0.95 (0.82, 191) to 0.97 (0.83, 24): from 0.95 up there are enough pairs.
ALIKE = 0.95
FEW = 20  # pairs, below which their median is no figure
COLUMNS = ["as_shipped", "file", "other_as_shipped", "other_file", "similarity", "dice"]


def agreements(slices: pd.DataFrame, arrays: dict[str, SplitArrays]) -> pd.DataFrame:
    """Every slice beside its most similar slice, each pair once, the most similar first.

    Pairs below a correlation of SIBLING are left out, and so are copies (from COPY up), whose masks may be
    copied with them, and pairs without tumour.

    Args:
        slices: With `neighbor` and `neighbor_similarity`; split by split, in the order of the arrays.
        arrays: By split, at the working size.

    Returns:
        COLUMNS: the two files, the split that each came in, their correlation, the Dice of their masks.
    """
    similarity = slices["neighbor_similarity"].to_numpy()
    rows = np.flatnonzero((similarity >= SIBLING) & (similarity < COPY))
    ends = np.sort(np.stack([rows, slices["neighbor"].to_numpy()[rows]], axis=1), axis=1)
    pairs = pd.DataFrame({"one": ends[:, 0], "other": ends[:, 1], "similarity": similarity[rows]})
    pairs = pairs.drop_duplicates(["one", "other"])
    places = [(split, row) for split in SPLITS for row in range(len(arrays[split]))]
    dice = [
        _dice(*(arrays[split].masks[row] for split, row in map(places.__getitem__, pair)))
        for pair in pairs[["one", "other"]].to_numpy().tolist()
    ]
    named = slices[["as_shipped", "file"]]
    found = (
        pairs.assign(dice=dice).dropna().join(named, on="one").join(named.add_prefix("other_"), on="other")
    )
    return found[COLUMNS].sort_values("similarity", ascending=False, kind="stable", ignore_index=True)


def _dice(mask: np.ndarray, other: np.ndarray) -> float:
    """NaN where neither has tumour."""
    tp, fp, fn, _ = confusion_of(mask, other)
    return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else math.nan


def agreement(pairs: pd.DataFrame) -> dict[str, Any]:
    """How far labels agree: `alike_from`, the number of `pairs` that alike, and the `dice` in the median.

    Args:
        pairs: As from `agreements`.

    Returns:
        `dice` is NaN of fewer than FEW pairs.
    """
    alike = pairs.loc[pairs["similarity"] >= ALIKE, "dice"]
    dice = float(alike.median()) if len(alike) >= FEW else math.nan
    return {"alike_from": ALIKE, "pairs": len(alike), "dice": dice}
