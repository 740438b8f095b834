"""What learns nothing, yet is trained, saved and evaluated like any net."""

import torch
from torch import Tensor, nn

EPSILON = 1e-4  # keeps the logits of certain pixels finite


class Baseline(nn.Module):
    """A model whose `fit` reads the training slices once; all it keeps are buffers."""

    def fit(self, images: Tensor, masks: Tensor) -> None:
        """Take what is needed from float slices and 0/1 masks, both (N, 1, H, W)."""
        raise NotImplementedError


def probability_to_logits(probability: Tensor) -> Tensor:
    """Logits of probabilities, clipped so that none is infinite."""
    return torch.logit(probability.clamp(EPSILON, 1 - EPSILON))
