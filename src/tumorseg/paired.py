"""Paired differences in Dice between models that were scored on the same slices.

A replicate of the bootstrap holds the same groups of slices for all models, so what makes a slice hard for
every model cancels out of a difference.
"""

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from tumorseg.bootstrap import Bootstrap, interval, p_value
from tumorseg.metrics import mean_defined, ratio
from tumorseg.reading import read_csv

STATISTICS = ("pooled", "mean")  # Dice of all pixels together; mean Dice of the slices where it is defined
COLUMNS = ["model", "other", "statistic", "difference", "low", "high", "p", "p_holm"]
ALPHA = 0.05  # a Holm-corrected p-value below it is more than chance


@dataclass(frozen=True)
class Scored:
    """N slices as M models scored them, each at its own threshold."""

    names: list[str]
    groups: np.ndarray  # int (N,)
    counts: np.ndarray  # int (M, N, 3): TP, FP, FN
    dice: np.ndarray  # float (M, N), NaN where no tumour is annotated and none predicted


def read_slice_scores(file: Path | IO[str], split: str) -> pd.DataFrame:
    """The rows of one split in data/predictions/<model>/slices.csv, in its order.

    Raises:
        UserError: The file is missing or cut off.
    """
    # An empty field is NaN, but a file may be called NA.
    options: dict[str, Any] = {
        "dtype": {"file": str, "category": str},
        "keep_default_na": False,
        "na_values": [""],
    }
    needed = ("split", "index", "file", "group", "tp", "fp", "fn", "dice")
    table = read_csv(file, needed, **options) if isinstance(file, Path) else pd.read_csv(file, **options)
    return table[table["split"] == split].reset_index(drop=True)


def observed(scored: Scored) -> dict[str, np.ndarray]:
    """Each of STATISTICS on all slices, float (M,)."""
    return {"pooled": _pooled(scored.counts.sum(axis=1)), "mean": mean_defined(scored.dice, axis=1)}


def sample(scored: Scored) -> dict[str, np.ndarray]:
    """Each of STATISTICS in each of the B replicates of the bootstrap, float (B, M)."""
    bootstrap = Bootstrap(scored.groups)
    models, slices, _ = scored.counts.shape
    sums = bootstrap.sums(scored.counts.transpose(1, 0, 2).reshape(slices, -1))
    return {
        "pooled": _pooled(sums.reshape(-1, models, 3)),
        "mean": np.stack([bootstrap.means(each) for each in scored.dice], axis=1),
    }


def _pooled(counts: np.ndarray) -> np.ndarray:
    """Dice, float (...), of TP, FP and FN, (..., 3)."""
    tp, fp, fn = np.moveaxis(counts, -1, 0)
    return ratio(2 * tp, 2 * tp + fp + fn)


def differences(
    names: list[str], values: dict[str, np.ndarray], replicates: dict[str, np.ndarray], groups: int
) -> pd.DataFrame:
    """Every pair of models, once: by how much `model` is above `other`.

    Args:
        names: M models; `model` comes before `other` in them.
        values: As from `observed`.
        replicates: As from `sample`.
        groups: How many groups of slices there are.

    Returns:
        COLUMNS: the difference, its 95 % interval, its p-value, and that by Holm for all pairs of the
        statistic. Intervals and p-values are NaN where there are no replicates.
    """
    parts = []
    for statistic in STATISTICS:
        rows = []
        for i, j in combinations(range(len(names)), 2):
            each = replicates[statistic][:, i] - replicates[statistic][:, j]
            rows.append(
                {
                    "model": names[i],
                    "other": names[j],
                    "statistic": statistic,
                    "difference": values[statistic][i] - values[statistic][j],
                    **interval(each),
                    "p": p_value(each, groups),
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
