"""Paired differences between models on the test slices, and how firm their order is.

All models are scored on the same slices, and a draw of the bootstrap holds the same groups for all: what
makes a slice hard for every model cancels out of a difference.
"""

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from tumorseg.bootstrap import Bootstrap, interval, p_value
from tumorseg.errors import UserError
from tumorseg.metrics import ratio

STATISTICS = ("pooled", "mean")  # Dice of all pixels together; mean Dice of the slices where it is defined
COLUMNS = ["model", "other", "statistic", "difference", "low", "high", "p", "p_holm"]
KEYS = ["index", "file", "group"]  # what says which slice a row is about


@dataclass(frozen=True)
class Scored:
    """The N test slices as M models scored them, each at its own threshold."""

    names: list[str]
    groups: np.ndarray  # int (N,)
    counts: np.ndarray  # int (M, N, 3): TP, FP, FN
    dice: np.ndarray  # float (M, N), NaN where there is no tumour and none was found


@dataclass(frozen=True)
class Comparison:
    """What follows of the order of M models."""

    dice: np.ndarray  # float (M,), pooled over the test slices
    differences: pd.DataFrame  # as from `differences`
    shares: np.ndarray  # float (M, M), as from `rank_shares`


def compare(scored: Scored) -> Comparison:
    """Test every pair of models, and the order of all by pooled Dice."""
    values, samples = observed(scored), sample(scored)
    table = differences(scored.names, values, samples, len(np.unique(scored.groups)))
    return Comparison(values["pooled"], table, rank_shares(samples["pooled"]))


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
        path = predictions / name / "slices.csv"
        table = pd.read_csv(path, dtype={"file": str}, keep_default_na=False, na_values={"dice": [""]})
        table = table[table["split"] == "test"]
        if table[KEYS].to_numpy().tolist() != test[KEYS].to_numpy().tolist():
            raise UserError(
                f"{path}: its test slices are not those of data/prepared/slices.csv; "
                f"run dvc repro -f -s evaluate@{name}"
            )
        counts.append(table[["tp", "fp", "fn"]].to_numpy(np.int64))
        dice.append(table["dice"].to_numpy(float))
    return Scored(names, test["group"].to_numpy(np.int64), np.array(counts), np.array(dice))


def observed(scored: Scored) -> dict[str, np.ndarray]:
    """Each of STATISTICS on all slices, float (M,)."""
    return {
        "pooled": _pooled(scored.counts.sum(axis=1)),
        "mean": ratio(np.nansum(scored.dice, axis=1), (~np.isnan(scored.dice)).sum(axis=1)),
    }


def sample(scored: Scored) -> dict[str, np.ndarray]:
    """Each of STATISTICS in each of the B draws of the bootstrap, float (B, M)."""
    draws = Bootstrap(scored.groups)
    models, slices, _ = scored.counts.shape
    sums = draws.sums(scored.counts.transpose(1, 0, 2).reshape(slices, -1))
    return {
        "pooled": _pooled(sums.reshape(-1, models, 3)),
        "mean": np.stack([draws.means(each) for each in scored.dice], axis=1),
    }


def _pooled(counts: np.ndarray) -> np.ndarray:
    """Dice, float (...), of TP, FP and FN, (..., 3)."""
    tp, fp, fn = np.moveaxis(counts, -1, 0)
    return ratio(2 * tp, 2 * tp + fp + fn)


def differences(
    names: list[str], values: dict[str, np.ndarray], samples: dict[str, np.ndarray], groups: int
) -> pd.DataFrame:
    """Every pair of models, once: by how much `model` is above `other` on test.

    Args:
        names: M models; `model` comes before `other` in them.
        values: As from `observed`.
        samples: As from `sample`.
        groups: How many were drawn from.

    Returns:
        COLUMNS: the difference, its 95 % interval, its p-value, and that by Holm for all pairs of the
        statistic. Intervals and p-values are NaN where nothing could be drawn.
    """
    parts = []
    for statistic in STATISTICS:
        rows = []
        for i, j in combinations(range(len(names)), 2):
            drawn = samples[statistic][:, i] - samples[statistic][:, j]
            difference = values[statistic][i] - values[statistic][j]
            rows.append(
                {
                    "model": names[i],
                    "other": names[j],
                    "statistic": statistic,
                    "difference": difference,
                    **interval(drawn),
                    "p": p_value(drawn, groups),
                }
            )
        part = pd.DataFrame(rows, columns=COLUMNS[:-1])
        parts.append(part.assign(p_holm=holm(part["p"].to_numpy(float))))
    return pd.concat(parts, ignore_index=True)


def holm(p: np.ndarray) -> np.ndarray:
    """p-values corrected for their number (Holm, 1979), float (K,); NaN stays NaN and counts for none."""
    from statsmodels.stats.multitest import multipletests

    corrected, defined = np.full(len(p), np.nan), ~np.isnan(p)
    if defined.any():
        corrected[defined] = multipletests(p[defined], method="holm")[1]
    return corrected


def between(table: pd.DataFrame, model: str, other: str) -> pd.Series:
    """The row of `differences` on pooled Dice for two models, whichever of them it has first."""
    table = table[table["statistic"] == "pooled"].set_index(["model", "other"])
    if (model, other) in table.index:
        return table.loc[(model, other)]
    row = table.loc[(other, model)].copy()
    row[["difference", "low", "high"]] = [-row["difference"], -row["high"], -row["low"]]
    return row


def rank_shares(drawn: np.ndarray) -> np.ndarray:
    """In what share of the draws each model has each rank; the models of a tie share the better rank.

    Args:
        drawn: float (B, M). Bootstrap in which a model has NaN do not count.

    Returns:
        float (M, M): [model, rank − 1]; rows sum to 1, or are NaN where no draw counts.
    """
    drawn = drawn[~np.isnan(drawn).any(axis=1)]
    above = (drawn[:, None, :] > drawn[:, :, None]).sum(axis=2)
    count = drawn.shape[1]
    tally = np.stack([(above == rank).sum(axis=0) for rank in range(count)], axis=1)
    return ratio(tally, np.full_like(tally, len(drawn)))


def median_ranks(shares: np.ndarray) -> np.ndarray:
    """The lowest rank that a model is at or above in half of the draws, float (M,).

    Args:
        shares: As from `rank_shares`.
    """
    reached = shares.cumsum(axis=1) >= 0.5
    return np.where(reached.any(axis=1), 1.0 + reached.argmax(axis=1), np.nan)
