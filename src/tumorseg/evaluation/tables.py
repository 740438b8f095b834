"""What an evaluation writes besides its scores: each slice, curves, confusion, pictures."""

from pathlib import Path

import numpy as np
import pandas as pd

from tumorseg.data.slices import SplitArrays
from tumorseg.evaluation.regions import region_scores
from tumorseg.evaluation.surface import surface_scores
from tumorseg.metrics import STEPS, average_precision, confusion, f_beta, scores

ABOUT = ["split", "index", "file", "category", "sequence", "group", "tumor_pixels"]
COUNTS = ["tp", "fp", "fn", "tn"]
AT_A_TIME = 512  # slices, whose scores are computed
OVERLAYS = 4  # slices each of best, median and worst


def score_slices(counts: np.ndarray, step: int) -> pd.DataFrame:
    """TP, FP, FN, TN and the METRICS of each slice at one threshold.

    Args:
        counts: int (N, 2, 256), as from `metrics.count_pixels`.
        step: The threshold times 256.
    """
    fp, tp = counts[..., step:].sum(-1).T
    background, tumor = counts.sum(-1).T
    per_image = tp, fp, tumor - tp, background - fp
    return pd.DataFrame(dict(zip(COUNTS, per_image, strict=True)) | scores(*per_image))


def slice_table(arrays: SplitArrays, quantised: np.ndarray, counts: np.ndarray, step: int) -> pd.DataFrame:
    """One row a slice: where it is from and its scores at one threshold.

    Args:
        arrays: N slices.
        quantised: Predicted probabilities (see `metrics`), uint8 (N, S, S).
        counts: int (N, 2, 256), of `quantised`, as from `metrics.count_pixels`.
        step: The threshold times 256.

    Returns:
        ABOUT, COUNTS, METRICS, average_precision (over all thresholds), hd95 and nsd (see `surface`),
        box_iou, lesions, lesions_found and false_lesions (see `regions`). A ratio of nothing is NaN.
    """
    parts = [
        _scored(arrays.masks[rows], quantised[rows], counts[rows], step)
        for rows in (slice(start, start + AT_A_TIME) for start in range(0, len(arrays), AT_A_TIME))
    ]
    return pd.concat([arrays.table[ABOUT], pd.concat(parts, ignore_index=True)], axis=1)


def _scored(masks: np.ndarray, quantised: np.ndarray, counts: np.ndarray, step: int) -> pd.DataFrame:
    """The scores in `slice_table`, of some slices; masks may have classes."""
    masks, predictions = (masks > 0).astype(np.uint8), (quantised >= step).astype(np.uint8)
    hd95, nsd = surface_scores(masks, predictions)
    pixels = score_slices(counts, step).assign(
        average_precision=average_precision(counts), hd95=hd95, nsd=nsd
    )
    regions = pd.DataFrame(
        [region_scores(*pair) for pair in zip(masks, predictions, strict=True)],
        columns=["box_iou", "lesions", "lesions_found", "false_lesions"],
    )
    return pd.concat([pixels, regions], axis=1)


def pr_curve(pooled: dict[str, np.ndarray], beta: float) -> pd.DataFrame:
    """Precision, recall and F-beta of each split at each threshold where anything is predicted.

    Args:
        pooled: int (2, 256) of each split.
        beta: See `metrics.f_beta`.
    """
    tables = []
    for split, counts in pooled.items():
        tp, fp, fn, tn = confusion(counts)
        values = scores(tp, fp, fn, tn)
        columns = {
            "recall": values["recall"],
            "precision": values["precision"],
            "threshold": np.arange(STEPS) / STEPS,
            "f_beta": f_beta(tp, fp, fn, beta),
        }
        tables.append(pd.DataFrame(columns).assign(split=split).dropna())
    return pd.concat(tables)


def confusion_table(pooled: dict[str, np.ndarray], step: int) -> pd.DataFrame:
    """Pixels by split, actual and predicted class, and their share of the actual class.

    Args:
        pooled: int (2, 256) of each split.
        step: The threshold times 256.
    """
    rows = []
    for split, counts in pooled.items():
        tp, fp, fn, tn = confusion(counts)[:, step]
        for actual, predicted, pixels, total in (
            ("tumor", "tumor", tp, tp + fn),
            ("tumor", "background", fn, tp + fn),
            ("background", "tumor", fp, fp + tn),
            ("background", "background", tn, fp + tn),
        ):
            share = pixels / total if total else np.nan
            rows.append(
                {"split": split, "actual": actual, "predicted": predicted, "pixels": pixels, "share": share}
            )
    return pd.DataFrame(rows)


def draw_overlays(path: Path, arrays: SplitArrays, predictions: np.ndarray, dice: np.ndarray) -> None:
    """Draw the slices with the highest, the middle and the lowest Dice.

    Args:
        path: PNG to write.
        arrays: N slices.
        predictions: uint8 (N, S, S), the index of the class that is predicted, 0 where it is background.
        dice: float (N,).
    """
    from tumorseg.figures import overlays

    groups = choose_overlays(dice)
    rows = np.concatenate(list(groups.values()))
    titles = [f"{group}  Dice {dice[row]:.2f}" for group, members in groups.items() for row in members]
    overlays(path, arrays.images[rows], arrays.masks[rows], predictions[rows], titles, arrays.classes)


def choose_overlays(dice: np.ndarray) -> dict[str, np.ndarray]:
    """Rows of the slices that are best, median and worst by Dice, each from high to low.

    A slice without Dice, since no tumour is annotated and none predicted, is left out, unless all are.
    """
    rows = np.arange(len(dice))
    if not np.isnan(dice).all():
        rows = rows[~np.isnan(dice)]
    order = rows[dice[rows].argsort(kind="stable")[::-1]]
    middle = max(0, (len(order) - OVERLAYS) // 2)
    return {
        "best": order[:OVERLAYS],
        "median": order[middle : middle + OVERLAYS],
        "worst": order[-OVERLAYS:],
    }
