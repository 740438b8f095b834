"""Votes on each pixel: the masks of the training slices that are most similar to its slice.

Language models look up in the same way what followed similar words (Khandelwal et al. 2020, "Generalization
through Memorization"); here the votes are added to the logit. If slices of the same patient are in train, as
a random split leaves them, their masks nearly give the answer away, and the score does not hold for new
patients. If none are, the weight that is chosen on valid is 0.
"""

import numpy as np

from tumorseg.data.similarity import embed, nearest
from tumorseg.data.slices import SplitArrays
from tumorseg.metrics import STEPS, confusion, f_beta, quantise
from tumorseg.scratch import scratch

SPREAD = 0.015  # a slice that is less similar than the nearest by this much counts 1 / e as much
WEIGHTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)  # those that are tried on valid


def neighbor_votes(arrays: SplitArrays, train: SplitArrays, count: int) -> np.ndarray:
    """The share of the similar training slices that have tumour at each pixel, in 255ths.

    Args:
        arrays: N slices of another split.
        train: At least one slice.
        count: How many training slices vote on each slice; more similar ones count for more.

    Returns:
        uint8 (N, S, S).
    """
    index, similarity = nearest(embed(arrays.images), embed(train.images), count)
    weights = np.exp((similarity - similarity[:, :1]) / SPREAD)
    weights /= weights.sum(axis=1, keepdims=True)
    votes = scratch(arrays.masks.shape, np.uint8)
    for slice_votes, rows, weight in zip(votes, index, weights, strict=True):
        slice_votes[:] = (255 * np.tensordot(weight, train.tumor[rows], axes=1)).round()
    return votes


def choose_weight(quantised: np.ndarray, votes: np.ndarray, tumor: np.ndarray, beta: float) -> float:
    """The one of WEIGHTS with the best F-beta, each at its own best threshold; the least of several.

    Args:
        quantised: Probabilities of valid (see `metrics`), uint8 (N, S, S).
        votes: On the same slices, as from `neighbor_votes`.
        tumor: 0/1 (N, S, S).
        beta: See `metrics.f_beta`.
    """
    joint = np.zeros(2 * STEPS * STEPS, np.int64)  # pixels by class, vote and step
    for steps, slice_votes, mask in zip(quantised, votes, tumor, strict=True):
        cells = (mask.astype(np.int64) * STEPS + slice_votes) * STEPS + steps
        joint += np.bincount(cells.ravel(), minlength=len(joint))
    rows = joint.reshape(2, -1)
    best = []
    for weight in WEIGHTS:
        table = _table(weight).ravel()
        counts = np.stack([np.bincount(table, weights=row, minlength=STEPS) for row in rows])
        tp, fp, fn, _ = confusion(counts)[:, 1:]
        best.append(np.nan_to_num(f_beta(tp, fp, fn, beta)).max())
    return WEIGHTS[int(np.argmax(best))]


def blend(quantised: np.ndarray, votes: np.ndarray, weight: float) -> np.ndarray:
    """Probabilities with the votes added to their logits.

    All neighbours with tumour at a pixel add `weight` to its logit, and none subtracts `weight`.

    Args:
        quantised: Probabilities (see `metrics`), uint8 (N, S, S).
        votes: On the same slices, as from `neighbor_votes`.
        weight: 0 or more; 0 changes nothing.

    Returns:
        Quantised probabilities, uint8 (N, S, S).
    """
    return _table(weight)[votes, quantised] if weight else quantised


def _table(weight: float) -> np.ndarray:
    """The blended step of every vote and step, uint8 (256, 256)."""
    probability = (np.arange(STEPS) + 0.5) / STEPS
    share = np.arange(STEPS)[:, None] / (STEPS - 1)
    odds = probability / (1 - probability) * np.exp(weight * (2 * share - 1))
    return quantise(odds / (1 + odds))
