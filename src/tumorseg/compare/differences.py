"""Differences between all models on the test slices, and how firm their order is."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from tumorseg.errors import UserError
from tumorseg.metrics import ratio
from tumorseg.paired import Scored, differences, observed, read_slice_scores, sample
from tumorseg.scores_file import score_again

KEYS = ["index", "file", "group"]  # of a slice


@dataclass(frozen=True)
class Comparison:
    """M models compared on the test slices."""

    dice: np.ndarray  # float (M,), pooled over the test slices
    differences: pd.DataFrame  # as from `paired.differences`
    shares: np.ndarray  # float (M, M), as from `rank_shares`


@dataclass(frozen=True)
class Difference:
    """By how much the pooled Dice of one model is above that of another, on test."""

    difference: float
    low: float  # of the 95 % interval
    high: float
    p: float
    p_holm: float  # corrected for all pairs of models


def compare(scored: Scored) -> Comparison:
    """Test every pair of models, and the order of all by pooled Dice."""
    values, replicates = observed(scored), sample(scored)
    table = differences(scored.names, values, replicates, len(np.unique(scored.groups)))
    return Comparison(values["pooled"], table, rank_shares(replicates["pooled"]))


def read_scored(names: list[str], predictions: Path, test: pd.DataFrame) -> Scored:
    """Read what the models `names` scored on each test slice.

    Args:
        predictions: Folder of <model>/slices.csv, as written by `evaluation`.
        test: The test rows of data/prepared/slices.csv.

    Raises:
        UserError: The test slices of a model are not these, in this order.
    """
    counts, dice = [], []
    for name in names:
        table = check_slices(predictions, name, "test", test)
        counts.append(table[["tp", "fp", "fn"]].to_numpy(np.int64))
        dice.append(table["dice"].to_numpy(float))
    return Scored(names, test["group"].to_numpy(np.int64), np.array(counts), np.array(dice))


def check_slices(predictions: Path, name: str, split: str, slices: pd.DataFrame) -> pd.DataFrame:
    """The rows of a split in <name>/slices.csv of the folder of predictions.

    Raises:
        UserError: They are not of `slices`, in this order.
    """
    path = predictions / name / "slices.csv"
    table = read_slice_scores(path, split)
    if table[KEYS].to_numpy().tolist() != slices[KEYS].to_numpy().tolist():
        raise UserError(
            f"{path}: its {split} slices are not those of data/prepared/slices.csv; {score_again(name)}"
        )
    return table


def between(table: pd.DataFrame, model: str, other: str) -> Difference:
    """The difference of two models, from `paired.differences`, whichever of them it has first."""
    pooled = table[table["statistic"] == "pooled"]
    values = pooled[["difference", "low", "high", "p", "p_holm"]].to_numpy(float).tolist()
    pairs = zip(pooled["model"], pooled["other"], strict=True)
    rows = {pair: Difference(*row) for pair, row in zip(pairs, values, strict=True)}
    if (model, other) in rows:
        return rows[model, other]
    row = rows[other, model]
    return replace(row, difference=-row.difference, low=-row.high, high=-row.low)


def rank_shares(replicates: np.ndarray) -> np.ndarray:
    """In what share of the replicates each model has each rank; models of equal Dice have the better rank.

    Args:
        replicates: Dice, float (B, M). Replicates in which a model has NaN do not count.

    Returns:
        float (M, M): [model, rank − 1]; rows sum to 1, or are NaN where no replicate counts.
    """
    replicates = replicates[~np.isnan(replicates).any(axis=1)]
    above = (replicates[:, None, :] > replicates[:, :, None]).sum(axis=2)
    models = replicates.shape[1]
    counts = np.stack([(above == rank).sum(axis=0) for rank in range(models)], axis=1)
    return ratio(counts, np.full_like(counts, len(replicates)))


def median_ranks(shares: np.ndarray) -> np.ndarray:
    """The lowest rank that a model is at or above in half of the replicates, float (M,).

    Args:
        shares: As from `rank_shares`.
    """
    reached = shares.cumsum(axis=1) >= 0.5
    return np.where(reached.any(axis=1), 1.0 + reached.argmax(axis=1), np.nan)
