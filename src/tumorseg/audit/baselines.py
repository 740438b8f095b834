"""What scores without learning: the models `nearest_slice` and `location_prior` without a net around them.

They are computed here so that the audit can tell what a leak is worth before any model is trained.
"""

import numpy as np

from tumorseg.data.slices import SplitArrays
from tumorseg.metrics import STEPS, best_step, mean_defined, quantise, scores


def nearest_mask_dice(train: SplitArrays, part: SplitArrays, nearest: np.ndarray) -> dict[str, float]:
    """Dice on `part`, as of `dice`, of copying the mask of the most similar training slice.

    Args:
        nearest: int (N,), which training slice is most similar to each of the N slices of `part`.
    """
    return dice(part.tumor, train.tumor[nearest])


def mean_mask_dice(train: SplitArrays, valid: SplitArrays, part: SplitArrays) -> dict[str, float]:
    """Dice on `part`, as of `dice`, of the mean training mask, cut at the threshold that is best on valid."""
    quantised = quantise(train.tumor.mean(axis=0))
    # Every slice has the same probabilities, so pixels are counted by place, not slice by slice.
    tumor = valid.tumor.sum(axis=0, dtype=np.int64)
    counts = [
        np.bincount(quantised.ravel(), weights=pixels.ravel(), minlength=STEPS)
        for pixels in (len(valid) - tumor, tumor)
    ]
    # By Dice, whatever evaluate.beta is: the figure should not move with it.
    predicted = quantised >= best_step(np.stack(counts).astype(np.int64), beta=1.0)
    return dice(part.tumor, np.broadcast_to(predicted, part.tumor.shape))


def dice(masks: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Dice of masks: `pooled` over all pixels, and the `mean` over the slices that have one.

    A slice where nothing is annotated and nothing predicted has none; NaN where no slice has.

    Args:
        masks: 0/1 (N, H, W).
        predicted: 0/1 (N, H, W).
    """
    truth, guess = (array.reshape(len(array), -1) > 0 for array in (masks, predicted))
    pairs = ((truth, guess), (~truth, guess), (truth, ~guess), (~truth, ~guess))  # TP, FP, FN, TN
    counts = [(x & y).sum(axis=1) for x, y in pairs]
    each = scores(*counts)["dice"]
    return {
        "pooled": float(scores(*(count.sum() for count in counts))["dice"]),
        "mean": float(mean_defined(each)),
    }
