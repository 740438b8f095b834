"""What an evaluation writes besides its scores."""

from pathlib import Path

import numpy as np
import pandas as pd

from tumorseg.evaluation.calibration import reliability
from tumorseg.evaluation.segmentation import Segmentation
from tumorseg.evaluation.tables import confusion_table, draw_overlays, pr_curve
from tumorseg.files import atomic_folder, write_csv


def write_predictions(folder: Path, segmented: dict[str, Segmentation]) -> None:
    """Write what is predicted of each split, pixel by pixel and slice by slice.

    Args:
        folder: Is replaced. It gets <split>.npy (`quantised`), where there are classes <split>_classes.npy
            (`predicted`), and slices.csv (`table` of all splits).
        segmented: By split.
    """
    with atomic_folder(folder) as out:
        for split, each in segmented.items():
            np.save(out / f"{split}.npy", each.quantised)
            if each.arrays.classes:
                np.save(out / f"{split}_classes.npy", each.predicted)
        write_csv(out / "slices.csv", pd.concat([each.table for each in segmented.values()]))


def write_plots(folder: Path, segmented: dict[str, Segmentation], step: int, beta: float) -> None:
    """Write what `dvc plots show` draws of one model.

    Args:
        folder: Is replaced. It gets pr_curve.csv, confusion.csv, reliability.csv and overlays.png.
        segmented: By split; overlays are of test.
        step: From which a pixel is tumour.
        beta: Of the F-beta in pr_curve.csv.
    """
    pooled, test = {split: each.pooled for split, each in segmented.items()}, segmented["test"]
    bins = [reliability(each.by_probability).assign(split=split) for split, each in segmented.items()]
    with atomic_folder(folder) as out:
        write_csv(out / "pr_curve.csv", pr_curve(pooled, beta))
        write_csv(out / "confusion.csv", confusion_table(pooled, step))
        write_csv(out / "reliability.csv", pd.concat(bins)[["split", "predicted", "observed", "pixels"]])
        draw_overlays(out / "overlays.png", test.arrays, test.predicted, test.table.dice.to_numpy())
