"""What learns nothing, yet is trained, saved and evaluated like any net."""

import torch
from torch import Tensor, nn

EPSILON = 1e-4  # keeps the logits of certain pixels finite


class Baseline(nn.Module):
    """A model whose `fit` reads the training slices once; all it keeps are buffers.

    `indices` has the class index in masks that each channel of its `outputs` is about.
    """

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.indices = range(outputs) if outputs > 1 else range(1, 2)

    def fit(self, images: Tensor, masks: Tensor) -> None:
        """Take what is needed from float slices (N, C, H, W) and masks of class indices (N, 1, H, W)."""
        raise NotImplementedError


def probability_to_logits(probability: Tensor) -> Tensor:
    """Logits of probabilities (N, C, H, W), clipped so that none is infinite.

    Of a sigmoid where there is a lone channel, else of a softmax.
    """
    clipped = probability.clamp(EPSILON, 1 - EPSILON)
    return torch.logit(clipped) if clipped.shape[1] == 1 else torch.log(clipped)
