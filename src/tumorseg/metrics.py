"""Pixel metrics from counts of quantised probabilities: exact at every threshold, in one pass.

A probability p in [0, 1] is kept as the step ⌊256 p⌋ in 0…255 (uint8), so p ≥ k/256 means step ≥ k, and
thresholds are multiples of 1/256. Counts are kept per image and added last. A ratio of nothing is NaN.
"""

import numpy as np
import numpy.typing as npt

from tumorseg.scratch import scratch

STEPS = 256  # of a quantised probability
METRICS = ("precision", "recall", "dice", "iou", "specificity", "accuracy")
PROBABILITIES = (np.arange(STEPS) + 0.5) / STEPS  # what each step stands for: its midpoint
HALF = STEPS // 2  # the step of threshold 0.5


def quantise(probabilities: np.ndarray) -> np.ndarray:
    """The steps, uint8, of probabilities in [0, 1], any shape."""
    steps: np.ndarray = np.minimum(probabilities * STEPS, STEPS - 1)
    return steps.astype(np.uint8)


def count_pixels(quantised: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Count pixels by image, class and step.

    Args:
        quantised: Probabilities, as from `quantise`, uint8 (N, H, W).
        masks: 0/1 (N, H, W).

    Returns:
        int64 (N, 2, 256): [image, 0 background or 1 tumour, step].
    """
    counts = scratch((len(quantised), 2, STEPS), np.int64)
    for row, image, mask in zip(counts, quantised, masks, strict=True):
        pixels = (image + np.uint16(STEPS) * mask.astype(bool)).ravel()
        row[:] = np.bincount(pixels, minlength=2 * STEPS).reshape(2, STEPS)
    return counts


def confusion(counts: np.ndarray) -> np.ndarray:
    """TP, FP, FN, TN at every threshold.

    Args:
        counts: int (..., 2, 256), as from `count_pixels`, or sums of it.

    Returns:
        int64 (4, ..., 256): the last axis is the threshold k/256.
    """
    at_least = counts[..., ::-1].cumsum(-1)[..., ::-1]
    total = counts.sum(-1, keepdims=True)
    fp, tp = at_least[..., 0, :], at_least[..., 1, :]
    return np.stack([tp, fp, total[..., 1, :] - tp, total[..., 0, :] - fp])


def ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> np.ndarray:
    """part / whole, NaN where the whole is 0."""
    whole = np.asarray(whole, dtype=float)
    result = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=result, where=whole != 0)
    return result


def mean_defined(values: np.ndarray, axis: int | None = None) -> np.ndarray:
    """The mean along an axis (None: of all) of the values that are not NaN; NaN where all are."""
    return ratio(np.nansum(values, axis=axis), (~np.isnan(values)).sum(axis=axis))


def scores(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray, tn: np.ndarray) -> dict[str, np.ndarray]:
    """The metrics of METRICS from pixel counts of any common shape, each in [0, 1] or NaN.

    Dice is F1 of the pixels. Precision is NaN where nothing is predicted, recall where there is no
    tumour, Dice and IoU where there is neither.
    """
    return {
        "precision": ratio(tp, tp + fp),
        "recall": ratio(tp, tp + fn),
        "dice": ratio(2 * tp, 2 * tp + fp + fn),
        "iou": ratio(tp, tp + fp + fn),
        "specificity": ratio(tn, tn + fp),
        "accuracy": ratio(tp + tn, tp + fp + fn + tn),
    }


def f_beta(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray, beta: float) -> np.ndarray:
    """F-beta, (1 + β²)PR / (β²P + R) of precision P and recall R (van Rijsbergen 1979), in [0, 1] or NaN.

    Recall counts β times as much as precision; F₁ is Dice. NaN where no tumour is annotated or predicted.

    Args:
        tp: Pixel counts of any shape, which those of `fp` and `fn` share.
        beta: Above 0.
    """
    weight = recall_weight(beta)
    return ratio(tp, tp + weight * fn + (1 - weight) * fp)


def recall_weight(beta: float) -> float:
    """The weight w of recall in F-beta, β² / (1 + β²), in a form that no β overflows.

    With it F-beta is tp / (tp + w fn + (1 − w) fp).
    """
    return 1 / (1 + (1 / beta) * (1 / beta))


def average_precision(counts: np.ndarray) -> np.ndarray:
    """Σ (Rₖ − Rₖ₊₁) Pₖ over thresholds, as scikit-learn's average_precision_score.

    Args:
        counts: int (..., 2, 256).

    Returns:
        float (...), NaN where there is no tumour.
    """
    tp, fp, fn, _ = confusion(counts)
    precision = np.nan_to_num(ratio(tp, tp + fp))
    steps = np.diff(ratio(tp, tp + fn), axis=-1, append=0)
    average: np.ndarray = -(steps * precision).sum(-1)
    return average


def best_dice(counts: np.ndarray) -> float:
    """The highest Dice at any threshold of 1/256 and above; 0 where there is nothing to find.

    Args:
        counts: int (2, 256).
    """
    return float(np.nan_to_num(scores(*confusion(counts))["dice"][1:]).max())


def summarise_counts(counts: np.ndarray) -> dict[str, float]:
    """What a curve shows of one epoch: accuracy and dice at 0.5, and best_dice.

    Args:
        counts: int (2, 256).
    """
    values = scores(*confusion(counts))
    return {
        "accuracy": float(values["accuracy"][HALF]),
        "dice": float(values["dice"][HALF]),
        "best_dice": best_dice(counts),
    }


def best_step(counts: np.ndarray, beta: float = 1.0) -> int:
    """The step (1…255) whose threshold has the highest F-beta; the lowest of several.

    Where no threshold finds any tumour, none is better than another: 0.5.

    Args:
        counts: int (2, 256), pooled over the validation split.
        beta: See `f_beta`; 1 is Dice.
    """
    tp, fp, fn, _ = confusion(counts)[:, 1:]
    values = np.nan_to_num(f_beta(tp, fp, fn, beta))
    return 1 + int(values.argmax()) if values.any() else HALF
