"""A threshold of its own for each slice, instead of one for all.

With p the probability that a pixel is tumour, the expected Dice of the pixels from some step up is about
2 Σ p / (their number + the sum of p over the whole slice). A slice is cut at the step where that is highest
(Lipton, Elkan and Naryanaswamy 2014, "Optimal Thresholding of Classifiers to Maximize F1 Measure"). So a
faint tumour is not missed because others are bright. No threshold is chosen on valid after that: it may suit
every slice of valid and still call all of another slice tumour. NumPy alone: `predict` runs this.
"""

import numpy as np

from tumorseg.metrics import PROBABILITIES, STEPS, quantise, recall_weight

LOGITS = np.log(PROBABILITIES / (1 - PROBABILITIES))  # of each step


def probability(logits: np.ndarray) -> np.ndarray:
    """The logistic function, in the form that never overflows."""
    halves: np.ndarray = (1 + np.tanh(logits / 2)) / 2
    return halves


def best_cuts(histograms: np.ndarray, slope: float, offset: float, beta: float = 1.0) -> np.ndarray:
    """The step (1…255) from which the pixels of each slice have the best expected F-beta, int (N,).

    Args:
        histograms: Pixels of each slice at each step, int (N, 256).
        slope: Of the logits, as from `platt.fit_platt`.
        offset: Of the logits, likewise.
        beta: See `metrics.f_beta`; 1 is Dice.
    """
    expected = histograms * probability(slope * LOGITS + offset)
    # Pixels from each step up, and how many of them are expected to be tumour.
    pixels, tumor = (array[:, ::-1].cumsum(axis=1)[:, ::-1] for array in (histograms, expected))
    weight = recall_weight(beta)
    score = tumor / (weight * tumor[:, :1] + (1 - weight) * pixels)
    cuts: np.ndarray = 1 + np.where(pixels[:, 1:] > 0, score[:, 1:], 0).argmax(axis=1)
    return cuts


def shift_to_cut(quantised: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Shift the logits of each slice so that its own cut comes to lie at probability 0.5.

    Args:
        quantised: Probabilities (see `metrics`), uint8 (N, S, S).
        cuts: The step at which each slice is cut, int (N,).

    Returns:
        Quantised probabilities, uint8 (N, S, S).
    """
    shares = cuts / STEPS
    tables = quantise(probability(LOGITS - np.log(shares / (1 - shares))[:, None]))
    return np.stack([table[steps] for table, steps in zip(tables, quantised, strict=True)])
