"""Every model side by side."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from tumorseg.files import atomic_folder, write_csv, write_json
from tumorseg.metrics import METRICS

THRESHOLDS = {"at_half": "0.5", "at_best": "valid"}
TABLES = ("pr_curve", "confusion")


def compare_models(
    names: list[str], metrics: Path, curves: Path, evaluated: Path, out: Path, plots: Path
) -> None:
    """Gather the scores and curves of the models `names`.

    Only the models named are read: files of a model since taken out of params.yaml may lie beside them.

    Args:
        metrics: Folder of <model>.json, as written by `evaluation.evaluate_model`.
        curves: Folder of <model>.csv, as written by `training.train_model`.
        evaluated: Folder of <model>/{pr_curve,confusion}.csv.
        out: JSON file: the scores of each model that a leaderboard needs, best valid Dice first.
        plots: Folder for leaderboard.csv, curves.csv, pr_curve.csv and confusion.csv.
    """
    results = {name: json.loads((metrics / f"{name}.json").read_text(encoding="utf-8")) for name in names}
    # By valid: the order suggests which model to deliver, and test is for no choice.
    ranking = sorted(names, key=lambda name: -results[name]["valid"]["at_best"]["pooled"]["dice"])
    board = {name: summary(results[name]) for name in ranking}
    with atomic_folder(plots) as folder:
        write_csv(folder / "leaderboard.csv", leaderboard({name: results[name] for name in ranking}))
        write_csv(folder / "curves.csv", pd.concat([read_csv(curves / f"{name}.csv") for name in names]))
        for table in TABLES:
            parts = [read_csv(evaluated / name / f"{table}.csv").assign(model=name) for name in names]
            write_csv(folder / f"{table}.csv", pd.concat(parts))
    write_json(out, board)
    print(pd.DataFrame(board).T.astype({"parameters": int}).to_string(float_format="{:.3f}".format))


def read_csv(path: Path) -> pd.DataFrame:
    """A table whose model names stay text, be they `NA` or `01`."""
    return pd.read_csv(path, dtype={"model": str}, keep_default_na=False, na_values={"loss": [""]})


def summary(result: dict[str, Any]) -> dict[str, float]:
    """The figures of one model that people compare, from its metrics file."""
    test, valid = result["test"], result["valid"]
    return {
        "parameters": result["parameters"],
        "threshold": result["threshold"],
        "valid_dice": valid["at_best"]["pooled"]["dice"],
        "test_dice": test["at_best"]["pooled"]["dice"],
        "test_dice_mean": test["at_best"]["mean"]["dice"],
        "test_iou": test["at_best"]["pooled"]["iou"],
        "test_precision": test["at_best"]["pooled"]["precision"],
        "test_recall": test["at_best"]["pooled"]["recall"],
        "test_average_precision": test["average_precision"]["pooled"],
        "test_dice_at_half": test["at_half"]["pooled"]["dice"],
    }


def leaderboard(results: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """A row a model, split, threshold, reduction and metric, in the order of `results`."""
    rows = []
    for model, result in results.items():
        for split in ("valid", "test"):
            for key, threshold in THRESHOLDS.items():
                for reduction in ("pooled", "mean"):
                    values = {name: result[split][key][reduction][name] for name in METRICS}
                    values["average_precision"] = result[split]["average_precision"][reduction]
                    rows += [
                        {
                            "model": model,
                            "split": split,
                            "threshold_from": threshold,
                            "reduction": reduction,
                            "metric": metric,
                            "value": value,
                            "parameters": result["parameters"],
                        }
                        for metric, value in values.items()
                    ]
    return pd.DataFrame(rows)
