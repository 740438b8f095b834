import numpy as np
import pandas as pd
import pytest

from tumorseg.audit.leak import (
    copied_dice,
    copies,
    embed,
    groups,
    most_similar,
    near_in_sequence,
    repeats,
)
from tumorseg.params import PhantomSource
from tumorseg.slices import load_split


def on_circle(*degrees: float) -> np.ndarray:
    """Unit vectors whose correlation is the cosine of the angle between them."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@pytest.mark.parametrize("size", [32, 48, 128, 144])
def test_embeddings_are_those_of_the_model_that_copies(size):
    import torch

    from tumorseg.models import nearest_slice

    images = np.random.default_rng(0).integers(0, 256, (3, size, size), dtype=np.uint8)
    theirs = nearest_slice.embed(torch.from_numpy(images)[:, None]).numpy()
    np.testing.assert_allclose(embed(images), theirs, atol=1e-5)


def test_a_slice_of_one_grey_resembles_nothing():
    assert not embed(np.full((1, 48, 48), 77, np.uint8)).any()


def test_brightness_and_contrast_do_not_matter():
    image = np.random.default_rng(0).integers(0, 100, (1, 32, 32), dtype=np.uint8)
    assert embed(image)[0] @ embed(2 * image + 10)[0] == pytest.approx(1)


def test_most_similar_by_hand():
    index, similarity = most_similar(on_circle(10, 80), on_circle(0, 60, 90))
    assert index.tolist() == [0, 2]
    np.testing.assert_allclose(similarity, np.cos(np.radians([10, 10])), atol=1e-6)
    assert most_similar(on_circle(0, 10, 90), on_circle(0, 10, 90), skip_self=True)[0].tolist() == [1, 0, 1]


def test_a_stack_is_one_group_end_to_end():
    # cos 20° = 0.94 links neighbours; cos 40° = 0.77 links no others.
    assert groups(on_circle(0, 20, 40, 60, 120, 140)).tolist() == [0, 0, 0, 0, 1, 1]


def test_a_slice_that_resembles_everybody_joins_no_crowd():
    # The hub correlates at 0.9 with 20 slices, which are at 0.81 with each other.
    spokes = np.concatenate([np.full((20, 1), 0.9), np.sqrt(1 - 0.81) * np.eye(20)], axis=1)
    hub = np.eye(1, 21)
    found = groups(np.concatenate([hub, spokes]).astype(np.float32))
    assert np.bincount(found).max() <= 3


def test_copies_are_one_slice_to_the_groups():
    # Five copies would take every place among each other's two neighbours.
    assert copies(on_circle(0, 0, 0, 0, 0, 20)).tolist() == [0, 0, 0, 0, 0, 1]
    assert groups(on_circle(0, 0, 0, 0, 0, 20)).tolist() == [0] * 6


def test_one_slice_is_one_group():
    assert groups(on_circle(0)).tolist() == [0]


def test_repeats_by_hand():
    table = pd.DataFrame({"split": ["train", "train", "train", "test", "valid"], "key": list("aabbc")})
    assert repeats(table, "key") == {"across": 2, "within": 1}


def test_copied_dice_by_hand():
    masks = np.array([[[1, 1, 0, 0]], [[1, 0, 0, 0]], [[0, 0, 0, 0]]])
    copied = np.array([[[1, 0, 0, 0]], [[0, 1, 0, 0]], [[0, 0, 0, 0]]])
    # TP 1, FP 1, FN 2 in all; 2/3, 0 and no Dice one by one.
    assert copied_dice(masks, copied) == {"pooled": pytest.approx(2 / 5), "mean": pytest.approx(1 / 3)}


def test_near_in_sequence_by_hand():
    found = near_in_sequence(pd.Series([10, 50]), pd.Series([7, 13, 14, 90]), pd.Series([13, 90]))
    # Of four training numbers, two are within 3 of the number 10, none of 50.
    assert found == {"count": 1, "share": 0.5, "by_chance": 0.25}


@pytest.fixture(scope="module")
def phantom(tmp_path_factory) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings and patients of the slices of a phantom: 16 patients, 5 slices each."""
    from tumorseg.masks import render_masks
    from tumorseg.prepare import prepare
    from tumorseg.sources import fetch

    folder = tmp_path_factory.mktemp("phantom")
    source = PhantomSource(kind="phantom", seed=3, patients=16, slices_per_patient=5, native_size=64)
    fetch(source, folder / "raw")
    render_masks(folder / "raw", folder / "masks", ["0", "1"])
    prepare(folder / "raw", folder / "masks", folder / "prepared", 64)
    splits = [load_split(folder / "prepared", split) for split in ("train", "valid", "test")]
    truth = pd.read_csv(folder / "raw" / "patients.csv")
    table = pd.concat([split.table for split in splits]).merge(truth, on=["split", "file"])
    return np.concatenate([embed(split.images) for split in splits]), table.patient.to_numpy()


def test_siblings_are_of_one_patient(phantom):
    embeddings, patients = phantom
    own = patients[:, None] == patients
    similarity = embeddings @ embeddings.T
    np.fill_diagonal(similarity, -1)
    found = similarity >= 0.85
    assert own[found].mean() >= 0.98
    assert (found & own).any(axis=1).mean() >= 0.6


def test_groups_are_parts_of_patients(phantom):
    embeddings, patients = phantom
    labels = groups(embeddings)
    pairs = np.triu_indices(len(labels), 1)
    together, own = (np.equal.outer(x, x)[pairs] for x in (labels, patients))
    precision, recall = (together & own).sum() / together.sum(), (together & own).sum() / own.sum()
    print(f"precision {precision:.3f}, recall {recall:.3f}")
    assert precision >= 0.98
    assert recall >= 0.4
