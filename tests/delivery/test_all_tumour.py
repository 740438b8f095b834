"""A mask that covers far more than any of train is told by the net that made it."""

from pathlib import Path

import numpy as np
import torch

from tumorseg.delivery.contract import Contract, Decision, Headline, Input, write_contract
from tumorseg.delivery.fit_expectation import fit_expectation
from tumorseg.delivery.predictor import Predictor
from tumorseg.identity import Identity
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
    expectation = fit_expectation(slices, slices, bent.astype(np.uint8), masks)
    assert expectation.largest_mask == 16 / SIDE**2
    write_contract(
        tmp_path,
        Contract(
            model=info,
            decision=Decision(threshold=1 / 256, beta=1, per_slice=False, flip="none", temperature=1),
            input=Input(
                image_size=SIDE, preprocess=[], expects="A slice.", aspect=(1.0, 1.0), expectation=expectation
            ),
            prepared=Identity(
                data="made_up", split="shipped", image_size=SIDE, train=3, valid=3, test=0, digest="0" * 8
            ),
            scores={"valid": Headline(**dict.fromkeys(Headline.model_fields, 0.0))},
            licence_of_weights="MIT",
            licence_of_data="none",
            source_of_data="nowhere",
        ),
    )
    everything = list(Predictor(tmp_path, device="cpu").predict(slices))
    assert [prediction.warnings for prediction in everything] == [("all-tumour",)] * 3
    nothing = list(Predictor(tmp_path, device="cpu", threshold=0.999).predict(slices))
    assert [prediction.warnings for prediction in nothing] == [()] * 3
