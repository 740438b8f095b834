"""Labels that may be wrong: slices where nets agree with each other, and none of them with the label.

Only slices that no net was trained on are looked at, valid and test: a net repeats a wrong label that it has
learnt. `split.fold` moves other slices there. What counts as agreement is fixed here and chosen on no split.
"""

import math
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorseg.compare.differences import check_slices
from tumorseg.data.slices import SplitArrays
from tumorseg.metrics import STEPS
from tumorseg.reading import read_array
from tumorseg.scores_file import Scores

AGREES = 0.5  # Dice of two masks from which more of their pixels are common than not
ABOUT = ["split", "index", "as_shipped", "file", "category", "height", "width"]  # of slices.csv
COLUMNS = [*ABOUT[:5], "fault", "agreement", "label_dice"]


@dataclass(frozen=True)
class Suspects:
    """K slices whose labels may be wrong, the likeliest first."""

    table: pd.DataFrame  # COLUMNS, height and width; K rows
    voters: list[str]  # the nets that were asked, V; fewer than two find nothing
    looked_at: int  # slices
    predicted: np.ndarray  # bool (K, V, S, S)

    @property
    def consensus(self) -> np.ndarray:
        """Pixels that at least half of the nets have, bool (K, S, S)."""
        return np.asarray(2 * self.predicted.sum(axis=1) >= max(1, len(self.voters)))

    def summary(self) -> dict[str, Any]:
        """The numbers of nets that were asked, of slices that were looked at, and of those found."""
        return {"voters": len(self.voters), "looked_at": self.looked_at, "found": len(self.table)}

    def line(self) -> str:
        """What was found, in a line."""
        if len(self.voters) < 2:
            return "labels to look at: none, as fewer than two nets agree with most labels"
        nets = ", ".join(self.voters)
        return (
            f"labels to look at: {len(self.table)} of {self.looked_at} slices, where {nets} agree with each "
            "other and none with the label (plots/compare/suspects.csv)"
        )


def voters_of(results: dict[str, Scores], learns: dict[str, bool]) -> list[str]:
    """The models that learn and agree with the labels of valid, in the median: others cannot accuse one.

    Args:
        results: By model: its scores.
        learns: By model: whether it learns. An ensemble is left out, since the nets that it is made of vote.
    """
    return [
        name
        for name, scores in results.items()
        if learns.get(name) and scores.valid.at_best.median.dice >= AGREES
    ]


def find_suspects(
    voters: list[str], results: dict[str, Scores], splits: dict[str, SplitArrays], predictions: Path
) -> Suspects:
    """Look for labels that every net disagrees with, though nets agree with each other.

    Args:
        voters: As from `voters_of`.
        results: By model: its scores.
        splits: Valid and test.
        predictions: Folder of <model>/{slices.csv,valid.npy,test.npy}, as written by `evaluation`.

    Raises:
        UserError: A model has predicted other slices than these, or a file is missing or cut off.
    """
    rows: list[dict[str, Any]] = []
    masks: list[np.ndarray] = []
    for split, arrays in splits.items():
        for name in voters:
            check_slices(predictions, name, split, arrays.table)
        quantised = [read_array(predictions / name / f"{split}.npy", arrays.masks.shape) for name in voters]
        steps = [results[name].threshold * STEPS for name in voters]
        abouts: list[dict[Any, Any]] = arrays.table[ABOUT].to_dict("records")
        for index, about in enumerate(abouts if len(voters) > 1 else []):
            predicted = np.stack([each[index] >= step for each, step in zip(quantised, steps, strict=True)])
            label = np.asarray(arrays.masks[index]) > 0
            agreement, of_label = judge(label, predicted)
            if agreement >= AGREES > of_label:
                fault = "elsewhere" if label.any() else "missing"
                found = {"fault": fault, "agreement": agreement, "label_dice": of_label}
                rows.append(about | found)
                masks.append(predicted)
    table = pd.DataFrame(rows, columns=[*COLUMNS, *ABOUT[5:]])
    order = (table.label_dice - table.agreement).argsort(kind="stable").to_numpy()
    shape = next(iter(splits.values())).masks.shape[1:]
    stack = np.array(masks, bool).reshape(len(masks), len(voters), *shape)
    looked_at = sum(len(arrays) for arrays in splits.values())
    return Suspects(table.iloc[order].reset_index(drop=True), voters, looked_at, stack[order])


def judge(label: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    """How far nets agree about a slice, and how far the one that is nearest to the label agrees with it.

    Args:
        label: bool (H, W).
        predicted: bool (V, H, W), of two nets or more.

    Returns:
        The mean Dice of all pairs of nets, where two that see nothing count as 0: nets miss small tumours
        more often than people annotate healthy slices. And the largest Dice of a net and the label, where
        two without a pixel count as 1.
    """
    pairs = [_dice(one, other, nothing=0.0) for one, other in combinations(predicted, 2)]
    return math.fsum(pairs) / len(pairs), max(_dice(one, label, nothing=1.0) for one in predicted)


def _dice(one: np.ndarray, other: np.ndarray, nothing: float) -> float:
    either = np.count_nonzero(one) + np.count_nonzero(other)
    return 2 * np.count_nonzero(one & other) / either if either else nothing
