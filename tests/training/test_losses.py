import math
from typing import get_args

import pytest
import torch

from tumorseg.training.losses import build_loss, deep_loss
from tumorseg.types import LossName

LOGITS = torch.tensor([[[[0.0, math.log(3)], [-math.log(3), 0.0]]]])  # probabilities ½ ¾ ¼ ½
MASKS = torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])

# Background, one and other: probabilities ½ ¼ ¼ in the first pixel, ⅕ ⅕ ⅗ in the second, which is other.
CLASS_LOGITS = torch.tensor([[[[0.5, 0.2]], [[0.25, 0.2]], [[0.25, 0.6]]]]).log()
CLASS_MASKS = torch.tensor([[[[0.0, 2.0]]]])


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


@pytest.mark.parametrize("outputs", [1, 2])
def test_slice_dice_is_the_mean_of_what_each_slice_costs(outputs):
    """A slice as above, and one whose lone tumour pixel is found with probability ¾, and nothing else is."""
    found = torch.tensor([[[[-30.0, math.log(3)], [-30.0, -30.0]]]])
    logits = torch.cat([LOGITS, found])
    logits = torch.cat([torch.zeros_like(logits), logits], dim=1)[:, -outputs:]
    masks = torch.cat([MASKS, torch.tensor([[[[0.0, 1.0], [0.0, 0.0]]]])])
    expected = 1 - ((2 * 1.25 + 1) / (4 + 1) + (2 * 0.75 + 1) / (1.75 + 1)) / 2
    loss = build_loss("slice_dice", 9.0, outputs)(logits, masks)
    assert loss.item() == pytest.approx(expected, abs=1e-6)


def test_focal_by_hand():
    # Mean of −(1 − p)² log p over the probabilities of what is true: ½ ¾ ¾ ½.
    expected = -(2 * 0.25 * math.log(0.5) + 2 * 0.0625 * math.log(0.75)) / 4
    assert build_loss("focal", 9.0)(LOGITS, MASKS).item() == pytest.approx(expected)


def test_tversky_by_hand():
    # 1.25 of the tumour's 2 pixels are found, 0.75 are missed, 0.75 are false.
    expected = 1 - 1.25 / (1.25 + 0.3 * 0.75 + 0.7 * 0.75)
    assert build_loss("tversky", 9.0)(LOGITS, MASKS).item() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bce", -(math.log(0.5) + 5 * math.log(0.6)) / 2),
        # Of one, 0.45 pixels are found and none is there; of other, 0.85 and 1, with 0.6 in common.
        ("dice", 1 - (1 / 1.45 + 2.2 / 2.85) / 2),
        (
            "focal",
            -(0.25 * math.log(0.5) + 0.16 * math.log(0.6)) / 6,
        ),  # the mean over 2 pixels and 3 channels
        ("tversky", (1 + 1 - 0.6 / (0.6 + 0.3 * 0.25 + 0.7 * 0.4)) / 2),
    ],
)
def test_losses_of_classes_by_hand(name, expected):
    loss = build_loss(name, 5.0, outputs=3)(CLASS_LOGITS, CLASS_MASKS)
    assert loss.item() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", ["bce", "dice", "slice_dice", "bce_dice", "tversky"])
def test_one_class_beside_background_costs_what_tumour_does(name):
    logits = torch.cat([torch.zeros_like(LOGITS), LOGITS], dim=1)
    expected = build_loss(name, 5.0)(LOGITS, MASKS).item()
    assert build_loss(name, 5.0, outputs=2)(logits, MASKS).item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", get_args(LossName))
def test_every_loss_of_classes_has_a_net_find_them_and_nothing_else(name):
    torch.manual_seed(0)
    masks = torch.randint(0, 3, (2, 1, 8, 8)).float()
    logits = torch.zeros(2, 3, 8, 8, requires_grad=True)
    loss, optimizer = build_loss(name, 2.0, outputs=3), torch.optim.Adam([logits], 0.3)
    for _ in range(60):
        optimizer.zero_grad()
        loss(logits, masks).backward()
        optimizer.step()
    assert torch.equal(logits.argmax(1, keepdim=True).float(), masks)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("name", get_args(LossName))
def test_extreme_logits_stay_finite(name, outputs):
    logits = torch.tensor([[[[-1e4, 1e4]]]]).repeat(1, outputs, 1, 1)
    logits[:, 1:] *= -1
    logits.requires_grad_()
    loss = build_loss(name, 26.0, outputs)(logits, torch.tensor([[[[1.0, 0.0]]]]))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_pos_weight_moves_with_the_loss():
    assert "pos_weight" in dict(build_loss("bce", 5.0).named_buffers())


def test_unknown_loss_lists_the_choices():
    with pytest.raises(ValueError, match="'hinge' is not one of bce, dice, slice_dice, bce_dice, bce_"):
        build_loss("hinge", 1.0)


def test_deep_supervision_by_hand():
    """Full size weighs 1, half ½, a fourth ¼; a smaller mask is the pixels (1, 1), (1, 3), and so on."""
    masks = torch.zeros(1, 1, 4, 4)
    masks[..., 1, 1] = 1  # seen at half size, in the first pixel
    masks[..., 2, 2] = 1  # the pixel at a fourth
    sizes = [torch.full((1, 1, size, size), math.log(3)) for size in (4, 2, 1)]
    hit, miss = -math.log(0.75), -math.log(0.25)
    parts = [(2 * hit + 14 * miss) / 16, (hit + 3 * miss) / 4, hit]
    expected = (parts[0] + parts[1] / 2 + parts[2] / 4) / 1.75
    assert deep_loss(build_loss("bce", 1.0), sizes, masks).item() == pytest.approx(expected)
    assert deep_loss(build_loss("bce", 1.0), sizes[:1], masks).item() == pytest.approx(parts[0])
