"""Scores of each class of tumour, and which class is taken for which, where a dataset has classes."""

from typing import Any

import numpy as np

from tumorseg.bootstrap import Bootstrap, interval
from tumorseg.metrics import mean_defined, scores

NAMES = ("dice", "iou", "precision", "recall")


def count_classes(masks: np.ndarray, predicted: np.ndarray, classes: list[str]) -> np.ndarray:
    """Count pixels by image, actual and predicted class.

    Args:
        masks: uint8 (N, H, W), 0 for background, 1 to K for `classes`.
        predicted: Likewise.

    Returns:
        int64 (N, 1 + K, 1 + K): [image, actual, predicted].
    """
    size = 1 + len(classes)
    rows = [
        np.bincount((size * mask.astype(np.int64) + labels).ravel(), minlength=size**2)
        for mask, labels in zip(masks, predicted, strict=True)
    ]
    return np.stack(rows).reshape(len(rows), size, size)


def summarise_classes(counts: np.ndarray, classes: list[str], groups: np.ndarray) -> dict[str, Any]:
    """Scores of each class against everything else.

    Args:
        counts: int (N, 1 + K, 1 + K), as from `count_classes`.
        classes: K names.
        groups: int (N,), the group of each slice.

    Returns:
        `mean_dice`, the mean over the classes of their pooled Dice, with `low` and `high`, its 95 % interval;
        `of`, by class: `pooled`, the scores of NAMES over all pixels, and `tp`, `fp` and `fn`; `mean`, over
        the slices where a score is defined; `interval` of the pooled scores. `confusion`: by annotated class,
        the pixels by what is predicted there, background or a class. A ratio of nothing is NaN, and a class
        without Dice does not count in the mean.
    """
    hits = counts[:, range(1, len(counts[0])), range(1, len(counts[0]))]
    predicted, actual = counts.sum(1)[:, 1:], counts.sum(2)[:, 1:]
    rest = counts.sum((1, 2))[:, None] - predicted - actual + hits
    each = np.stack([hits, predicted - hits, actual - hits, rest], axis=1)  # (N, 4, K): TP, FP, FN, TN
    sums = Bootstrap(groups).sums(each.reshape(len(each), -1)).reshape(-1, *each.shape[1:])
    pooled, of_slices, replicates = (
        scores(*np.moveaxis(array, -2, 0)) for array in (each.sum(0), each, sums)
    )
    result = {}
    for index, name in enumerate(classes):
        result[name] = {
            "pooled": {score: float(pooled[score][index]) for score in NAMES}
            | dict(zip(("tp", "fp", "fn"), each.sum(0)[:3, index].tolist(), strict=True)),
            "mean": {score: float(mean_defined(of_slices[score][:, index])) for score in NAMES},
            "interval": {score: interval(replicates[score][:, index]) for score in NAMES},
        }
    return {
        "mean_dice": {
            "value": float(mean_defined(pooled["dice"])),
            **interval(mean_defined(replicates["dice"], axis=1)),
        },
        "of": result,
        "confusion": {
            name: dict(zip(["background", *classes], row.tolist(), strict=True))
            for name, row in zip(classes, counts.sum(0)[1:], strict=True)
        },
    }
