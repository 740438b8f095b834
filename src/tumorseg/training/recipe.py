"""What a training depends on, and the digest that tells one training from another."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tumorseg.params import Augment, Compute, Model, Train


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

    def fingerprint(self, prepared: Path) -> str:
        """A digest of params, prepared data and code: what a checkpoint may be resumed with."""
        plain = {k: v.model_dump() if hasattr(v, "model_dump") else v for k, v in vars(self).items()}
        del plain["compute"]["workers"]  # changes nothing
        digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
        for folder, kind in ((prepared, "*.npy"), (prepared, "*.json"), (Path(__file__).parents[1], "*.py")):
            for path in sorted(folder.rglob(kind)):
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()[:16]
