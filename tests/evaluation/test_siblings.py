"""What is predicted in similar slices has a say."""

import numpy as np
import pytest

from tumorseg.evaluation.siblings import SIBLINGS, sibling_votes

SIDE = 32
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8)  # resemble one another not at all
LEVELS = np.array([10, 100, 240], np.uint8)


def predicted(levels: np.ndarray) -> np.ndarray:
    return np.tile(levels[:, None, None], (1, SIDE, SIDE)).astype(np.uint8)


@pytest.mark.parametrize("slices", [1, 2, 3])
def test_a_slice_without_siblings_votes_for_itself(slices):
    quantised = predicted(LEVELS[:slices])
    np.testing.assert_array_equal(sibling_votes(IMAGES[:slices], quantised, 8), quantised)


def test_twins_vote_on_each_other_alone():
    votes = sibling_votes(IMAGES[[0, 1, 0]], predicted(LEVELS), 8)
    assert votes[:, 0, 0].tolist() == [240, 100, 10]


def test_the_more_similar_sibling_counts_for_more():
    noise = RNG.normal(0, 30, (SIDE, SIDE))
    near, far = (np.clip(IMAGES[0] + part * noise, 0, 255).astype(np.uint8) for part in (0.2, 1.0))
    votes = sibling_votes(np.stack([IMAGES[0], near, far]), predicted(LEVELS), 2)
    assert 100 < votes[0, 0, 0] < 170  # nearer to 100 than to 240


def test_no_more_vote_than_are_asked():
    images = IMAGES[[0, 0, 0]]
    assert sibling_votes(images, predicted(LEVELS), 2)[0, 0, 0] == 170  # the mean of 100 and 240
    assert sibling_votes(images, predicted(LEVELS), 1)[0, 0, 0] in (100, 240)


def test_a_blend_is_the_weighted_mean_of_logits():
    quantised, votes = np.full((1, 1, 1), 64, np.uint8), np.full((1, 1, 1), 192, np.uint8)
    own, other = 64.5 / 191.5, 192.5 / 63.5  # odds in the middle of these steps
    for weight in SIBLINGS.weights:
        odds = own ** (1 - weight) * other**weight
        assert SIBLINGS.blend(quantised, votes, weight)[0, 0, 0] == int(256 * odds / (1 + odds))


def test_what_agrees_stays_to_the_step():
    steps = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    for weight in SIBLINGS.weights:
        np.testing.assert_array_equal(SIBLINGS.blend(steps, steps, weight), steps)


def test_siblings_that_see_what_the_slice_does_not_are_heard():
    tumor = np.zeros((1, SIDE, SIDE), np.uint8)
    tumor[:, 8:16, 8:16] = 1
    quantised = np.full(tumor.shape, 20, np.uint8)
    quantised[:, 8:16, 8:12] = 200
    assert SIBLINGS.choose_weight(quantised, (20 + 180 * tumor).astype(np.uint8), tumor, 1.0) == 0.1
    assert SIBLINGS.choose_weight(quantised, quantised, tumor, 1.0) == 0
