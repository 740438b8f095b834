"""What an evaluation adds to what a net predicts."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.prior import fit, write_prepared
from support.rules import plain

from tumorseg import SPLITS
from tumorseg.data.slices import load_split
from tumorseg.evaluation.choice import Choice, choose
from tumorseg.evaluation.evaluate import evaluate_model
from tumorseg.evaluation.neighbors import NEIGHBORS
from tumorseg.evaluation.predictions import predict_split, rule_for
from tumorseg.evaluation.segmentation import Segmentation, segment
from tumorseg.evaluation.siblings import sibling_votes
from tumorseg.metrics import HALF, best_dice
from tumorseg.models.artifact import ModelInfo, save_model
from tumorseg.models.registry import build_model
from tumorseg.scores_file import read_scores

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
    folder = write_prepared(tmp_path_factory.mktemp("prepared"), dict.fromkeys(SPLITS, masks), [])
    shared = rng.integers(0, 256, (4, SIDE, SIDE))
    for split in SPLITS:
        images = np.concatenate([shared, rng.integers(0, 256, (2, SIDE, SIDE))])
        np.save(folder / split / "images.npy", images.astype(np.uint8))
    return folder


def segment_splits(
    net: torch.nn.Module, prepared: Path, **changes: object
) -> tuple[Choice, dict[str, Segmentation]]:
    """What is chosen on valid, and valid and test segmented by it."""
    rule, device = rule_for(net, plain(**changes)), torch.device("cpu")
    train, *splits = (load_split(prepared, split) for split in SPLITS)
    valid, test = (predict_split(net, INFO, arrays, [train], rule, device) for arrays in splits)
    choice = choose(valid, rule)
    return choice, {"valid": segment(valid, choice, rule.beta), "test": segment(test, choice, rule.beta)}


@pytest.fixture(scope="module")
def net() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_model("simple_cnn").eval()


def test_neighbours_that_know_the_answer_are_heard(net, prepared):
    (alone, before), (helped, after) = (
        segment_splits(net, prepared),
        segment_splits(net, prepared, neighbors=1),
    )
    scores = [best_dice(each["test"].pooled) for each in (before, after)]
    assert alone.weights == {}
    assert helped.weights["neighbors"] in NEIGHBORS.weights[1:]
    assert scores[1] > scores[0] + 0.3


def test_valid_slices_know_what_train_does_not(net, prepared, tmp_path):
    """Each slice of valid is there twice, and in test twice; those of train have no tumour."""
    folder = shutil.copytree(prepared, tmp_path / "prepared")
    slices, masks = (np.load(folder / "valid" / name) for name in ("images.npy", "masks.npy"))
    np.save(folder / "train" / "images.npy", 255 - slices)
    np.save(folder / "train" / "masks.npy", np.zeros_like(masks))
    for split, rows in (("valid", [0, 0, 1, 1, 2, 2]), ("test", [2, 1, 0, 2, 1, 0])):
        np.save(folder / split / "images.npy", slices[rows])
        np.save(folder / split / "masks.npy", masks[rows])
    (tmp_path / "model").mkdir()
    save_model(tmp_path / "model", net, INFO)
    found = []
    for votes in (False, True):
        evaluate_model(
            tmp_path / "model",
            folder,
            accelerator="cpu",
            rule=plain(neighbors=1, valid_votes=votes),
            predictions=tmp_path / "predictions",
            headlines=tmp_path / "headlines.json",
            details=tmp_path / "details.json",
            plots=tmp_path / "plots",
        )
        found.append(read_scores(tmp_path / "details.json"))
    assert [scores.valid_votes for scores in found] == [False, True]
    assert found[1].neighbors_weight > 0
    assert found[1].test.at_best.pooled.dice == 1
    assert found[0].test.at_best.pooled.dice < 0.5


def test_siblings_change_what_has_siblings_alone(net, prepared):
    arrays, train = load_split(prepared, "test"), load_split(prepared, "train")
    twins = replace(arrays, images=arrays.images[[0, 0, 1, 2, 3, 4]])
    rule = plain(siblings=8)
    predictions = predict_split(net, INFO, twins, [train], rule, torch.device("cpu"))
    lone = replace(predictions, quantised=predictions.quantised.copy())
    lone.quantised[0] //= 2  # as if the net had been less sure of the first of the twins
    votes = sibling_votes(twins.images, lone.quantised, rule.siblings)
    choice = Choice(weights={"siblings": 0.5}, platt=None, step=HALF, temperature=1.0)
    voted = segment(replace(lone, votes={"siblings": votes}), choice, rule.beta).quantised
    assert (voted[2:] == lone.quantised[2:]).all()
    assert (voted[0] > lone.quantised[0]).any()
    assert (voted[1] < lone.quantised[1]).any()


def test_slices_are_shifted_but_their_probabilities_are_not(net, prepared):
    (_, plain), (choice, shifted) = (
        segment_splits(net, prepared),
        segment_splits(net, prepared, per_slice=True),
    )
    assert choice.step == HALF
    for split in ("valid", "test"):
        before, after = plain[split], shifted[split]
        np.testing.assert_array_equal(after.by_probability, before.by_probability)
        for old, new in zip(before.quantised, after.quantised, strict=True):
            assert (np.diff(new.ravel()[old.ravel().argsort(kind="stable")].astype(int)) >= 0).all()
        assert all((each >= HALF).any() for each in after.quantised)  # none is left empty


def test_nothing_is_added_to_what_a_baseline_predicts(prepared, tmp_path):
    from tumorseg.models.artifact import load_model

    masks = list(load_split(prepared, "train").masks)
    net, _ = load_model(fit(tmp_path / "prior", masks, []))
    _, plain = segment_splits(net, prepared)
    _, changed = segment_splits(net, prepared, flip="horizontal", siblings=3, neighbors=3, per_slice=True)
    np.testing.assert_array_equal(changed["test"].quantised, plain["test"].quantised)
