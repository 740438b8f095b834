from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.preparing import prepare_folder

from tumorseg import SPLITS
from tumorseg.data.masks import render_masks
from tumorseg.data.similarity import SIBLING, embed, groups, nearest, relatives
from tumorseg.data.slices import load_split
from tumorseg.params import PhantomSource
from tumorseg.sources import fetch


def on_circle(*degrees: float) -> np.ndarray:
    """Unit vectors whose correlation is the cosine of the angle between them."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@pytest.mark.parametrize("size", [32, 64, 128, 160])
def test_embeddings_are_small_slices_without_mean_of_length_1(size):
    import torch
    from torch.nn import functional

    images = np.random.default_rng(0).integers(0, 256, (3, size, size), dtype=np.uint8)
    small = functional.adaptive_avg_pool2d(torch.from_numpy(images).float(), 32).flatten(1)
    expected = functional.normalize(small - small.mean(dim=1, keepdim=True)).numpy()
    np.testing.assert_allclose(embed(images), expected, atol=1e-5)


def test_a_slice_of_one_grey_resembles_nothing():
    assert not embed(np.full((1, 48, 48), 77, np.uint8)).any()


def test_brightness_and_contrast_do_not_matter():
    image = np.random.default_rng(0).integers(0, 100, (1, 32, 32), dtype=np.uint8)
    assert embed(image)[0] @ embed(2 * image + 10)[0] == pytest.approx(1)


def test_most_similar_by_hand():
    index, similarity = nearest(on_circle(10, 80), on_circle(0, 60, 90))
    assert index.tolist() == [[0], [2]]
    np.testing.assert_allclose(similarity[:, 0], np.cos(np.radians([10, 10])), atol=1e-6)
    three = on_circle(0, 10, 90)
    assert nearest(three, three, skip_self=True)[0].tolist() == [[1], [0], [1]]
    index, similarity = nearest(on_circle(50), three, count=2)
    assert index.tolist() == [[1, 2]]  # both are 40° away
    np.testing.assert_allclose(similarity, np.cos(np.radians([[40, 40]])), atol=1e-6)
    assert nearest(on_circle(80), three, count=9)[0].tolist() == [[2, 1, 0]]


def test_a_stack_is_one_group_end_to_end():
    # cos 36° = 0.81 links neighbours; cos 38° = 0.79 and cos 72° = 0.31 link no others.
    assert groups(on_circle(0, 36, 72, 108, 146, 182)).tolist() == [0, 0, 0, 0, 1, 1]


def test_a_slice_that_resembles_everybody_joins_no_crowd():
    # The hub correlates at 0.9 with 20 slices, which are at 0.81 with each other.
    spokes = np.concatenate([np.full((20, 1), 0.9), np.sqrt(1 - 0.81) * np.eye(20)], axis=1)
    hub = np.eye(1, 21)
    found = groups(np.concatenate([hub, spokes]).astype(np.float32))
    assert np.bincount(found).max() <= 3


def test_copies_are_one_slice_to_the_groups():
    # Five copies would take every place among each other's two neighbours.
    slices = on_circle(0, 0, 0, 0, 0, 20)
    assert relatives(slices, first=6)[0].copy.tolist() == [0, 0, 0, 0, 0, 1]
    assert groups(slices).tolist() == [0] * 6
    # The slice at 20° has two copies nearer than the one at 40°, which is too far from them.
    assert groups(on_circle(0, 0, 0, 20, 40)).tolist() == [0] * 5
    assert groups(on_circle(90, 20, 0, 0, 0, 40)).tolist() == [0, 1, 1, 1, 1, 1]


def test_one_slice_is_one_group():
    assert groups(on_circle(0)).tolist() == [0]


@pytest.fixture(scope="module", params=[5, 8])
def phantom(request, tmp_path_factory) -> tuple[int, np.ndarray, np.ndarray]:
    """Slices a patient, and the embeddings and patients of a phantom's slices, 16 patients in all."""
    folder: Path = tmp_path_factory.mktemp("phantom")
    source = PhantomSource(
        kind="phantom", seed=3, patients=16, slices_per_patient=request.param, native_size=128
    )
    fetch(source, folder / "raw")
    render_masks(folder / "raw", folder / "masks", ["0", "1"])
    prepare_folder(folder, 128)
    splits = [load_split(folder / "prepared", split) for split in SPLITS]
    truth = pd.read_csv(folder / "raw" / "patients.csv").rename(columns={"split": "as_shipped"})
    table = pd.concat([split.table for split in splits]).merge(truth, on=["as_shipped", "file"])
    return request.param, np.concatenate([embed(split.images) for split in splits]), table.patient.to_numpy()


def test_siblings_are_of_one_patient(phantom):
    _, embeddings, patients = phantom
    own = patients[:, None] == patients
    similarity = embeddings @ embeddings.T
    np.fill_diagonal(similarity, -1)
    found = similarity >= SIBLING
    assert own[found].mean() >= 0.98
    assert (found & own).any(axis=1).mean() >= 0.6


def test_groups_are_parts_of_patients(phantom):
    count, embeddings, patients = phantom
    labels = groups(embeddings)
    pairs = np.triu_indices(len(labels), 1)
    together, own = (np.equal.outer(x, x)[pairs] for x in (labels, patients))
    precision, recall = (together & own).sum() / together.sum(), (together & own).sum() / own.sum()
    print(f"{count} slices a patient: precision {precision:.3f}, recall {recall:.3f} of pairs")
    assert precision >= 0.95
    assert recall >= {5: 0.55, 8: 0.75}[count]
