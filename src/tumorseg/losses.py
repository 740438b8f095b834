"""Losses of logits (N, 1, H, W) against masks of 0 and 1 of the same shape; each gives a scalar."""

from typing import get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from tumorseg.types import LossName

SMOOTH = 1.0  # pixels added above and below the fraction: a batch without tumour, found as such, costs ~0
FOCUS = 2.0  # gamma of the focal loss, as its paper has it
MISSED = 0.7  # what a missed tumour pixel weighs in the Tversky loss; a false one weighs the rest of 1


class BCELoss(nn.Module):
    """Binary cross-entropy, mean over pixels, with tumour pixels weighted by `pos_weight`."""

    def __init__(self, pos_weight: float) -> None:
        super().__init__()
        self.register_buffer("pos_weight", torch.tensor(pos_weight))

    def forward(self, logits: Tensor, masks: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(logits, masks, pos_weight=self.pos_weight)


class DiceLoss(nn.Module):
    """1 − soft Dice (Milletari et al. 2016, with plain sums in the denominator), over the whole batch.

    Pooling the batch keeps a slice without tumour from counting as much as one with.
    """

    def forward(self, logits: Tensor, masks: Tensor) -> Tensor:
        probabilities = torch.sigmoid(logits)
        overlap = (probabilities * masks).sum()
        return 1 - (2 * overlap + SMOOTH) / (probabilities.sum() + masks.sum() + SMOOTH)


class SumLoss(nn.Module):
    """The sum of several losses."""

    def __init__(self, *losses: nn.Module) -> None:
        super().__init__()
        self.losses = nn.ModuleList(losses)

    def forward(self, logits: Tensor, masks: Tensor) -> Tensor:
        return sum(loss(logits, masks) for loss in self.losses)


def build_loss(name: str, pos_weight: float) -> nn.Module:
    """Build a loss by its name in params.yaml; `pos_weight` > 0 weighs tumour pixels in `bce` and `bce_dice`.

    `focal` (Lin et al. 2017) and `tversky` (Salehi et al. 2017) are MONAI's, over the whole batch.

    Raises:
        ValueError: There is no such loss; the message lists those there are.
    """
    match name:
        case "bce":
            return BCELoss(pos_weight)
        case "dice":
            return DiceLoss()
        case "bce_dice":
            return SumLoss(BCELoss(pos_weight), DiceLoss())
        case "focal":
            from monai.losses import FocalLoss

            return FocalLoss(gamma=FOCUS)
        case "tversky":
            from monai.losses import TverskyLoss

            return TverskyLoss(sigmoid=True, alpha=1 - MISSED, beta=MISSED, batch=True)
    raise ValueError(f"loss: {name!r} is not one of {', '.join(get_args(LossName))}")
