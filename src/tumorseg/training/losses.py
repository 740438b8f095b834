"""Losses of logits against masks, each a scalar.

Logits (N, 1, H, W) go with masks of 0 and 1 of the same shape; where there are K classes, logits
(N, 1 + K, H, W), background first, with masks of class indices (N, 1, H, W).
"""

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


class SliceDiceLoss(nn.Module):
    """1 − soft Dice of each slice, mean over the batch: a small tumour counts as much as a large one."""

    def forward(self, logits: Tensor, masks: Tensor) -> Tensor:
        probabilities, masks = torch.sigmoid(logits).flatten(1), masks.flatten(1)
        overlap = (probabilities * masks).sum(1)
        dice = (2 * overlap + SMOOTH) / (probabilities.sum(1) + masks.sum(1) + SMOOTH)
        return 1 - dice.mean()


class CrossEntropyLoss(nn.Module):
    """Cross-entropy over classes, mean over pixels, with those of every class but 0 weighted by `pos_weight`.

    The scale is that of `BCELoss`: the sum is divided by the pixels, not by their weights.
    """

    def __init__(self, pos_weight: float, outputs: int) -> None:
        super().__init__()
        self.register_buffer("weights", torch.tensor([1.0] + [pos_weight] * (outputs - 1)))

    def forward(self, logits: Tensor, masks: Tensor) -> Tensor:
        shares = one_hot(masks, len(self.weights))  # of indices it is not deterministic on every device
        return functional.cross_entropy(logits, shares, self.weights, reduction="none").mean()


class ClassDiceLoss(nn.Module):
    """The mean over the classes of tumour of 1 − soft Dice, of softmax against the pixels of the class.

    Of the whole batch as `DiceLoss`, or of each slice as `SliceDiceLoss`.
    """

    def __init__(self, by_slice: bool) -> None:
        super().__init__()
        self.over = (2, 3) if by_slice else (0, 2, 3)

    def forward(self, logits: Tensor, masks: Tensor) -> Tensor:
        probabilities = torch.softmax(logits, dim=1)[:, 1:]
        truth, over = one_hot(masks, logits.shape[1])[:, 1:], self.over
        overlap, sizes = (probabilities * truth).sum(over), (probabilities.sum(over) + truth.sum(over))
        return 1 - ((2 * overlap + SMOOTH) / (sizes + SMOOTH)).mean()


def one_hot(masks: Tensor, outputs: int) -> Tensor:
    """Float (N, outputs, H, W), 1 in the channel that masks (N, 1, H, W) name, else 0."""
    return (masks == torch.arange(outputs, device=masks.device).view(-1, 1, 1)).float()


class SumLoss(nn.Module):
    """The sum of several losses."""

    def __init__(self, *losses: nn.Module) -> None:
        super().__init__()
        self.losses = nn.ModuleList(losses)

    def forward(self, logits: Tensor, masks: Tensor) -> Tensor:
        return sum(loss(logits, masks) for loss in self.losses)


def deep_loss(loss: nn.Module, logits: list[Tensor], masks: Tensor) -> Tensor:
    """Deep supervision (Lee et al. 2015): the loss at several sizes, each of half the weight of the last.

    Args:
        loss: Of logits and masks of one size.
        logits: Those at full size, then others whose sides are smaller by whole factors.
        masks: At full size; a smaller one is the pixels nearest to the centres of its own.
    """
    parts = []
    for each in logits:
        step = masks.shape[-1] // each.shape[-1]
        parts.append(loss(each, masks[..., step // 2 :: step, step // 2 :: step]))
    weights = [0.5**place for place in range(len(parts))]
    return sum(weight * part for weight, part in zip(weights, parts, strict=True)) / sum(weights)


def build_loss(name: str, pos_weight: float, outputs: int = 1) -> nn.Module:
    """Build a loss of logits with `outputs` channels by its name in params.yaml.

    `pos_weight` > 0 weighs tumour pixels in BCE. `focal` (Lin et al. 2017) and `tversky`
    (Salehi et al. 2017) are MONAI's, over the whole batch. With classes, background counts in cross-entropy
    and in `focal`, and is left out of the mean over classes in the others.

    Raises:
        ValueError: There is no such loss; the message lists those there are.
    """
    several = outputs > 1
    match name:
        case "bce":
            return CrossEntropyLoss(pos_weight, outputs) if several else BCELoss(pos_weight)
        case "dice":
            return ClassDiceLoss(by_slice=False) if several else DiceLoss()
        case "slice_dice":
            return ClassDiceLoss(by_slice=True) if several else SliceDiceLoss()
        case "bce_dice" | "bce_slice_dice":
            parts = "bce", name.removeprefix("bce_")
            return SumLoss(*(build_loss(part, pos_weight, outputs) for part in parts))
        case "focal":
            from monai.losses import FocalLoss

            # Without background MONAI's softmax would not see its logits either: nothing would keep a net
            # from finding tumour everywhere.
            return FocalLoss(gamma=FOCUS, use_softmax=several, to_onehot_y=several)
        case "tversky":
            from monai.losses import TverskyLoss

            form = {"softmax": True, "to_onehot_y": True, "include_background": False}
            form = form if several else {"sigmoid": True}
            return TverskyLoss(**form, alpha=1 - MISSED, beta=MISSED, batch=True)
    raise ValueError(f"loss: {name!r} is not one of {', '.join(get_args(LossName))}")
