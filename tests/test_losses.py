import math
from typing import get_args

import pytest
import torch

from tumorseg.losses import build_loss
from tumorseg.types import LossName

LOGITS = torch.tensor([[[[0.0, math.log(3)], [-math.log(3), 0.0]]]])  # probabilities ½ ¾ ¼ ½
MASKS = torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])


def test_bce_by_hand():
    expected = -(math.log(0.5) + 5 * math.log(0.75) + math.log(0.75) + 5 * math.log(0.5)) / 4
    assert build_loss("bce", 5.0)(LOGITS, MASKS).item() == pytest.approx(expected)


def test_dice_by_hand_and_without_pos_weight():
    expected = 1 - (2 * 1.25 + 1) / (2 + 2 + 1)
    for weight in (1.0, 9.0):
        assert build_loss("dice", weight)(LOGITS, MASKS).item() == pytest.approx(expected)


def test_bce_dice_is_the_sum():
    parts = sum(build_loss(name, 5.0)(LOGITS, MASKS) for name in ("bce", "dice"))
    assert build_loss("bce_dice", 5.0)(LOGITS, MASKS) == pytest.approx(parts)


def test_dice_of_an_empty_batch_found_empty_is_nothing():
    loss = build_loss("dice", 1.0)
    empty = torch.zeros(1, 1, 8, 8)
    assert loss(torch.full_like(empty, -30), empty).item() == pytest.approx(0, abs=1e-6)
    assert loss(torch.full_like(empty, 30), empty).item() > 0.9


def test_focal_by_hand():
    # Mean of −(1 − p)² log p over the probabilities of what is true: ½ ¾ ¾ ½.
    expected = -(2 * 0.25 * math.log(0.5) + 2 * 0.0625 * math.log(0.75)) / 4
    assert build_loss("focal", 9.0)(LOGITS, MASKS).item() == pytest.approx(expected)


def test_tversky_by_hand():
    # 1.25 of the tumour's 2 pixels are found, 0.75 are missed, 0.75 are false.
    expected = 1 - 1.25 / (1.25 + 0.3 * 0.75 + 0.7 * 0.75)
    assert build_loss("tversky", 9.0)(LOGITS, MASKS).item() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", get_args(LossName))
def test_extreme_logits_stay_finite(name):
    logits = torch.tensor([[[[-1e4, 1e4]]]], requires_grad=True)
    loss = build_loss(name, 26.0)(logits, torch.tensor([[[[1.0, 0.0]]]]))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_pos_weight_moves_with_the_loss():
    assert "pos_weight" in dict(build_loss("bce", 5.0).named_buffers())


def test_unknown_loss_lists_the_choices():
    with pytest.raises(ValueError, match="'hinge' is not one of bce, dice, bce_dice, focal, tversky"):
        build_loss("hinge", 1.0)
