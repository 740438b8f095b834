"""Several nets as one: the mean of their probabilities (Lakshminarayanan et al. 2017, "deep ensembles")."""

import torch
from torch import Tensor, nn

from tumorseg.models.baseline import probability_to_logits
from tumorseg.models.predict import to_probabilities


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
