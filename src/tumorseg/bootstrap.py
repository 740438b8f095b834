"""Intervals and tests from a cluster bootstrap: whole groups of slices are resampled, not single slices.

Slices of one patient resemble each other, so N slices are worth less than N independent ones. Resampling
whole groups keeps what they share (Davison and Hinkley, Bootstrap Methods and their Application, 1997,
section 3.8). Intervals are percentile intervals. The same groups give the same replicates, so two models or
two metrics are compared replicate by replicate: this makes a difference paired.
"""

import numpy as np

from tumorseg.metrics import ratio
from tumorseg.scratch import scratch

REPLICATES = 10_000
CONFIDENCE = 0.95
SEED = 0
CELLS = 2**21  # of replicates by groups, or by slices, that are counted at a time
SUMMED = 2**23  # of replicates by groups, that are summed at a time: floats, whose last bits may depend on it


class Bootstrap:
    """Replicates of a set of slices: each draws as many groups as there are, with replacement.

    Args:
        groups: int (N,), the group of each slice.
        replicates: How many, B. With a single group there are none, since all would be the same.

    Attributes:
        count: G, how many groups there are.
        weights: int (B, G), how often each replicate holds each group.
    """

    def __init__(self, groups: np.ndarray, replicates: int = REPLICATES) -> None:
        labels, self.codes = np.unique(groups, return_inverse=True)
        self.count = len(labels)
        rng = np.random.default_rng(SEED)
        # All replicates of a single group would be the same. Without replicates, intervals are NaN.
        size = replicates if self.count > 1 else 0
        self.weights = scratch((size, self.count), np.int32)
        for rows in _chunks(CELLS, size, self.count):
            # One bincount over many replicates: seven times as fast as a multinomial for each.
            places = self.count * np.arange(len(self.weights[rows]))[:, None]
            chosen = rng.integers(self.count, size=(len(places), self.count)) + places
            self.weights[rows] = np.bincount(chosen.ravel(), minlength=chosen.size).reshape(chosen.shape)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sums over the slices of each replicate.

        Args:
            values: (N,) or (N, K), without NaN.

        Returns:
            float (B,) or (B, K).
        """
        by_group = np.zeros((self.count, *values.shape[1:]))
        np.add.at(by_group, self.codes, values)
        sums = np.empty((len(self.weights), *values.shape[1:]))
        for rows in _chunks(SUMMED, *self.weights.shape):
            sums[rows] = self.weights[rows] @ by_group
        return sums

    def means(self, values: np.ndarray) -> np.ndarray:
        """Means over the slices of each replicate where the value is not NaN; NaN where all are.

        Args:
            values: float (N,) or (N, K).

        Returns:
            float (B,) or (B, K).
        """
        defined = ~np.isnan(values)
        return ratio(self.sums(np.where(defined, values, 0)), self.sums(defined.astype(float)))

    def medians(self, values: np.ndarray) -> np.ndarray:
        """Medians over the slices of each replicate where the value is not NaN; NaN where all are.

        Args:
            values: float (N,).

        Returns:
            float (B,).
        """
        defined = np.flatnonzero(~np.isnan(values))
        order = defined[values[defined].argsort(kind="stable")]
        sorted_values = np.append(values[order], np.nan)
        medians = [np.full(0, np.nan)]
        for rows in _chunks(CELLS, len(self.weights), len(order)):
            upto = self.weights[rows][:, self.codes[order]].cumsum(axis=1)
            total = upto[:, -1] if len(order) else np.zeros(len(upto), int)
            # The two middle slices, which are one where the count is odd.
            middle = [(upto <= rank[:, None]).sum(axis=1) for rank in ((total - 1) // 2, total // 2)]
            means = np.mean([sorted_values[place] for place in middle], axis=0)
            medians.append(np.where(total > 0, means, np.nan))
        return np.concatenate(medians)


def _chunks(cells: int, rows: int, columns: int) -> list[slice]:
    """The rows of a matrix, in parts of so many cells at most."""
    height = max(1, cells // max(1, columns))
    return [slice(start, start + height) for start in range(0, rows, height)]


def interval(replicates: np.ndarray) -> dict[str, float]:
    """The 95 % percentile interval of a statistic: `low` and `high`, NaN where no replicate is defined.

    Args:
        replicates: The statistic in each replicate, float (B,). NaN does not count.
    """
    tail = (1 - CONFIDENCE) / 2
    defined = replicates[~np.isnan(replicates)]
    low, high = np.quantile(defined, [tail, 1 - tail]) if len(defined) else (np.nan, np.nan)
    return {"low": float(low), "high": float(high)}


def p_value(differences: np.ndarray, groups: int) -> float:
    """Two-sided p-value of the hypothesis that a difference is 0.

    It is twice the share of replicates on the rarer side of 0; a replicate at 0 counts on both sides. Many
    replicates of few groups still prove little: no p-value is below 2^(1 − groups), the least that a sign
    test of the groups can give.

    Args:
        differences: The difference in each replicate, float (B,). NaN does not count.
        groups: How many groups there are.

    Returns:
        At least 2 / (B + 1), at most 1; NaN where no replicate is defined.
    """
    defined = differences[~np.isnan(differences)]
    if not len(defined):
        return float("nan")
    rarer = min((defined <= 0).sum(), (defined >= 0).sum())
    return float(np.clip(2 * (rarer + 1) / (len(defined) + 1), 2.0 ** (1 - groups), 1))
