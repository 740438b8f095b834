"""Probabilities that fit the masks: a line through their logits."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_expit

from tumorseg.evaluation.per_slice_threshold import LOGITS


def fit_platt(counts: np.ndarray) -> tuple[float, float]:
    """Slope and offset of the logits with which probabilities fit the masks best (Platt 1999).

    Args:
        counts: int (2, 256), as from `metrics.count_pixels`, of the whole valid split.
    """
    background, tumor = counts / counts.sum()

    def loss(line: np.ndarray) -> float:
        logits = line[0] * LOGITS + line[1]
        return float(-(tumor * log_expit(logits) + background * log_expit(-logits)).sum())

    slope, offset = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-4}).x
    return float(slope), float(offset)
