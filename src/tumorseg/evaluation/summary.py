"""The scores of a split, from its slices: pooled, mean and median, with intervals, and of its parts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tumorseg.bootstrap import Bootstrap, interval
from tumorseg.evaluation.regions import HIT
from tumorseg.evaluation.tables import COUNTS, score_slices
from tumorseg.metrics import HALF, METRICS, average_precision, ratio, scores

SHAPES = ("hd95", "nsd", "box_iou")
# What has an interval; specificity and accuracy are near 1 whatever is predicted.
POOLED = ("dice", "iou", "precision", "recall")
MEAN = (*POOLED, *SHAPES)
MEDIAN = ("dice", "iou", *SHAPES)
SIZES = ("small", "medium", "large")


def summarise_split(table: pd.DataFrame, counts: np.ndarray) -> dict[str, Any]:
    """All scores of one split.

    Args:
        table: A row a slice, as from `tables.slice_table`, at the chosen threshold.
        counts: int (N, 2, 256), as from `metrics.count_pixels`, of the same slices.

    Returns:
        `slices` and `groups`, how many there are; `average_precision`, pooled over all pixels and as the
        mean of slices; `at_half`, `summarise` at threshold 0.5; `at_best`, `summarise` at the chosen
        threshold, with medians, 95 % intervals of a bootstrap over groups, lesions, boxes, empty slices
        and the same by category and by tumour size.
    """
    return {
        "slices": len(table),
        "groups": int(table.group.nunique()),
        "average_precision": {
            "pooled": float(average_precision(counts.sum(0))),
            "mean": float(table.average_precision.mean()),
        },
        "at_half": summarise(score_slices(counts, HALF), METRICS),
        "at_best": summarise_best(table),
    }


def summarise(table: pd.DataFrame, names: tuple[str, ...]) -> dict[str, Any]:
    """Scores at one threshold.

    Args:
        table: A row a slice: COUNTS and `names`.
        names: Scores to average; those of METRICS are pooled as well.

    Returns:
        `pooled`, METRICS over all pixels, and COUNTS; `mean` over the slices where a score is defined;
        `undefined`, the number of slices where it is not.
    """
    pooled = table[COUNTS].sum()
    values = {name: float(value) for name, value in scores(*pooled.to_numpy()).items()}
    return {
        "pooled": values | {name: int(pooled[name]) for name in COUNTS},
        "mean": {name: float(table[name].mean()) for name in names},
        "undefined": {name: int(table[name].isna().sum()) for name in names},
    }


def summarise_best(table: pd.DataFrame) -> dict[str, Any]:
    """Scores at the chosen threshold, from `tables.slice_table`; see `summarise_split`."""
    names, bootstrap = (*METRICS, *SHAPES), Bootstrap(table.group.to_numpy())
    result = summarise(table, names)
    return {
        "pooled": result["pooled"],
        "mean": result["mean"],
        "median": {name: float(table[name].median()) for name in names},
        "undefined": result["undefined"],
        "interval": _intervals(table, bootstrap),
        **summarise_objects(table),
        "by": {
            "category": summarise_parts(table, table.category, sorted(table.category.unique()), bootstrap),
            "size": summarise_parts(table, size_classes(table), SIZES, bootstrap),
        },
    }


def _intervals(table: pd.DataFrame, bootstrap: Bootstrap) -> dict[str, dict[str, dict[str, float]]]:
    """By reduction and score: `low` and `high` of its 95 % interval."""
    pooled = scores(*bootstrap.sums(table[COUNTS].to_numpy()).T)
    means = bootstrap.means(table[list(MEAN)].to_numpy()).T
    return {
        "pooled": {name: interval(pooled[name]) for name in POOLED},
        "mean": {name: interval(replicates) for name, replicates in zip(MEAN, means, strict=True)},
        "median": {name: interval(bootstrap.medians(table[name].to_numpy())) for name in MEDIAN},
    }


def summarise_objects(table: pd.DataFrame) -> dict[str, Any]:
    """Lesions and boxes, over all slices together, and the area predicted where there is no tumour."""
    annotated, hit, false = table[["lesions", "lesions_found", "false_lesions"]].sum()
    boxes, empty = table.box_iou.dropna(), table[table.tp + table.fn == 0]
    return {
        "lesions": {
            "annotated": int(annotated),
            "found": int(hit),
            "recall": float(ratio(hit, annotated)),
            "false_positives_per_image": float(false / len(table)),
        },
        "boxes": {
            "hit_rate": float(ratio((boxes >= HIT).sum(), len(boxes))),
            "images": len(boxes),
        },
        "empty": {
            "images": len(empty),
            "false_positive_share": float(ratio(empty.fp.sum(), empty[COUNTS].to_numpy().sum())),
        },
    }


def size_classes(table: pd.DataFrame) -> pd.Series:
    """Which third of the split's annotated slices, by annotated area, each slice is of, as a name of SIZES.

    Equal areas are of one class, so the thirds may be uneven. Slices without tumour are of none, "".
    """
    area = table.tp + table.fn
    annotated = area > 0
    bounds = np.quantile(area[annotated], [1 / 3, 2 / 3]) if annotated.any() else [0, 0]
    return pd.Series(np.array(SIZES)[np.searchsorted(bounds, area)], table.index).where(annotated, "")


def summarise_parts(
    table: pd.DataFrame, labels: pd.Series, names: Sequence[str], bootstrap: Bootstrap
) -> dict[str, Any]:
    """Scores of the slices of each label; the replicates are those of the whole split.

    Args:
        table: N rows, as from `tables.slice_table`.
        labels: N labels.
        names: The labels to score.
        bootstrap: Of the groups of `table`.
    """
    inside = (labels.to_numpy()[:, None] == np.array(names)).T
    counts = table[COUNTS].to_numpy()
    # All at once, since replicates are many: (N, 4) of each part side by side.
    sums = bootstrap.sums(np.concatenate([counts * rows[:, None] for rows in inside], axis=1))
    parts = {}
    for name, rows, part_sums in zip(names, inside, np.split(sums, len(names), axis=1), strict=True):
        part = table[rows]
        pooled = scores(*part[COUNTS].sum().to_numpy())
        dice = scores(*part_sums.T)["dice"]
        parts[name] = {
            "slices": len(part),
            "dice_pooled": float(pooled["dice"]),
            "dice_mean": float(part.dice.mean()),
            "recall": float(pooled["recall"]),
            # A part of one group is the same in every replicate that holds it: no measure of chance.
            "interval": interval(dice if part.group.nunique() > 1 else dice[:0]),
        }
    return parts
