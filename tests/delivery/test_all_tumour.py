"""A mask that covers far more than any of train is told by the net that made it."""

from pathlib import Path

import numpy as np
import torch
from support.contracts import made_up_contract

from tumorseg.delivery.contract import write_contract
from tumorseg.delivery.predictor import Predictor
from tumorseg.models.artifact import ModelInfo, save_model
from tumorseg.models.registry import build_model
from tumorseg.sources.phantom import sample_slices

SIDE = 32


def test_threshold_that_all_pixels_pass(tmp_path: Path):
    torch.manual_seed(0)
    net = build_model("simple_cnn")
    about = {"architecture": "simple_cnn", "options": {}, "parameters": 1, "best_epoch": 1, "epochs": 1}
    info = ModelInfo(name="made_up", image_size=SIDE, mean=0.25, std=0.25, **about)
    save_model(tmp_path, net, info)
    slices = np.stack(sample_slices(SIDE))
    masks = np.zeros_like(slices)
    masks[0, :4, :4] = 1
    bent = (slices / 255.0) ** 2 * 255
    contract = made_up_contract(info, slices, bent=bent.astype(np.uint8), masks=masks, threshold=1 / 256)
    assert contract.input.expectation.largest_mask == 16 / SIDE**2
    write_contract(tmp_path, contract)
    everything = list(Predictor(tmp_path, device="cpu").predict(slices))
    assert [prediction.warnings for prediction in everything] == [("all-tumour",)] * 3
    nothing = list(Predictor(tmp_path, device="cpu", threshold=0.999).predict(slices))
    assert [prediction.warnings for prediction in nothing] == [()] * 3
