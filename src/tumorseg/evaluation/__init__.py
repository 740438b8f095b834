"""Score a trained model on valid and test; threshold and temperature come from valid alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tumorseg.data.slices import SplitArrays, load_split
from tumorseg.errors import UserError
from tumorseg.evaluation.calibration import calibrate, fit_temperature, reliability
from tumorseg.evaluation.flops import count_gflops
from tumorseg.evaluation.per_class import count_classes, summarise_classes
from tumorseg.evaluation.predictions import predict_splits
from tumorseg.evaluation.summary import summarise_split
from tumorseg.evaluation.tables import confusion_table, draw_overlays, pr_curve, slice_table
from tumorseg.files import atomic_folder, write_csv, write_json
from tumorseg.metrics import STEPS, count_pixels
from tumorseg.models.artifact import load_model
from tumorseg.models.predict import pick_device

if TYPE_CHECKING:
    from tumorseg.params import Evaluate


def evaluate_model(
    folder: Path,
    prepared: Path,
    *,
    accelerator: str,
    rule: "Evaluate",
    predictions: Path,
    metrics: Path,
    plots: Path,
) -> None:
    """Predict valid and test with the model in `folder` and write all that follows from it.

    Args:
        folder: As written by `artifact.save_model`.
        prepared: Folder made by `prepare.prepare`.
        rule: How probabilities are made and cut; what it leaves open is chosen on valid.
        predictions: Folder for {valid,test}.npy (probability levels, uint8 (N, S, S)), slices.csv
            (`tables.slice_table` of both splits) and, where there are classes, {valid,test}_classes.npy (the
            index of what is predicted at the threshold, uint8 (N, S, S), 0 for background).
        metrics: JSON file for the scores: `summary.summarise_split`, `calibration.calibrate` and, where there
            are classes, `per_class.summarise_classes` of each split, and what the model costs.
        plots: Folder for pr_curve.csv, confusion.csv, reliability.csv and overlays.png.

    Raises:
        UserError: The model was trained on other classes than the prepared folder has.
    """
    device = pick_device(accelerator)
    net, info = load_model(folder)
    gflops = count_gflops(net, info.image_size)
    splits = {split: load_split(prepared, split) for split in ("valid", "test")}
    if splits["test"].classes != info.classes:
        raise UserError(
            f"{folder}: was trained on the classes {info.classes}, but {prepared} has "
            f"{splits['test'].classes}; train it again (dvc repro)"
        )
    probable = predict_splits(net, info, splits, prepared, rule, device)
    levels = probable.levels
    counts = {split: count_pixels(levels[split], arrays.masks) for split, arrays in splits.items()}
    pooled = {split: array.sum(0) for split, array in counts.items()}
    chosen, temperature = probable.threshold, fit_temperature(probable.counts["valid"])
    found = {split: (array >= chosen) * probable.indices[split] for split, array in levels.items()}
    tables = {
        split: slice_table(arrays, levels[split], counts[split], chosen) for split, arrays in splits.items()
    }
    result: dict[str, Any] = {"parameters": info.parameters, "epoch": info.best_epoch, "gflops": gflops}
    result |= {
        "threshold": chosen / STEPS,
        **rule.model_dump(exclude={"flip"}),
        "neighbors_weight": probable.weight,
    }
    for split in splits:
        calibration = {"calibration": calibrate(probable.counts[split], temperature)}
        result[split] = summarise_split(tables[split], counts[split]) | calibration
        if info.classes:
            confused = count_classes(splits[split].masks, found[split], info.classes)
            groups = tables[split].group.to_numpy()
            result[split]["classes"] = summarise_classes(confused, info.classes, groups)
    with atomic_folder(predictions) as out:
        for split, array in levels.items():
            np.save(out / f"{split}.npy", array)
            if info.classes:
                np.save(out / f"{split}_classes.npy", found[split])
        write_csv(out / "slices.csv", pd.concat(tables.values()))
    write_plots(
        plots, pooled, probable.counts, chosen, rule.beta, splits["test"], found["test"], tables["test"]
    )
    write_json(metrics, result)
    at_best, at_half = (result["test"][key]["pooled"]["dice"] for key in ("at_best", "at_half"))
    print(f"{info.name}: test Dice {at_best:.3f} pooled at {chosen / STEPS:.3f}, {at_half:.3f} at 0.5")


def write_plots(
    folder: Path,
    pooled: dict[str, np.ndarray],
    probable: dict[str, np.ndarray],
    level: int,
    beta: float,
    test: SplitArrays,
    found: np.ndarray,
    table: pd.DataFrame,
) -> None:
    """Write what `dvc plots show` draws of one model.

    Args:
        folder: Is replaced.
        pooled: int (2, 256) of each split, by the level that is cut.
        probable: The same by probability.
        level: The chosen threshold times 256.
        beta: Of the F-beta in pr_curve.csv.
        test: The slices that are drawn.
        found: uint8 (N, S, S), the index of the class predicted of them, 0 for background.
        table: N rows, as from `tables.slice_table`.
    """
    with atomic_folder(folder) as out:
        write_csv(out / "pr_curve.csv", pr_curve(pooled, beta))
        write_csv(out / "confusion.csv", confusion_table(pooled, level))
        write_csv(
            out / "reliability.csv",
            pd.concat([reliability(counts).assign(split=split) for split, counts in probable.items()])[
                ["split", "predicted", "observed", "pixels"]
            ],
        )
        draw_overlays(out / "overlays.png", test, found, table.dice.to_numpy())
