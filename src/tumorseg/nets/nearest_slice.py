"""Copies the mask of the most similar training slice: what a leak between splits is worth."""

import numpy as np
import torch
from torch import Tensor

from tumorseg.data.search import Search
from tumorseg.data.similarity import embed, nearest
from tumorseg.models.baseline import Baseline, probability_to_logits

LEARNS = False


class NearestSlice(Baseline):
    """Keeps every training slice's embedding and mask.

    Slices are compared by `data.similarity`, on the CPU, as the audit compares them.
    """

    def __init__(self, outputs: int) -> None:
        super().__init__(outputs)
        self.register_buffer("embeddings", torch.empty(0))
        self.register_buffer("masks", torch.empty(0, dtype=torch.uint8))
        self.search: Search | None = None  # of the embeddings, once slices are asked for

    def fit(self, images: Tensor, masks: Tensor) -> None:
        self.embeddings = torch.from_numpy(embed(_to_numpy(images)))
        self.masks = masks.to(torch.uint8)
        self.search = None

    def forward(self, x: Tensor) -> Tensor:
        if self.search is None:
            self.search = Search(self.embeddings.cpu().numpy())
            self.search.check(self.search.references, np.arange(len(self.embeddings)))
        index, _ = nearest(embed(_to_numpy(x)), self.search)
        masks = self.masks[torch.from_numpy(index[:, 0]).to(self.masks.device)]
        return probability_to_logits(torch.cat([(masks == index).float() for index in self.indices], dim=1))


def _to_numpy(images: Tensor) -> np.ndarray:
    """Slices (N, C, H, W) as `embed` takes them; an embedding does not depend on their mean and scale."""
    return (
        images[:, 0].float().cpu().numpy()
        if images.shape[1] == 1
        else images.movedim(1, -1).float().cpu().numpy()
    )


def build(outputs: int, inputs: int) -> NearestSlice:
    """No parameters to train."""
    return NearestSlice(outputs)
