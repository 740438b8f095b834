"""Models that were joined, delivered: by ONNX too, and in words."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support.contracts import made_up_contract
from support.exported import SEEN, SIDE, SLICES

from tumorseg.delivery.card import write_card
from tumorseg.delivery.contract import read_contract, write_contract
from tumorseg.delivery.deliver import licence_of
from tumorseg.delivery.info import describe
from tumorseg.delivery.onnx_export import export_onnx
from tumorseg.delivery.predictor import Predictor
from tumorseg.models.artifact import ModelInfo, load_info, save_model
from tumorseg.models.ensemble import join_models
from tumorseg.models.pretrained import PACKAGES
from tumorseg.models.registry import build_model

START = next(iter(PACKAGES.values()))
PARTS = {
    "first": {"architecture": "unet", "options": {"width": 4, "depth": 1}, "members": 1},
    "second": {"architecture": "simple_cnn", "options": {}, "members": 1, "pretrained": START},
    "third": {"architecture": "resnet", "options": {"width": 8}, "members": 1},
}


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights and the contract of the mean of one net and of the mean of two; no model.onnx yet."""
    root = tmp_path_factory.mktemp("joined")
    torch.manual_seed(0)
    about = {"image_size": SIDE, "mean": 0.25, "std": 0.25, "best_epoch": 1, "epochs": 1}
    for number, (name, part) in enumerate(PARTS.items(), 1):
        (root / name).mkdir()
        net = build_model(part["architecture"], **part["options"])
        save_model(root / name, net, ModelInfo(name=name, parameters=1000 * number, **about, **part))
    join_models("both", root / "first", root / "second", root / "both")
    join_models("all", root / "both", root / "third", root / "all")
    contract = made_up_contract(load_info(root / "all"), SEEN)
    write_contract(root / "all", contract)
    levels = [prediction.levels for prediction in Predictor(root / "all", device="cpu").predict(SLICES)]
    cut = contract.decision.model_copy(update={"threshold": np.percentile(levels, 75) / 256})
    write_contract(root / "all", contract.model_copy(update={"decision": cut}))
    return root / "all"


def test_what_it_is_made_of_is_said_in_the_contract_and_on_one_screen(joined):
    model = read_contract(joined).model
    assert [part.name for part in model.made_of] == list(PARTS)
    assert describe(joined).splitlines()[0] == (
        "net         all: mean of both (mean of first (unet, 1,000 parameters) and second (simple_cnn, 2,000 "
        "parameters)) and third (resnet, 3,000 parameters)"
    )


def test_the_licence_of_weights_that_a_part_started_from_is_that_of_all(joined):
    model = read_contract(joined).model
    assert [licence_of(each) for each in (model, *model.parts)] == ["Apache-2.0", "Apache-2.0", "MIT"]


def test_the_card_says_what_it_is_made_of_and_what_a_part_started_from(joined, tmp_path):
    write_card(tmp_path, read_contract(joined), [])
    text = " ".join((tmp_path / "README.md").read_text(encoding="utf-8").split())
    assert (
        "It is the mean of the probabilities of `both` and `third`. `both` is the mean of the probabilities "
        "of `first` and `second`. `first` is one net of architecture `unet` with 1,000 parameters. `second` "
        "is one net of architecture `simple_cnn` with 2,000 parameters. `third` is one net"
    ) in text
    assert f"The encoder of `second` started from weights that others trained: `{START.file}`" in text
    assert text.count("started from weights") == 1


@pytest.mark.slow
def test_masks_by_onnxruntime_are_those_by_torch(joined):
    assert export_onnx(joined, SLICES) is None
    for prediction in Predictor(joined, runtime="onnx", device="cpu").predict(SLICES):
        assert 0 < np.count_nonzero(prediction.mask) < prediction.mask.size
