"""The figures of every model that people compare: as a dict, as a long table, and as lines to print."""

import math
from typing import Any

import pandas as pd

from tumorseg.metrics import METRICS
from tumorseg.scores_file import Classes, Interval, PixelIntervals, PixelScores, Scores
from tumorseg.text import interval_text, label_agreement

UNKNOWN = Interval(low=math.nan, high=math.nan)
LINE = 100  # characters of a terminal
HEADING = "Dice on valid and test (first: the share of draws of test slices in which a model is first)"


def training_pflops(gflops: float, slices: int, epochs: int) -> float:
    """What training a model took, in PFLOP (10¹⁵ operations).

    Three forward passes a slice and epoch, since the backward pass takes about two (Kaplan et al., Scaling
    Laws for Neural Language Models, 2020, section 2.1). It stands in for wall-clock time, which differs from
    run to run and so is no output of the pipeline.

    Args:
        gflops: Of one forward pass of one slice, in 10⁹ operations.
        slices: In train.
        epochs: Run, those after the one that was kept included.
    """
    return 3 * gflops * slices * epochs / 1e6


def summarise(scores: Scores) -> dict[str, Any]:
    """The figures of one model; of test unless their names say otherwise."""
    best = scores.test.at_best
    return {
        "parameters": scores.parameters,
        "gflops": scores.gflops,
        "threshold": scores.threshold,
        "valid_dice": scores.valid.dice,
        "test_dice": scores.test.dice,
        "test_dice_low": scores.test.dice_interval.low,
        "test_dice_high": scores.test.dice_interval.high,
        "test_dice_mean": best.mean.dice,
        "test_dice_mean_low": best.interval.mean.dice.low,
        "test_dice_mean_high": best.interval.mean.dice.high,
        "test_dice_median": best.median.dice,
        "test_iou": best.pooled.iou,
        "test_precision": best.pooled.precision,
        "test_recall": best.pooled.recall,
        "test_average_precision": scores.test.average_precision.pooled,
        "test_dice_at_half": scores.test.at_half.pooled.dice,
        "test_nsd_mean": best.mean.nsd,
        "test_hd95_median": best.median.hd95,
        "test_box_hit_rate": best.boxes.hit_rate,
        "test_lesion_recall": best.lesions.recall,
        "test_ece": scores.test.calibration.ece,
        **_class_dice(scores.test.classes),
    }


def _class_dice(classes: Classes | None) -> dict[str, Any]:
    """Pooled Dice of each class, and their mean; nothing where there are no classes."""
    if classes is None:
        return {}
    dice = {name: each.pooled.dice for name, each in classes.of.items()}
    return {"test_class_dice": dice, "test_class_dice_mean": classes.mean_dice.value}


def leaderboard(results: dict[str, Scores]) -> pd.DataFrame:
    """A row a model, split, threshold, reduction and metric, in the order of `results`.

    `low` and `high` bound the 95 % interval, where the metrics file has one.
    """
    rows = []
    for model, scores in results.items():
        for split, part in (("valid", scores.valid), ("test", scores.test)):
            half, best, average = part.at_half, part.at_best, part.average_precision
            for threshold, reduction, metrics in (
                ("0.5", "pooled", _metric_rows(half.pooled, average.pooled, None)),
                ("0.5", "mean", _metric_rows(half.mean, average.mean, None)),
                ("valid", "pooled", _metric_rows(best.pooled, average.pooled, best.interval.pooled)),
                ("valid", "mean", _metric_rows(best.mean, average.mean, best.interval.mean)),
            ):
                about = {"model": model, "split": split, "threshold_from": threshold, "reduction": reduction}
                rows += [{**about, **row, "parameters": scores.parameters} for row in metrics]
    return pd.DataFrame(rows)


def model_rows(
    board: dict[str, dict[str, Any]], learns: dict[str, bool], agreement: dict[str, Any]
) -> list[dict[str, Any]]:
    """The table of models of the page of plots, a row a model; of test but for `valid_dice`.

    Each repeats `label_agreement`, how far labels agree with themselves, in words; empty where it is unknown.
    """
    columns = {
        "dice": "test_dice",
        "low": "test_dice_low",
        "high": "test_dice_high",
        "mean_dice": "test_dice_mean",
        "iou": "test_iou",
        "precision": "test_precision",
        "recall": "test_recall",
        "nsd": "test_nsd_mean",
        "hd95": "test_hd95_median",
        "box_hit_rate": "test_box_hit_rate",
        "ece": "test_ece",
    }
    same = ("first_share", "training_pflops", "verdict")
    return [
        {
            "model": name,
            "learns": learns[name],
            "parameters": row["parameters"],
            "valid_dice": row["valid_dice"],
        }
        | {column: row[key] for column, key in columns.items()}
        | {key: row[key] for key in same}
        | {"label_agreement": label_agreement(agreement)}
        for name, row in board.items()
    ]


def _metric_rows(
    scores: PixelScores, average_precision: float, intervals: PixelIntervals | None
) -> list[dict[str, Any]]:
    """A row a metric; its interval is NaN where there is none."""
    values = {metric: getattr(scores, metric) for metric in METRICS} | {
        "average_precision": average_precision
    }
    bounds = {metric: getattr(intervals, metric, UNKNOWN) for metric in values}
    return [
        {"metric": metric, "value": value, "low": bounds[metric].low, "high": bounds[metric].high}
        for metric, value in values.items()
    ]


def as_text(board: dict[str, dict[str, Any]], agreement: dict[str, Any]) -> str:
    """The figures that decide, in a table of LINE characters, what they mean, and the verdicts below it."""
    rows = [
        {
            "model": name,
            "parameters": f"{row['parameters']:,d}",
            "valid": f"{row['valid_dice']:.3f}",
            "test": f"{row['test_dice']:.3f}",
            "95 % interval": interval_text(row["test_dice_low"], row["test_dice_high"]),
            "mean": f"{row['test_dice_mean']:.3f}",
            "NSD": f"{row['test_nsd_mean']:.3f}",
            "HD95": f"{row['test_hd95_median']:.1f}",
            "boxes": f"{row['test_box_hit_rate']:.2f}",
            "ECE": f"{row['test_ece']:.3f}",
            "first": f"{row['first_share']:.0%}",
            **{f"Dice {name}": f"{dice:.3f}" for name, dice in row.get("test_class_dice", {}).items()},
        }
        for name, row in board.items()
    ]
    table = pd.DataFrame(rows).set_index("model").rename_axis(None).to_string(line_width=LINE)
    sentences = ["\n  ".join([name, *row["verdict"]]) for name, row in board.items()]
    meaning = label_agreement(agreement)
    return "\n".join([HEADING, table, *([meaning] if meaning else []), *sentences])
