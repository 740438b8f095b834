"""A second opinion on each pixel: the masks of the training slices that resemble its slice the most.

As language models look up what followed similar words (Khandelwal et al. 2020, "Generalization through
Memorization"), with logits added up in place of probabilities. Where slices of the same patient are in
train, as a random split leaves them, that is as good as a look at the answer, and says nothing of new
patients; where none is, valid gives the opinion no weight.
"""

import numpy as np

from tumorseg.data.similarity import embed, nearest
from tumorseg.data.slices import SplitArrays
from tumorseg.metrics import STEPS, confusion, f_beta, quantise

SPREAD = 0.015  # a slice that is less similar than the nearest by so much counts 1 / e of it
WEIGHTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)  # what is tried on valid


def neighbor_votes(arrays: SplitArrays, train: SplitArrays, count: int) -> np.ndarray:
    """What part of the similar training slices has tumour at each pixel, in 255ths, uint8 (N, S, S).

    Args:
        arrays: N slices of another split.
        train: At least one slice.
        count: How many training slices are asked about each; nearer ones count for more.
    """
    index, similarity = nearest(embed(arrays.images), embed(train.images), count)
    weights = np.exp((similarity - similarity[:, :1]) / SPREAD)
    weights /= weights.sum(axis=1, keepdims=True)
    opinions = np.empty(arrays.images.shape, np.uint8)
    for opinion, rows, weight in zip(opinions, index, weights, strict=True):
        opinion[:] = (255 * np.tensordot(weight, train.tumor[rows], axes=1)).round()
    return opinions


def choose_weight(levels: np.ndarray, opinions: np.ndarray, tumor: np.ndarray, beta: float) -> float:
    """The one of WEIGHTS that gives the best F-beta, each at its own best threshold; the least of several.

    Args:
        levels: Of the valid split (see `metrics`), uint8 (N, S, S).
        opinions: Of the same slices, as of `neighbor_votes`.
        tumor: 0/1 (N, S, S).
        beta: See `metrics.f_beta`.
    """
    joint = np.zeros(2 * STEPS * STEPS, np.int64)  # pixels by class, opinion and level
    for level, opinion, mask in zip(levels, opinions, tumor, strict=True):
        cells = (mask.astype(np.int64) * STEPS + opinion) * STEPS + level
        joint += np.bincount(cells.ravel(), minlength=len(joint))
    rows = joint.reshape(2, -1)
    best = []
    for weight in WEIGHTS:
        table = _table(weight).ravel()
        counts = np.stack([np.bincount(table, weights=row, minlength=STEPS) for row in rows])
        tp, fp, fn, _ = confusion(counts)[:, 1:]
        best.append(np.nan_to_num(f_beta(tp, fp, fn, beta)).max())
    return WEIGHTS[int(np.argmax(best))]


def blend(levels: np.ndarray, opinions: np.ndarray, weight: float) -> np.ndarray:
    """Levels with `weight` added to the logit where all neighbours have tumour, taken away where none has."""
    return _table(weight)[opinions, levels] if weight else levels


def _table(weight: float) -> np.ndarray:
    """The blended level of every opinion and level, uint8 (256, 256)."""
    probability = (np.arange(STEPS) + 0.5) / STEPS
    opinion = np.arange(STEPS)[:, None] / (STEPS - 1)
    odds = probability / (1 - probability) * np.exp(weight * (2 * opinion - 1))
    return quantise(odds / (1 + odds))
