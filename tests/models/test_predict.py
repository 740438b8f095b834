import numpy as np
import pytest
import torch
from torch import nn

from tumorseg.models.batches import BATCH, predict_all
from tumorseg.models.predict import TorchRuntime, pick_device
from tumorseg.models.registry import build_model

CPU = torch.device("cpu")


def predict(net, images, mean, std, flip="none"):
    return predict_all(TorchRuntime(net, mean, std, CPU, flip), images)


def predict_quantised(net, images, mean, std, flip="none"):
    return predict(net, images, mean, std, flip)[0]


def slices(count: int, size: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size), dtype=np.uint8)


def test_levels_by_hand():
    # Logits (x / 255 − 0.2) / 0.1: a pixel of 51 is the mean, so its probability is a half.
    images = np.array([[[51, 0], [102, 255]]], np.uint8)
    levels = predict_quantised(nn.Identity(), images, 0.2, 0.1)
    assert levels.dtype == np.uint8
    # σ(0) = 0.5, σ(−2) = 0.1192, σ(2) = 0.8808, σ(8) = 0.99966, each by 256
    assert levels.tolist() == [[[128, 30], [225, 255]]]


class Opposites(nn.Module):
    """Logits 0 of background, x of the first class, −x of the second."""

    def forward(self, x):
        return torch.cat([0 * x, x, -x], dim=1)


def test_classes_by_hand():
    images = np.array([[[51, 0], [102, 255]]], np.uint8)  # x is 0 and −2, 2 and 8
    levels, indices = predict(Opposites(), images, 0.2, 0.1)
    # 1 − 1 / (1 + eˣ + e⁻ˣ): ⅔, 0.88269, 0.99967
    assert levels.tolist() == [[[170, 225], [225, 255]]]
    assert indices.dtype == np.uint8
    assert indices.tolist() == [[[1, 2], [1, 1]]]
    flipped, mirrored = predict(Opposites(), images, 0.2, 0.1, "horizontal")
    np.testing.assert_array_equal(flipped, levels)
    np.testing.assert_array_equal(mirrored, indices)


def test_all_tumour_is_of_class_one_where_there_are_none():
    assert (predict(nn.Identity(), slices(2), 0.5, 0.2)[1] == 1).all()


@pytest.mark.parametrize(("flip", "axis"), [("horizontal", -1), ("vertical", -2)])
def test_with_flip_a_mirrored_slice_has_mirrored_levels(flip, axis):
    torch.manual_seed(0)
    net, images = build_model("simple_cnn"), slices(2)
    mirrored = np.ascontiguousarray(np.flip(images, axis))
    plain, flipped = (predict_quantised(net, images, 0.5, 0.05, way) for way in ("none", flip))
    other = np.flip(predict_quantised(net, mirrored, 0.5, 0.05), axis)
    assert np.abs(flipped.astype(int) - (plain.astype(int) + other) / 2).max() <= 1
    assert np.abs(plain.astype(int) - flipped).max() > 1
    again = np.flip(predict_quantised(net, mirrored, 0.5, 0.05, flip), axis)
    np.testing.assert_array_equal(again, flipped)


@pytest.mark.parametrize("name", ["simple_cnn", "unet", "renet"])
def test_a_slice_has_the_same_levels_alone_and_in_any_company(name):
    torch.manual_seed(0)
    net = build_model(name)
    images = slices(2 * BATCH + 3, 32)
    together = predict_quantised(net, images, 0.5, 0.05)
    assert len(np.unique(together)) > 5
    alone = np.concatenate([predict_quantised(net, image[None], 0.5, 0.05) for image in images])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(predict_quantised(net, images[::-1], 0.5, 0.05)[::-1], together)


def test_a_net_in_training_mode_predicts_without_dropout():
    torch.manual_seed(0)
    net = build_model("resnet", dropout=0.9).train()
    images = slices(2, 32)
    first, second = (predict_quantised(net, images, 0.5, 0.3) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(first)) > 1


def test_slices_may_be_mapped_and_none_at_all(tmp_path):
    np.save(tmp_path / "images.npy", slices(2))
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    expected = predict_quantised(nn.Identity(), slices(2), 0.5, 0.2)
    np.testing.assert_array_equal(predict_quantised(nn.Identity(), mapped, 0.5, 0.2), expected)
    assert predict_quantised(nn.Identity(), slices(0), 0.5, 0.2).shape == (0, 16, 16)


def test_devices():
    assert pick_device("cpu") == CPU
    best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert pick_device("auto").type == best
