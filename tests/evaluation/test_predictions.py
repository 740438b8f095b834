"""What `evaluate` adds to what a net says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support.prior import fit, write_prepared

from tumorseg.data.slices import load_split
from tumorseg.evaluation.neighbors import WEIGHTS
from tumorseg.evaluation.predictions import Predictions, predict_splits
from tumorseg.metrics import HALF, best_dice, count_pixels
from tumorseg.models.artifact import ModelInfo
from tumorseg.models.registry import build_model
from tumorseg.params import Evaluate

SIDE = 32
INFO = ModelInfo(
    name="net",
    architecture="simple_cnn",
    options={},
    parameters=1,
    image_size=SIDE,
    mean=0.5,
    std=0.2,
    best_epoch=1,
    epochs=1,
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Slices of noise; the first four of valid and of test are those of train, with their masks."""
    rng = np.random.default_rng(1)
    masks = [np.zeros((SIDE, SIDE), np.uint8) for _ in range(6)]
    for mask in masks:
        row, column = rng.integers(0, SIDE - 8, 2)
        mask[row : row + 8, column : column + 8] = 1
    splits = ("train", "valid", "test")
    folder = write_prepared(tmp_path_factory.mktemp("prepared"), dict.fromkeys(splits, masks), [])
    shared = rng.integers(0, 256, (4, SIDE, SIDE))
    for split in splits:
        images = np.concatenate([shared, rng.integers(0, 256, (2, SIDE, SIDE))])
        np.save(folder / split / "images.npy", images.astype(np.uint8))
    return folder


def probable(net: torch.nn.Module, prepared: Path, **changes: object) -> Predictions:
    rule = Evaluate(**({"beta": 1.0, "flip": "none", "neighbors": 0, "per_slice": False} | changes))
    splits = {split: load_split(prepared, split) for split in ("valid", "test")}
    return predict_splits(net, INFO, splits, prepared, rule, torch.device("cpu"))


@pytest.fixture(scope="module")
def net() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_model("simple_cnn").eval()


def test_neighbours_that_know_the_answer_are_heard(net, prepared):
    alone, helped = probable(net, prepared), probable(net, prepared, neighbors=1)
    masks = load_split(prepared, "test").masks
    scores = [best_dice(count_pixels(found.levels["test"], masks).sum(0)) for found in (alone, helped)]
    assert alone.weight == 0
    assert helped.weight in WEIGHTS[1:]
    assert scores[1] > scores[0] + 0.3


def test_slices_are_recentred_but_what_is_said_of_probability_is_not(net, prepared):
    alone, centred = probable(net, prepared), probable(net, prepared, per_slice=True)
    for split in ("valid", "test"):
        np.testing.assert_array_equal(centred.counts[split], alone.counts[split])
        for before, after in zip(alone.levels[split], centred.levels[split], strict=True):
            assert (np.diff(after.ravel()[before.ravel().argsort(kind="stable")].astype(int)) >= 0).all()
        assert centred.threshold == HALF
        assert all((levels >= HALF).any() for levels in centred.levels[split])  # none is left empty


def test_a_baseline_is_taken_at_its_word(prepared, tmp_path):
    from tumorseg.models.artifact import load_model

    masks = list(load_split(prepared, "train").masks)
    net, _ = load_model(fit(tmp_path / "prior", masks, []))
    plain = probable(net, prepared)
    changed = probable(net, prepared, flip="horizontal", neighbors=3, per_slice=True)
    np.testing.assert_array_equal(changed.levels["test"], plain.levels["test"])
