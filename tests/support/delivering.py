"""A delivered net from a few phantom slices, made by the stages' own functions in seconds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from support.rules import plain
from support.training import recipe, run

from tumorseg.audit import audit
from tumorseg.data.masks import render_masks
from tumorseg.data.prepare import prepare
from tumorseg.data.read import read_reading, read_slice
from tumorseg.data.slices import load_split
from tumorseg.delivery.deliver import deliver_model
from tumorseg.evaluation.evaluate import evaluate_model
from tumorseg.params import Blocks, PhantomSource
from tumorseg.report import report_model
from tumorseg.sections import Split
from tumorseg.sources import fetch
from tumorseg.types import Channels

SIZE = 32
SOURCE = PhantomSource(kind="phantom", seed=0, patients=8, slices_per_patient=3, native_size=64)
CLASSES = {"glioma": ["0"], "other": ["1"]}


def slices_of(
    root: Path,
    preprocess: list[str],
    classes: bool = False,
    channels: Channels = 1,
    change: Callable[[Path], None] = lambda raw: None,
) -> None:
    """Raw slices, which `change` may change, masks and prepared arrays in a folder."""
    categories: Any = CLASSES if classes else ["0", "1"]
    fetch(SOURCE, root / "raw")
    change(root / "raw")
    render_masks(root / "raw", root / "masks", categories)
    prepare(
        root / "raw",
        root / "masks",
        root / "prepared",
        name="phantom",
        image_size=SIZE,
        channels=channels,
        steps=preprocess,
        rule=Split(strategy="shipped", folds=8, fold=0),
        blocks=Blocks(size=30, gap=5),
    )
    audit(
        root / "raw",
        root / "prepared",
        categories,
        fail_on=[],
        metrics=root / "audit.json",
        plots=root / "audit",
        passed=root / "audit.ok",
    )


def trained(root: Path, name: str, changes: dict[str, Any] | None = None, **rule: Any) -> None:
    """A model of params.yaml, or of a changed recipe, trained for two epochs and evaluated."""
    run(recipe(name, epochs=2, **changes or {}), root / "prepared", root)
    evaluate_model(
        root / "model",
        root / "prepared",
        accelerator="cpu",
        rule=plain(**rule),
        predictions=root / "predictions",
        headlines=root / "headline.json",
        details=root / "details.json",
        plots=root / "plots",
    )
    report_model(
        name,
        details=root / "details.json",
        audit=root / "audit.json",
        evaluated=root / "plots",
        selected=root / "selected.json",
        stated=root / "statement.json",
        plots=root / "selected",
    )


def deliver(root: Path, preprocess: list[str], out: Path | None = None) -> Path:
    """The delivered folder."""
    out = out or root / "delivered"
    deliver_model(
        root / "model",
        prepared=root / "prepared",
        raw=root / "raw",
        masks=root / "masks",
        predictions=root / "predictions",
        details=root / "details.json",
        stated=root / "statement.json",
        preprocess=preprocess,
        source=SOURCE,
        out=out,
    )
    return out


def delivered(root: Path, name: str, preprocess: list[str], classes: bool = False, **rule: Any) -> Path:
    """All of it."""
    slices_of(root, preprocess, classes)
    trained(root, name, **rule)
    return deliver(root, preprocess)


def raw_slices(root: Path, split: str) -> list[np.ndarray]:
    """The slices of a split at their own size, in the order of slices.csv."""
    table = load_split(root / "prepared", split).table
    reading = read_reading(root / "prepared")
    return [
        read_slice(root / "raw" / folder / file, reading)
        for folder, file in zip(table["as_shipped"], table["file"], strict=True)
    ]
