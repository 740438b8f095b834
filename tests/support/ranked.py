"""Small trainings on several ranks, each a process of this file: python ranked.py PREPARED FOLDER CHANGES."""

import json
import os
import subprocess
import sys
from pathlib import Path

from support.training import CODE, recipe

from tumorseg import stage
from tumorseg.training import train_model
from tumorseg.training.launch import launch, started_as_rank
from tumorseg.training.recipe import Recipe

SCRIPT = str(Path(__file__))


def changed(changes: dict) -> Recipe:
    """A recipe in float32 with changes to its model, its `train` section and its epochs."""
    # Steps in bfloat16 would blow small differences up.
    small = {"precision": "32-true", "workers": changes.get("workers", 0), "accelerator": "cpu"}
    base = recipe(changes.get("name", "simple_cnn"), changes.get("epochs", 2))
    parts = {
        "model": base.model.model_copy(update=changes.get("model", {})),
        "train": base.train.model_copy(update=changes.get("train", {})),
        "compute": base.compute.model_copy(update=small),
        "seed": changes.get("seed", 0),
    }
    return Recipe(**(vars(base) | parts))


def command(prepared: Path, folder: Path, changes: dict) -> list[str]:
    """What trains `changed(changes)` as stages/train.py does: it starts the ranks, or is one."""
    return [SCRIPT, str(prepared), str(folder), json.dumps(changes)]


def start(words: list[str], **environment: str) -> subprocess.Popen:
    more = {"PYTHONPATH": os.pathsep.join([os.environ["PYTHONPATH"], str(Path(__file__).parents[1])])}
    pipe = subprocess.PIPE
    return subprocess.Popen(words, env=os.environ | more | environment, stdout=pipe, stderr=pipe, text=True)


def finish(process: subprocess.Popen) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


def train(prepared: Path, folder: Path, changes: dict, **environment: str) -> tuple[int, str, str]:
    """Exit status, output and errors of a training that starts its ranks."""
    return finish(start([sys.executable, *command(prepared, folder, changes)], **environment))


def result(folder: Path) -> tuple[bytes, bytes, bytes]:
    files = "model/weights.safetensors", "model/model.json", "curves.csv"
    return tuple((folder / name).read_bytes() for name in files)


def main(prepared: str, folder: str, changes: str) -> None:
    made = changed(json.loads(changes))
    if made.ranks > 1 and not started_as_rank():
        return launch(made.ranks, sys.argv)
    place = Path(folder)
    train_model(made, Path(prepared), CODE, place / "model", place / "curves.csv", place / "work")


if __name__ == "__main__":
    stage.run(main)
