"""Models scored on the same slices, for tests of their differences."""

import numpy as np

from tumorseg.paired import Scored


def scored(counts: dict[str, list], groups: list[int]) -> Scored:
    """Models by name, each with TP, FP and FN of every slice."""
    array = np.array(list(counts.values()))
    tp, fp, fn = np.moveaxis(array, -1, 0)
    with np.errstate(invalid="ignore"):
        return Scored(list(counts), np.array(groups), array, 2 * tp / (2 * tp + fp + fn))


def random_scored(rates: dict[str, float], slices: int = 80) -> Scored:
    """Models that find each of 100 tumour pixels of a slice with a rate, in slices that differ; pairs of them
    are groups."""
    rng = np.random.default_rng(0)
    ease = rng.uniform(0.5, 1.5, slices)
    counts = {}
    for name, rate in rates.items():
        tp = rng.binomial(100, np.clip(rate * ease, 0, 1))
        counts[name] = np.stack([tp, np.full(slices, 5), 100 - tp], axis=1)
    return scored(counts, list(np.arange(slices) // 2))


# Dice of the slices: a 6/7 and 1/2, pooled 8/11; b 4/6 and 2/5, pooled 6/11.
BY_HAND = scored({"a": [[3, 1, 0], [1, 0, 2]], "b": [[2, 1, 1], [1, 1, 2]]}, [0, 1])
