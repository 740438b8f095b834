"""A model of known predictions on masks of four pixels a side, for scores worked by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from support.rules import plain

from tumorseg import SPLITS
from tumorseg.data.classes import write_classes
from tumorseg.evaluation.evaluate import evaluate_model
from tumorseg.identity import write_identity
from tumorseg.models.artifact import ModelInfo, save_model
from tumorseg.models.registry import build_model, channels
from tumorseg.reading import read_json

SIDE = 4
# The prior of the training masks is 0.4 in column 0, 0.2 in column 1 and 0 elsewhere: steps
# ⌊0.4 × 256⌋ = 102, ⌊0.2 × 256⌋ = 51 and 0 in every slice that is predicted.
QUANTISED = np.tile(np.array([102, 51, 0, 0], np.uint8), (SIDE, 1))


def mask(*columns: int, extra: tuple[int, int] | None = None) -> np.ndarray:
    """Whole columns of tumour, and one pixel more."""
    array = np.zeros((SIDE, SIDE), np.uint8)
    array[:, list(columns)] = 1
    if extra:
        array[extra] = 1
    return array


MASKS = {
    "train": [mask(0), mask(0), mask(1), mask(), mask()],
    # From step 52 to 102 column 0 is predicted: TP 8, FP 0, FN 1, Dice 16/17. Below, column 1 too:
    # TP 9, FP 7, FN 0, Dice 18/25. So valid chooses step 52.
    "valid": [mask(0), mask(0, extra=(0, 1))],
    # At 52: TP 4; FP 4 and FN 4; FP 4. Nothing is predicted at 0.5.
    "test": [mask(0), mask(1), mask()],
}


def write_prepared(folder: Path, masks: dict[str, list[np.ndarray]], classes: list[str]) -> Path:
    """A prepared folder with these masks, on slices of noise; each slice is a group of its own."""
    rng, rows = np.random.default_rng(0), []
    for split, arrays in masks.items():
        (folder / split).mkdir(parents=True)
        shape = (len(arrays), SIDE, SIDE)
        np.save(folder / split / "images.npy", rng.integers(0, 256, shape, dtype=np.uint8))
        np.save(folder / split / "masks.npy", np.stack(arrays))
        for index, array in enumerate(arrays):
            about = {"split": split, "index": index, "file": f"{split}{index}.jpg", "group": len(rows)}
            about |= {"category": "0" if array.any() else "none", "tumor_pixels": 25 * int(array.sum())}
            rows.append(about | {"sequence": index or None})
    pd.DataFrame(rows).astype({"sequence": "Int64"}).to_csv(folder / "slices.csv", index=False)
    write_classes(folder, classes)
    counts = dict.fromkeys(SPLITS, 0) | {split: len(arrays) for split, arrays in masks.items()}
    write_identity(folder, data="made_up", split="shipped", image_size=SIDE, **counts)
    return folder


def fit(folder: Path, masks: list[np.ndarray], classes: list[str]) -> Path:
    """A location prior of these masks, saved as training saves it."""
    net = build_model("location_prior", channels(classes))
    net.fit(torch.empty(0), torch.from_numpy(np.stack(masks))[:, None].float())
    folder.mkdir(parents=True)
    about = {"name": "prior", "architecture": "location_prior", "options": {}, "parameters": 0}
    about |= {"image_size": masks[0].shape[-1], "mean": 0.5, "std": 0.2, "best_epoch": 0, "epochs": 0}
    about |= {"classes": classes}
    save_model(folder, net, ModelInfo(**about))
    return folder


def evaluate(
    root: Path,
    masks: dict[str, list[np.ndarray]],
    beta: float = 1.0,
    classes: tuple[str, ...] = (),
    trained_on: tuple[str, ...] | None = None,
) -> dict:
    """Evaluate in `root` a model of these classes, or of others; the scores."""
    model = fit(root / "model", masks["train"], list(classes if trained_on is None else trained_on))
    prepared = write_prepared(root / "prepared", masks, list(classes))
    out = root / "out"
    evaluate_model(
        model,
        prepared,
        accelerator="cpu",
        rule=plain(beta=beta),
        predictions=out / "predictions",
        headlines=out / "headlines" / "prior.json",
        details=out / "scores.json",
        plots=out / "plots",
    )
    return read_json(out / "scores.json")
