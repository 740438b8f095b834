"""What a training depends on, and the digest that tells one training from another."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tumorseg.reading import read_json, read_yaml, reading

if TYPE_CHECKING:
    from tumorseg.params import Model
    from tumorseg.sections import Augment, Compute, Train


@dataclass(frozen=True)
class Recipe:
    """All that training depends on, besides the data and the code."""

    name: str  # what the model is called in params.yaml
    model: "Model"
    seed: int
    epochs: int
    pos_weight: float  # what a tumour pixel weighs in cross-entropy
    augment: "Augment"
    train: "Train"
    compute: "Compute"

    @property
    def ranks(self) -> int:
        """How many processes train it; a baseline, which learns nothing, needs one."""
        return self.train.ranks if self.model.loss else 1

    def fingerprint(self, prepared: Path, code: Iterable[Path]) -> str:
        """A digest of params, prepared data and code: what a checkpoint may be resumed with.

        Args:
            prepared: Folder made by `prepare.prepare`.
            code: Files and folders, as from `training_code`.
        """
        plain = {k: v.model_dump() if hasattr(v, "model_dump") else v for k, v in vars(self).items()}
        del plain["compute"]["workers"]  # changes nothing
        digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
        files = [*sorted(prepared.rglob("*.npy")), *sorted(prepared.rglob("*.json"))]
        for place in code:
            files += sorted(place.rglob("*.py")) if place.is_dir() else [place]
        for path in files:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()[:16]


def make_recipe(
    name: str,
    model: "Model",
    *,
    seed: int,
    epochs: int,
    pos_weight: float,
    augment: "Augment",
    train: "Train",
    compute: "Compute",
) -> Recipe:
    """The recipe of one entry of `models`: its own values in place of those of the dataset and the sections.

    Args:
        name: Of the entry.
        model: The entry.
        seed: Of weights, shuffling and augmentation.
        epochs: Of the dataset.
        pos_weight: What a tumour pixel weighs in cross-entropy.
        augment: The section; so are `train` and `compute`.
    """
    return Recipe(
        name=name,
        model=model,
        seed=seed,
        epochs=model.epochs or epochs,
        pos_weight=pos_weight,
        augment=augment.changed(model.augment),
        train=train.changed(model.train),
        compute=compute,
    )


def read_pos_weight(measured: Path) -> float:
    """What a tumour pixel weighs by default, from metrics/class_balance.json.

    Raises:
        UserError: The file is missing or cut off.
    """
    facts = read_json(measured)
    with reading(measured):
        return float(facts["pos_weight"])


def training_code(pipeline: Path, architecture: str) -> list[Path]:
    """The code that the stage `train` depends on: files and folders, in the order of dvc.yaml.

    dvc.yaml is the one list of it. What it does not name, such as `compare`, may be edited while a training
    is cut off: its checkpoint is still good.

    Args:
        pipeline: Path of dvc.yaml; what it lists is relative to its folder.
        architecture: Of the model, whose net's file is part of the code.

    Raises:
        UserError: The file is missing or is not YAML.
    """
    listed = read_yaml(pipeline)["stages"]["train"]["do"]["deps"]
    places = [place.replace("${item.architecture}", architecture) for place in listed]
    return [pipeline.parent / place for place in places if place.startswith(("src/", "stages/"))]
