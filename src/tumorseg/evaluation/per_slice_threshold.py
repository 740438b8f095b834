"""Where to cut a slice's probabilities: at its own level rather than at one for all.

With p the probability that a pixel is tumour, the expected Dice of the pixels from some level up is about
2 Σ p / (their number + the sum of p over the whole slice). A slice is cut at the level where that is highest
(Lipton, Elkan and Naryanaswamy 2014, "Optimal Thresholding of Classifiers to Maximize F1 Measure"), so a
faint tumour is not missed because others are bright. That cut is final: a threshold chosen on top, on valid,
may suit every slice there and still call all of some other slice tumour.
"""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit

from tumorseg.evaluation.calibration import PROBABILITIES
from tumorseg.metrics import STEPS, quantise, recall_weight

LOGITS = logit(PROBABILITIES)  # of each level


def fit_platt(counts: np.ndarray) -> tuple[float, float]:
    """Slope and offset of the logits that make probabilities fit what is observed (Platt 1999).

    Args:
        counts: int (2, 256), as from `metrics.count_pixels`, of the whole valid split.
    """
    background, tumor = counts / counts.sum()

    def loss(line: np.ndarray) -> float:
        logits = line[0] * LOGITS + line[1]
        return -(tumor * log_expit(logits) + background * log_expit(-logits)).sum()

    slope, offset = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-4}).x
    return float(slope), float(offset)


def best_cuts(histograms: np.ndarray, slope: float, offset: float, beta: float = 1.0) -> np.ndarray:
    """The level (1…255) from which the pixels of each slice have the best expected F-beta, int (N,).

    Args:
        histograms: Pixels of each slice at each level, int (N, 256).
        slope: Of the logits, as from `fit_platt`, and so is the offset.
        offset: Added to them.
        beta: See `metrics.f_beta`; 1 is Dice.
    """
    expected = histograms * expit(slope * LOGITS + offset)
    pixels, found = (array[:, ::-1].cumsum(axis=1)[:, ::-1] for array in (histograms, expected))
    weight = recall_weight(beta)
    score = found / (weight * found[:, :1] + (1 - weight) * pixels)
    return 1 + np.where(pixels[:, 1:] > 0, score[:, 1:], 0).argmax(axis=1)


def shift_to_cut(levels: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Levels, uint8 (N, S, S), whose logits are moved so that the cut of each slice, int (N,), is at 0.5."""
    tables = quantise(expit(LOGITS - logit(cuts / STEPS)[:, None]))
    return np.stack([table[slice_] for table, slice_ in zip(tables, levels, strict=True)])
