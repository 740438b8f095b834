"""The model that the pipeline delivers, at paths that do not change with its name."""

import json
import shutil
from pathlib import Path

from tumorseg.files import atomic_folder, write_json


def report_model(name: str, metrics: Path, evaluated: Path, out: Path, plots: Path) -> None:
    """Put model `name`'s scores and plots where `dvc metrics diff` and `dvc plots diff` compare them.

    Args:
        metrics: The model's JSON file, as written by `evaluation.evaluate_model`.
        evaluated: The model's folder of plots, as written there.
        out: JSON file: the name, then the scores.
        plots: Folder for the plots.
    """
    scores = json.loads(metrics.read_text(encoding="utf-8"))
    with atomic_folder(plots) as folder:
        shutil.copytree(evaluated, folder, dirs_exist_ok=True)
    write_json(out, {"model": name, **scores})
    dice = scores["test"]["at_best"]["pooled"]["dice"]
    print(f"selected: {name}, test Dice {dice:.3f} pooled at threshold {scores['threshold']:.3f}")
