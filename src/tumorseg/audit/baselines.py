"""What scores without learning: the models `nearest_slice` and `location_prior` without a net around them.

They are computed here so that the audit can tell what a leak is worth before any model is trained.
"""

from collections.abc import Iterable

import numpy as np

from tumorseg.data.slices import SplitArrays
from tumorseg.metrics import STEPS, best_step, mean_defined, quantise, scores


def nearest_mask_dice(train: SplitArrays, part: SplitArrays, nearest: np.ndarray) -> dict[str, float]:
    """Dice on `part`, as of `dice`, of copying the mask of the most similar training slice.

    Args:
        nearest: int (N,), which training slice is most similar to each of the N slices of `part`.
    """
    return dice(part.masks, (train.masks[index] for index in nearest))


def mean_mask_dice(train: SplitArrays, valid: SplitArrays, part: SplitArrays) -> dict[str, float]:
    """Dice on `part`, as of `dice`, of the mean training mask, cut at the threshold that is best on valid."""
    quantised = quantise(tumor_count(train) / len(train))
    # Every slice has the same probabilities, so pixels are counted by place, not slice by slice.
    tumor = tumor_count(valid)
    counts = [
        np.bincount(quantised.ravel(), weights=pixels.ravel(), minlength=STEPS)
        for pixels in (len(valid) - tumor, tumor)
    ]
    # By Dice, whatever evaluate.beta is: the figure should not move with it.
    predicted = quantised >= best_step(np.stack(counts).astype(np.int64), beta=1.0)
    return dice(part.masks, (predicted for _ in range(len(part))))


def tumor_count(arrays: SplitArrays) -> np.ndarray:
    """In how many slices each pixel is tumour, int (S, S)."""
    count = np.zeros(arrays.masks.shape[1:], np.int64)
    for mask in arrays.masks:
        count += mask > 0
    return count


def dice(masks: Iterable[np.ndarray], predicted: Iterable[np.ndarray]) -> dict[str, float]:
    """Dice of masks: `pooled` over all pixels, and the `mean` over the slices that have one.

    A slice where nothing is annotated and nothing predicted has none; NaN where no slice has.

    Args:
        masks: N of (H, W), 0 for background.
        predicted: Likewise.
    """
    counts = np.array([confusion_of(*pair) for pair in zip(masks, predicted, strict=True)]).T
    return {
        "pooled": float(scores(*counts.sum(axis=1))["dice"]),
        "mean": float(mean_defined(scores(*counts)["dice"])),
    }


def confusion_of(mask: np.ndarray, predicted: np.ndarray) -> tuple[int, int, int, int]:
    """TP, FP, FN and TN of a slice; in both of (H, W), 0 is background."""
    truth, guess = mask > 0, predicted > 0
    both, guessed, true = (int(np.count_nonzero(pixels)) for pixels in (truth & guess, guess, truth))
    return both, guessed - both, true - both, truth.size - guessed - true + both
