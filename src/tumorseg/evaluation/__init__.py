"""Score a trained model on valid and test; threshold and temperature come from valid alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorseg.artifact import load_model
from tumorseg.evaluation.calibration import calibrate, fit_temperature, reliability
from tumorseg.evaluation.flops import count_gflops
from tumorseg.evaluation.summary import summarise_split
from tumorseg.evaluation.tables import confusion_table, draw_overlays, pr_curve, slice_table
from tumorseg.files import atomic_folder, write_csv, write_json
from tumorseg.metrics import LEVELS, best_level, count_levels
from tumorseg.models.baseline import Baseline
from tumorseg.predict import pick_device, predict_levels
from tumorseg.slices import SplitArrays, load_split
from tumorseg.types import Flip


def evaluate_model(
    folder: Path,
    prepared: Path,
    *,
    accelerator: str,
    beta: float,
    flip: Flip,
    predictions: Path,
    metrics: Path,
    plots: Path,
) -> None:
    """Predict valid and test with the model in `folder` and write all that follows from it.

    Args:
        folder: As written by `artifact.save_model`.
        prepared: Folder made by `prepare.prepare`.
        beta: The threshold is the one with the best F-beta on valid.
        flip: Which mirror image of each slice a net that learns is asked for too (see `predict_levels`).
        predictions: Folder for {valid,test}.npy (probability levels, uint8 (N, S, S)) and slices.csv
            (`tables.slice_table` of both splits).
        metrics: JSON file for the scores: `summary.summarise_split` and `calibration.calibrate` of each
            split, and what the model costs.
        plots: Folder for pr_curve.csv, confusion.csv, reliability.csv and overlays.png.
    """
    device = pick_device(accelerator)
    net, info = load_model(folder)
    gflops = count_gflops(net, info.image_size)
    splits = {split: load_split(prepared, split) for split in ("valid", "test")}
    flip = "none" if isinstance(net, Baseline) else flip
    levels = {
        split: predict_levels(net, arrays.images, info.mean, info.std, device, flip)
        for split, arrays in splits.items()
    }
    counts = {split: count_levels(levels[split], arrays.masks) for split, arrays in splits.items()}
    pooled = {split: array.sum(0) for split, array in counts.items()}
    chosen, temperature = best_level(pooled["valid"], beta), fit_temperature(pooled["valid"])
    tables = {
        split: slice_table(arrays, levels[split], counts[split], chosen) for split, arrays in splits.items()
    }
    result: dict[str, Any] = {"parameters": info.parameters, "epoch": info.best_epoch, "gflops": gflops}
    result |= {"threshold": chosen / LEVELS, "beta": beta}
    for split in splits:
        calibration = {"calibration": calibrate(pooled[split], temperature)}
        result[split] = summarise_split(tables[split], counts[split]) | calibration
    with atomic_folder(predictions) as out:
        for split, array in levels.items():
            np.save(out / f"{split}.npy", array)
        write_csv(out / "slices.csv", pd.concat(tables.values()))
    write_plots(plots, pooled, chosen, beta, splits["test"], levels["test"] >= chosen, tables["test"])
    write_json(metrics, result)
    at_best, at_half = (result["test"][key]["pooled"]["dice"] for key in ("at_best", "at_half"))
    print(f"{info.name}: test Dice {at_best:.3f} pooled at {chosen / LEVELS:.3f}, {at_half:.3f} at 0.5")


def write_plots(
    folder: Path,
    pooled: dict[str, np.ndarray],
    level: int,
    beta: float,
    test: SplitArrays,
    found: np.ndarray,
    table: pd.DataFrame,
) -> None:
    """Write what `dvc plots show` draws of one model.

    Args:
        folder: Is replaced.
        pooled: int (2, 256) of each split.
        level: The chosen threshold times 256.
        beta: Of the F-beta in pr_curve.csv.
        test: The slices that are drawn.
        found: bool (N, S, S), what is predicted of them.
        table: N rows, as from `tables.slice_table`.
    """
    with atomic_folder(folder) as out:
        write_csv(out / "pr_curve.csv", pr_curve(pooled, beta))
        write_csv(out / "confusion.csv", confusion_table(pooled, level))
        write_csv(
            out / "reliability.csv",
            pd.concat([reliability(counts).assign(split=split) for split, counts in pooled.items()])[
                ["split", "predicted", "observed", "pixels"]
            ],
        )
        draw_overlays(out / "overlays.png", test, found, table.dice.to_numpy())
