"""Trained models as one, on disk."""

import math

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from tumorseg.errors import UserError
from tumorseg.models.artifact import INFO, ModelInfo, load_info, load_model, save_model
from tumorseg.models.ensemble import join_models
from tumorseg.models.registry import build_model, channels
from tumorseg.reading import read_json

DATA = {"image_size": 32, "mean": 0.3, "std": 0.2}
OPTIONS = {"simple_cnn": {}, "unet": {"width": 4, "depth": 1}, "resnet": {"width": 8}}


def constant(net: nn.Module, *logits: float) -> nn.Module:
    """Have a net say the same of every pixel."""
    weight, bias = list(net.parameters())[-2:]
    with torch.no_grad():
        weight.zero_()
        bias.copy_(torch.tensor(logits))
    return net


def saved(folder, architecture, *logits, **changes):
    """A folder of this name with a model of the architecture; of random weights where no logits are given."""
    torch.manual_seed(len(architecture))
    info = ModelInfo(
        **{"name": folder.name, "architecture": architecture, "options": OPTIONS[architecture]},
        **{"parameters": 10, "gflops": 0.5, "best_epoch": 2, "epochs": 3, **DATA} | changes,
    )
    net = build_model(architecture, channels(info.classes), info.channels, **info.options)
    folder.mkdir()
    save_model(folder, constant(net, *logits) if logits else net, info)
    return folder


def probability(folder):
    net, info = load_model(folder)
    assert not net.training
    logits = net(torch.rand(2, info.channels, 32, 32))
    return torch.sigmoid(logits) if logits.shape[1] == 1 else torch.softmax(logits, dim=1)


def test_the_mean_of_two_by_hand_and_of_one_with_those_two(tmp_path):
    half = saved(tmp_path / "half", "simple_cnn", 0.0)
    most = saved(tmp_path / "most", "unet", math.log(3))
    fifth = saved(tmp_path / "fifth", "resnet", -math.log(4))
    join_models("both", half, most, tmp_path / "both")
    join_models("all", fifth, tmp_path / "both", tmp_path / "all")
    # (½ + ¾) / 2; and of the two parts, not of the three nets: (⅕ + ⅝) / 2.
    torch.testing.assert_close(probability(tmp_path / "both"), torch.full((2, 1, 32, 32), 0.625))
    torch.testing.assert_close(probability(tmp_path / "all"), torch.full((2, 1, 32, 32), 0.4125))


def test_the_mean_of_classes_by_hand(tmp_path):
    about = {"classes": ["glioma", "other"], "channels": 3}
    one = saved(tmp_path / "one", "simple_cnn", 0.0, 0.0, 0.0, **about)
    other = saved(tmp_path / "other", "unet", math.log(2), 0.0, -math.log(2), **about)
    join_models("both", one, other, tmp_path / "both")
    # A third each, and 4/7, 2/7 and 1/7.
    expected = torch.tensor([(1 / 3 + part / 7) / 2 for part in (4, 2, 1)]).view(1, 3, 1, 1)
    torch.testing.assert_close(probability(tmp_path / "both"), expected.expand(2, 3, 32, 32))


def test_weights_are_those_of_the_parts_bit_for_bit_and_sizes_are_sums(tmp_path):
    parts = [saved(tmp_path / "a", "unet", epochs=5, best_epoch=4), saved(tmp_path / "b", "resnet")]
    join_models("both", *parts, tmp_path / "both")
    join_models("again", *parts, tmp_path / "again")
    weights = load_file(tmp_path / "both/weights.safetensors")
    for number, part in enumerate(parts):
        for name, value in load_file(part / "weights.safetensors").items():
            assert torch.equal(weights.pop(f"members.{number}.{name}"), value)
    assert not weights
    info = load_info(tmp_path / "both")
    assert info.parts == [load_info(part) for part in parts] == info.made_of
    assert (info.architecture, info.parameters, info.gflops) == ("ensemble", 20, 1.0)
    assert (info.epochs, info.best_epoch, info.members) == (5, 4, 2)
    assert [info.model_dump()[key] for key in DATA] == list(DATA.values())
    written = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("both", "again")]
    assert written[0] == written[1]
    net, _ = load_model(tmp_path / "both")
    slices = torch.rand(2, 1, 32, 32)
    alone = torch.stack([torch.sigmoid(load_model(part)[0](slices)) for part in parts])
    torch.testing.assert_close(torch.sigmoid(net(slices)), alone.mean(dim=0))


def test_a_model_without_parts_says_nothing_of_parts(tmp_path):
    values = read_json(saved(tmp_path / "a", "unet") / INFO)
    assert "parts" not in values
    assert list(values)[-1] == "classes"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"image_size": 64}, "image_size 32, and .*/b has 64"),
        ({"channels": 3}, "channels 1, and .*/b has 3"),
        ({"mean": 0.4}, "mean 0.3, and .*/b has 0.4"),
        ({"std": 0.25}, "std 0.2, and .*/b has 0.25"),
        ({"classes": ["x", "y"]}, r"classes \[\], and .*/b has \['x', 'y'\]"),
    ],
)
def test_models_of_other_data_are_not_joined(tmp_path, changes, what):
    one, other = saved(tmp_path / "a", "unet"), saved(tmp_path / "b", "resnet", **changes)
    with pytest.raises(UserError, match=rf"/a has {what}: .*; train them again \(dvc repro\)$") as caught:
        join_models("both", one, other, tmp_path / "both")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "both").exists()


def test_a_part_that_is_missing_and_weights_of_others_are_one_line(tmp_path):
    one, other = saved(tmp_path / "a", "unet"), saved(tmp_path / "b", "resnet")
    with pytest.raises(UserError, match=r"none/model\.json: not found; train the model first"):
        join_models("both", one, tmp_path / "none", tmp_path / "both")
    join_models("both", one, other, tmp_path / "both")
    join_models("turned", other, one, tmp_path / "turned")
    weights = (tmp_path / "turned/weights.safetensors").read_bytes()
    (tmp_path / "both/weights.safetensors").write_bytes(weights)
    with pytest.raises(UserError, match="not weights of ensemble") as caught:
        load_model(tmp_path / "both")
    assert "\n" not in str(caught.value)
