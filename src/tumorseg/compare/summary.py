"""The figures of every model that people compare: as a dict, as a long table, and as lines to print."""

import math
from typing import Any

import pandas as pd

from tumorseg.metrics import METRICS
from tumorseg.text import interval_text

THRESHOLDS = {"at_half": "0.5", "at_best": "valid"}
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


def summarise(result: dict[str, Any]) -> dict[str, Any]:
    """The figures of one model, from its metrics file; of test unless their names say otherwise."""
    test = result["test"]
    best = test["at_best"]
    interval = best["interval"]
    return {
        "parameters": result["parameters"],
        "gflops": result["gflops"],
        "threshold": result["threshold"],
        "valid_dice": result["valid"]["at_best"]["pooled"]["dice"],
        "test_dice": best["pooled"]["dice"],
        "test_dice_low": interval["pooled"]["dice"]["low"],
        "test_dice_high": interval["pooled"]["dice"]["high"],
        "test_dice_mean": best["mean"]["dice"],
        "test_dice_mean_low": interval["mean"]["dice"]["low"],
        "test_dice_mean_high": interval["mean"]["dice"]["high"],
        "test_dice_median": best["median"]["dice"],
        "test_iou": best["pooled"]["iou"],
        "test_precision": best["pooled"]["precision"],
        "test_recall": best["pooled"]["recall"],
        "test_average_precision": test["average_precision"]["pooled"],
        "test_dice_at_half": test["at_half"]["pooled"]["dice"],
        "test_nsd_mean": best["mean"]["nsd"],
        "test_hd95_median": best["median"]["hd95"],
        "test_box_hit_rate": best["boxes"]["hit_rate"],
        "test_lesion_recall": best["lesions"]["recall"],
        "test_ece": test["calibration"]["ece"],
        **_class_dice(test),
    }


def _class_dice(test: dict[str, Any]) -> dict[str, Any]:
    """Pooled Dice of each class, and their mean; nothing where there are no classes."""
    if "classes" not in test:
        return {}
    dice = {name: scores["pooled"]["dice"] for name, scores in test["classes"]["of"].items()}
    return {"test_class_dice": dice, "test_class_dice_mean": test["classes"]["mean_dice"]["value"]}


def leaderboard(results: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """A row a model, split, threshold, reduction and metric, in the order of `results`.

    `low` and `high` bound the 95 % interval, where the metrics file has one.
    """
    rows = []
    for model, result in results.items():
        for split in ("valid", "test"):
            for key, threshold in THRESHOLDS.items():
                scores = result[split][key]
                for reduction in ("pooled", "mean"):
                    values = {name: scores[reduction][name] for name in METRICS}
                    values["average_precision"] = result[split]["average_precision"][reduction]
                    intervals = scores.get("interval", {}).get(reduction, {})
                    rows += [
                        {
                            "model": model,
                            "split": split,
                            "threshold_from": threshold,
                            "reduction": reduction,
                            "metric": metric,
                            "value": value,
                            "low": intervals.get(metric, {}).get("low", math.nan),
                            "high": intervals.get(metric, {}).get("high", math.nan),
                            "parameters": result["parameters"],
                        }
                        for metric, value in values.items()
                    ]
    return pd.DataFrame(rows)


def as_text(board: dict[str, dict[str, Any]]) -> str:
    """The figures that decide, in a table of LINE characters, and the verdicts below it."""
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
    return "\n".join([HEADING, table, *sentences])
