"""Score a trained model on valid and test; thresholds come from valid alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorseg.artifact import load_model
from tumorseg.files import atomic_folder, write_csv, write_json
from tumorseg.metrics import (
    HALF,
    LEVELS,
    METRICS,
    average_precision,
    best_level,
    confusion,
    count_levels,
    scores,
)
from tumorseg.predict import pick_device, predict_levels
from tumorseg.slices import SplitArrays, load_split

OVERLAYS = 4  # slices each of best, median and worst


def summarise(counts: np.ndarray, level: int) -> dict[str, Any]:
    """Scores at one threshold, pooled over all pixels and as the mean over images.

    Args:
        counts: int (N, 2, 256), as from `metrics.count_levels`.
        level: The threshold times 256.

    Returns:
        `pooled` with METRICS and the pixel counts; `mean` over the images where a metric is defined;
        `undefined`, the number of images where it is not.
    """
    per_image = confusion(counts)[..., level]
    pooled = per_image.sum(1)
    each = scores(*per_image)
    return {
        "pooled": {k: float(v) for k, v in scores(*pooled).items()}
        | dict(zip(("tp", "fp", "fn", "tn"), map(int, pooled), strict=True)),
        "mean": {name: mean_defined(each[name]) for name in METRICS},
        "undefined": {name: int(np.isnan(each[name]).sum()) for name in METRICS},
    }


def mean_defined(values: np.ndarray) -> float:
    """The mean of what is not NaN; NaN if nothing is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")


def evaluate_model(
    folder: Path, prepared: Path, *, accelerator: str, predictions: Path, metrics: Path, plots: Path
) -> None:
    """Predict valid and test with the model in `folder` and write all that follows from it.

    Args:
        folder: As written by `artifact.save_model`.
        prepared: Folder made by `prepare.prepare`.
        predictions: Folder for {valid,test}.npy (probability levels, uint8 (N, S, S)) and slices.csv
            (the pixel counts and scores of each slice at the chosen threshold).
        metrics: JSON file for the scores.
        plots: Folder for pr_curve.csv, confusion.csv and overlays.png.
    """
    net, info = load_model(folder)
    splits = {split: load_split(prepared, split) for split in ("valid", "test")}
    device = pick_device(accelerator)
    levels = {
        split: predict_levels(net, arrays.images, info.mean, info.std, device)
        for split, arrays in splits.items()
    }
    counts = {split: count_levels(levels[split], arrays.masks) for split, arrays in splits.items()}
    chosen = best_level(counts["valid"].sum(0))
    result: dict[str, Any] = {
        "parameters": info.parameters,
        "epoch": info.best_epoch,
        "threshold": chosen / LEVELS,
    }
    for split in splits:
        result[split] = {
            "average_precision": {
                "pooled": float(average_precision(counts[split].sum(0))),
                "mean": mean_defined(average_precision(counts[split])),
            },
            "at_half": summarise(counts[split], HALF),
            "at_best": summarise(counts[split], chosen),
        }
    table = pd.concat([per_slice(arrays, counts[split], chosen) for split, arrays in splits.items()])
    with atomic_folder(predictions) as out:
        for split, array in levels.items():
            np.save(out / f"{split}.npy", array)
        write_csv(out / "slices.csv", table)
    with atomic_folder(plots) as out:
        write_csv(out / "pr_curve.csv", pr_curve(counts))
        write_csv(out / "confusion.csv", confusion_table(counts, chosen))
        draw_overlays(
            out / "overlays.png", splits["test"], levels["test"] >= chosen, table[table.split == "test"]
        )
    write_json(metrics, result)
    at_best, at_half = (result["test"][key]["pooled"]["dice"] for key in ("at_best", "at_half"))
    print(f"{info.name}: test Dice {at_best:.3f} pooled at {chosen / LEVELS:.3f}, {at_half:.3f} at 0.5")


def per_slice(arrays: SplitArrays, counts: np.ndarray, level: int) -> pd.DataFrame:
    """One row a slice: where it is from, TP, FP, FN, TN and the scores at `level`."""
    per_image = confusion(counts)[..., level]
    columns = dict(zip(("tp", "fp", "fn", "tn"), per_image, strict=True)) | scores(*per_image)
    about = arrays.table[["split", "index", "file", "category", "sequence"]]
    return about.assign(**columns, average_precision=average_precision(counts))


def pr_curve(counts: dict[str, np.ndarray]) -> pd.DataFrame:
    """Pooled precision and recall of each split at each threshold where anything is predicted."""
    tables = []
    for split, array in counts.items():
        values = scores(*confusion(array.sum(0)))
        tables.append(
            pd.DataFrame(
                {
                    "recall": values["recall"],
                    "precision": values["precision"],
                    "threshold": np.arange(LEVELS) / LEVELS,
                    "split": split,
                }
            ).dropna()
        )
    return pd.concat(tables)


def confusion_table(counts: dict[str, np.ndarray], level: int) -> pd.DataFrame:
    """Pixels by split, actual and predicted class, and their share of the actual class."""
    rows = []
    for split, array in counts.items():
        tp, fp, fn, tn = confusion(array.sum(0))[:, level]
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


def draw_overlays(path: Path, arrays: SplitArrays, predictions: np.ndarray, table: pd.DataFrame) -> None:
    """Draw the slices with the highest, the middle and the lowest Dice."""
    from tumorseg.figures import overlays

    dice = table.dice.to_numpy()
    groups = choose_overlays(dice)
    rows = np.concatenate(list(groups.values()))
    titles = [f"{group}  Dice {dice[row]:.2f}" for group, members in groups.items() for row in members]
    overlays(path, arrays.images[rows], arrays.masks[rows], predictions[rows].astype(np.uint8), titles)


def choose_overlays(dice: np.ndarray) -> dict[str, np.ndarray]:
    """Rows of the slices that are best, median and worst by Dice, each from high to low.

    A slice whose Dice is NaN, since it has no tumour and none was found, is left out as neither good
    nor bad, unless all are.
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
