"""Several nets as one: the mean of their probabilities (Lakshminarayanan et al. 2017, "deep ensembles")."""

from pathlib import Path

import torch
from torch import Tensor, nn

from tumorseg.errors import UserError
from tumorseg.files import atomic_folder
from tumorseg.models.artifact import ModelInfo, load_model, save_model
from tumorseg.models.baseline import probability_to_logits
from tumorseg.models.predict import to_probabilities

ENSEMBLE = "ensemble"  # stands for the architecture of models that were joined
ALIKE = ("image_size", "channels", "mean", "std", "classes")  # of two models that can be joined


class Ensemble(nn.Module):
    """Logits of the mean of its members' probabilities; shapes as those of each."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        probabilities = torch.stack([to_probabilities(member(x).float()) for member in self.members])
        return probability_to_logits(probabilities.mean(dim=0))


def join(nets: list[nn.Module]) -> nn.Module:
    """The one net, or the ensemble of several."""
    return nets[0] if len(nets) == 1 else Ensemble(nets)


def join_models(name: str, first: Path, second: Path, out: Path) -> None:
    """Write two trained models as one, the mean of their probabilities; nothing is trained.

    Args:
        name: Of the ensemble.
        first: Folder of a model, as written by `artifact.save_model`, or of an ensemble.
        second: Likewise.
        out: Folder for weights.safetensors and model.json.

    Raises:
        UserError: A file is missing or malformed, or the two were trained on other data.
    """
    (net, one), (other_net, other) = load_model(first), load_model(second)
    for key in ALIKE:
        if (ours := getattr(one, key)) != (theirs := getattr(other, key)):
            raise UserError(
                f"{first} has {key} {ours}, and {second} has {theirs}: they were trained on other data; "
                "train them again (dvc repro)"
            )
    info = ModelInfo(
        name=name,
        architecture=ENSEMBLE,
        options={},
        parameters=one.parameters + other.parameters,
        best_epoch=one.best_epoch,
        epochs=max(one.epochs, other.epochs),
        members=2,
        gflops=one.gflops + other.gflops,
        parts=[one, other],
        **{key: getattr(one, key) for key in ALIKE},
    )
    with atomic_folder(out) as folder:
        save_model(folder, Ensemble([net, other_net]), info)
