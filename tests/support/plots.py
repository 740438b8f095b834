"""Made-up files of the shapes that the pipeline leaves in plots/, small enough to check by eye."""

import base64
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from tumorseg import figures
from tumorseg.files import write_csv, write_json

# By valid Dice, best first: neither by name nor by Dice on test. The last learns nothing.
MODELS = ["unet", "deep_cnn", "resnet", "copier"]
SELECTED = "deep_cnn"
PHANTOM = {
    **{"data": "phantom", "split": "shipped", "image_size": 128},
    **{"train": 112, "valid": 32, "test": 16, "digest": "3fa9c1d2"},
}
PICTURES = [
    *(
        "audit/facts",
        "audit/label_agreement",
        "audit/closest_pairs",
        "class_balance/samples",
        "class_balance/composition",
    ),
    *(
        "compare/differences",
        "compare/ranks",
        "compare/cost",
        "compare/side_by_side",
        "compare/suspects",
        "selected/overlays",
    ),
]
FILLERS = 30  # slices that are in the table only to make it long


def grid(**columns: list) -> pd.DataFrame:
    """Every combination of the values, as a table."""
    return pd.MultiIndex.from_product(columns.values(), names=columns).to_frame(index=False)


def curves() -> pd.DataFrame:
    """Four epochs of each model; the one that learns nothing has one row, at epoch 0."""
    table = grid(model=MODELS, split=["train", "valid"], epoch=[0, 1, 2, 3])
    table = table[(table["epoch"] == 0) == (table["model"] == MODELS[-1])]
    table["loss"] = (1 / table["epoch"]).where(table["epoch"] > 0)
    table["accuracy"], table["dice"] = 0.9, 0.2 + 0.1 * table["epoch"]
    table["best_dice"] = table["dice"] + 0.1
    return table


def leaderboard() -> pd.DataFrame:
    """Every score of every model; only those at valid's threshold have an interval."""
    table = grid(
        model=MODELS,
        split=["valid", "test"],
        threshold_from=["0.5", "valid"],
        reduction=["pooled", "mean"],
        metric=["dice", "iou", "precision", "recall", "specificity", "accuracy", "average_precision"],
    )
    table["value"] = 0.8 - 0.1 * table["model"].map(MODELS.index)
    table["low"], table["high"] = table["value"] - 0.05, table["value"] + 0.05
    table.loc[table["threshold_from"] == "0.5", ["low", "high"]] = np.nan
    table["parameters"] = table["model"].map({"unet": 3000, "deep_cnn": 2000, "resnet": 1000})
    return table


def tables() -> dict[str, pd.DataFrame]:
    """The tables that Vega draws."""
    pr_curve = grid(model=MODELS, split=["valid", "test"], threshold=[0.0, 0.3, 0.6, 1.0])
    pr_curve["recall"], pr_curve["precision"] = 1 - pr_curve["threshold"], 0.1 + 0.8 * pr_curve["threshold"]
    pr_curve["f_beta"] = 0.5 - 0.1 * pr_curve["threshold"]
    reliability = grid(model=MODELS, split=["valid", "test"], predicted=[0.0, 0.5, 0.9])
    reliability["observed"], reliability["pixels"] = 0.8 * reliability["predicted"], 1000
    kinds = ["tumor", "background"]
    confusion = grid(model=MODELS, split=["valid", "test"], actual=kinds, predicted=kinds)
    confusion["share"] = np.where(confusion["actual"] == confusion["predicted"], 0.9, 0.1)
    confusion["pixels"] = 1000 * confusion["share"]
    fractions = grid(split=["train", "valid", "test"], fraction_from=[0.0, 0.05, 0.1])
    fractions["fraction_to"], fractions["images"] = fractions["fraction_from"] + 0.05, [3, 5, 1] * 3
    similarity = grid(split=["valid", "test"], similarity_from=[0.8, 0.9])
    similarity["similarity_to"], similarity["images"] = similarity["similarity_from"] + 0.1, [3, 5, 1, 2]
    selected = {
        f"selected/{name}": table[table["model"] == SELECTED].drop(columns="model")
        for name, table in {"pr_curve": pr_curve, "confusion": confusion}.items()
    }
    return selected | {
        "compare/curves": curves(),
        "compare/pr_curve": pr_curve,
        "compare/leaderboard": leaderboard(),
        "compare/confusion": confusion,
        "compare/reliability": reliability,
        "class_balance/tumor_fraction": fractions,
        "audit/similarity": similarity,
    }


