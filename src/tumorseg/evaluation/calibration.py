"""Calibration: whether as many pixels are tumour as their probabilities say.

Probabilities are quantised (see `metrics`); step k stands for its midpoint (`metrics.PROBABILITIES`).
"""

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from tumorseg.metrics import PROBABILITIES, ratio

BINS = 15  # as Guo et al. (2017)
LIMIT = 100.0  # temperatures are sought from 1/LIMIT to LIMIT


def reliability(counts: np.ndarray, probabilities: np.ndarray = PROBABILITIES) -> pd.DataFrame:
    """What a reliability diagram shows: pixels in BINS bins of equal width by their probability.

    Args:
        counts: int (2, 256), pixels of a split by class and step.
        probabilities: float (256,) in [0, 1], what each step stands for.

    Returns:
        A row a bin that holds pixels: `predicted`, their mean probability; `observed`, the share of them
        that is tumour; `pixels`.
    """
    index = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    tumor, pixels, total = (
        np.bincount(index, weights, BINS)
        for weights in (counts[1], counts.sum(0), counts.sum(0) * probabilities)
    )
    table = {
        "predicted": ratio(total, pixels),
        "observed": ratio(tumor, pixels),
        "pixels": pixels.astype(int),
    }
    return pd.DataFrame(table).dropna(ignore_index=True)


def calibration_error(counts: np.ndarray, probabilities: np.ndarray = PROBABILITIES) -> float:
    """Expected calibration error: the mean over pixels of |observed − predicted| of their bin.

    Guo et al., On Calibration of Modern Neural Networks (2017), equation 3, for the probability of tumour.
    Most of a slice is background that no model doubts, well within the first bin. So the error is small for
    any model, and the diagram shows more. NaN without pixels.
    """
    bins = reliability(counts, probabilities)
    return float(ratio(((bins.observed - bins.predicted).abs() * bins.pixels).sum(), bins.pixels.sum()))


def brier_score(counts: np.ndarray, probabilities: np.ndarray = PROBABILITIES) -> float:
    """The mean over pixels of (probability − class)² (Brier 1950). NaN without pixels."""
    squares = counts[0] @ probabilities**2 + counts[1] @ (1 - probabilities) ** 2
    return float(ratio(squares, counts.sum()))


def scale(temperature: float) -> np.ndarray:
    """The probability of each step, float (256,), once its logit is divided by `temperature`."""
    probabilities: np.ndarray = expit(logit(PROBABILITIES) / temperature)
    return probabilities


def fit_temperature(counts: np.ndarray) -> float:
    """The temperature T with the lowest negative log-likelihood of the pixels (Guo et al. 2017, section 4.2).

    The likelihood is convex in 1/T, so a search along log T finds the one minimum. Above 1, the model is
    overconfident.

    Args:
        counts: int (2, 256), pooled over valid.

    Returns:
        From 1/LIMIT to LIMIT; NaN where a class has no pixels, since the likelihood then has no minimum.
    """
    if not counts.sum(1).all():
        return float("nan")

    def mean_loss(log_temperature: float) -> float:
        logits = logit(PROBABILITIES) / np.exp(log_temperature)
        loss = counts[0] @ np.logaddexp(0, logits) + counts[1] @ np.logaddexp(0, -logits)
        return float(loss / counts.sum())

    bounds = (-np.log(LIMIT), np.log(LIMIT))
    best = minimize_scalar(mean_loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(best.x))


def calibrate(counts: np.ndarray, temperature: float) -> dict[str, float]:
    """ECE and Brier score of a split as predicted, and scaled by valid's `temperature`.

    Args:
        counts: int (2, 256), pooled over the split.
        temperature: As from `fit_temperature`; where it is NaN, so are the scaled scores.
    """
    scaled = {"ece_scaled": np.nan, "brier_scaled": np.nan}
    if not np.isnan(temperature):
        probabilities = scale(temperature)
        scaled["ece_scaled"] = calibration_error(counts, probabilities)
        scaled["brier_scaled"] = brier_score(counts, probabilities)
    return {
        "ece": calibration_error(counts),
        "brier": brier_score(counts),
        "temperature": temperature,
        **scaled,
    }