def data_uri(pixels: np.ndarray, format: str) -> str:
    """A grey picture as the text that a browser shows."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, lossless=True)
    return f"data:image/{format};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def square(start: int, stop: int) -> str:
    """A mask of 16×16 pixels with a square from `start` to `stop` on both axes."""
    mask = np.zeros((16, 16), np.uint8)
    mask[start:stop, start:stop] = 255
    return data_uri(mask, "png")


def slice_row(file: str, category: str, size: int, counts: list[tuple[int, int, int]]) -> dict[str, Any]:
    """A test slice with TP, FP and FN of each model. Its label is a square, its predictions a larger one."""
    scores = {}
    for model, (tp, fp, fn) in zip(MODELS, counts, strict=True):
        dice = 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else None
        scores[model] = {"dice": dice, "tp": tp, "fp": fp, "fn": fn, "mask": square(2, 14)}
    picture = data_uri(np.full((16, 16), 90, np.uint8), "webp")
    label = square(4, 12) if size else square(0, 0)
    return {
        **{"file": file, "category": category, "size": size, "group": 3},
        **{"picture": picture, "label": label, "models": scores},
    }


def slices() -> list[dict[str, Any]]:
    """Six slices, one of each kind of error of deep_cnn, and fillers."""
    same = [(0, 0, 100)] * 2
    return [
        slice_row("slice_2.jpg", "glioma", 100, [(100, 0, 0), (90, 30, 10), *same]),  # too much, 0.818
        slice_row("slice_10.jpg", "other", 300, [(0, 0, 300), (150, 0, 150), *same]),  # too little, 0.667
        slice_row("slice_1.jpg", "glioma", 50, [(50, 0, 0), (0, 40, 50), *same]),  # not found, 0
        slice_row("slice_3.jpg", "none", 0, [(0, 0, 0), (0, 20, 0), (0, 0, 0), (0, 0, 0)]),  # false alarm, 0
        slice_row("slice_4.jpg", "none", 0, [(0, 9, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0)]),  # rightly none
        slice_row("slice_5.jpg", "glioma", 200, [(200, 0, 0), (200, 0, 0), *same]),  # perfect
        *(
            slice_row(f"filler_{i}.jpg", "filler", 100, [(50, 50, 50), (50, 50, 50), *same])
            for i in range(FILLERS)
        ),
    ]


def models() -> list[dict[str, Any]]:
    """The leaderboard: valid Dice falls, Dice on test does not."""
    test = dict(zip(MODELS, [0.7, 0.8, 0.6, 0.5], strict=True))
    keys = ("mean_dice", "iou", "precision", "recall", "nsd", "hd95", "box_hit_rate", "ece", "first_share")
    return [
        {
            **{"model": name, "learns": name != MODELS[-1], "parameters": 1234567, "training_pflops": 3.5e-4},
            **{"valid_dice": 0.9 - 0.1 * index, "dice": test[name]},
            **{"low": None if index == 2 else test[name] - 0.05, "high": None if index == 2 else 0.85},
            **dict.fromkeys(keys, 0.25),
            "verdict": [f"{name} beats nothing"],
        }
        for index, name in enumerate(MODELS)
    ]


def texts() -> dict[str, list[dict[str, Any]]]:
    """The rows that the page shows as text and tables, without what they say of their data."""
    shares = [("train", 112, 2, 0.031), ("valid", 32, 0, 0.03), ("test", 16, 1, 0.029)]
    return {
        "selected/statement": [
            {"model": SELECTED, "sentence": "deep_cnn has Dice 0.800 on test."},
            {"model": SELECTED, "sentence": "It may be a score on known patients."},
        ],
        "selected/levels": [
            {"name": SELECTED, "dice": 0.8, "low": 0.75, "high": 0.85, "kind": "model"},
            {"name": "copied mask", "dice": 0.6, "low": None, "high": None, "kind": "copy"},
            {"name": "mean mask", "dice": 0.3, "low": None, "high": None, "kind": "mean"},
        ],
        "compare/models": models(),
        "compare/slices": slices(),
        "class_balance/splits": [
            dict(
                zip(
                    ("part", "images", "without_tumor", "annotations", "tumor_share"),
                    (part, images, without, images - without, share),
                    strict=True,
                )
            )
            for part, images, without, share in shares
        ],
        "audit/findings": [
            {
                "severity": "high",
                "finding": "siblings_test",
                "count": 9,
                "message": "a leak",
                "param": "split",
            },
            {"severity": "info", "finding": "boxes", "count": 4, "message": "no outlines", "param": None},
        ],
    }


def fill(folder: Path) -> None:
    """Write the tables, texts and pictures that the pipeline would leave in `folder`."""
    for name, table in tables().items():
        write_csv(folder / f"{name}.csv", table)
    for name, rows in texts().items():
        write_json(folder / f"{name}.json", [row | PHANTOM for row in rows])
    image, mask = np.full((3, 16, 16), 90, np.uint8), np.eye(16, dtype=np.uint8)[None].repeat(3, axis=0)
    first = folder / f"{PICTURES[0]}.png"
    figures.samples(first, image, mask, ["a", "b", "c"])
    for name in PICTURES[1:]:
        shutil.copy(first, folder / f"{name}.png")


def change(file: Path, **fields: Any) -> None:
    """Give every row of a file these values; None takes the field away."""
    rows = [row | fields for row in json.loads(file.read_text(encoding="utf-8"))]
    gone = {name for name, value in fields.items() if value is None}
    write_json(file, [{name: row[name] for name in row if name not in gone} for row in rows])
