"""The votes of similar training slices."""

import numpy as np
import pandas as pd
import pytest

from tumorseg.data.slices import SplitArrays
from tumorseg.evaluation.neighbors import NEIGHBORS, neighbor_votes

SIDE = 32
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (3, SIDE, SIDE), dtype=np.uint8)  # resemble one another not at all


def split_of(images: np.ndarray, masks: np.ndarray) -> SplitArrays:
    return SplitArrays(images, masks, pd.DataFrame(index=range(len(images))))


@pytest.fixture
def train() -> SplitArrays:
    """Three slices with a tumour in a corner, in the middle and nowhere."""
    masks = np.zeros((3, SIDE, SIDE), np.uint8)
    masks[0, :4, :4] = 1
    masks[1, 10:20, 10:20] = 1
    return split_of(IMAGES, masks)


def test_the_vote_of_one_neighbour_is_its_mask(train):
    asked = split_of(IMAGES[[1, 0]], train.masks[[1, 0]])
    np.testing.assert_array_equal(neighbor_votes(asked, [train], 1), 255 * train.masks[[1, 0]])


def test_those_much_less_similar_do_not_count(train):
    asked = split_of(IMAGES[:1], train.masks[:1])
    np.testing.assert_array_equal(neighbor_votes(asked, [train], 3), neighbor_votes(asked, [train], 1))


def test_equals_count_alike():
    masks = np.zeros((4, SIDE, SIDE), np.uint8)
    masks[0], masks[1, :16] = 1, 1
    twins = split_of(IMAGES[[0, 0, 1, 2]], masks)
    votes = neighbor_votes(split_of(IMAGES[:1], masks[:1]), [twins], 2)[0]
    assert set(votes[:16].ravel()) == {255}
    assert set(votes[16:].ravel()) == {128}  # half of 255, to the even number


def test_fewer_slices_than_are_asked_for(train):
    asked = split_of(IMAGES[:1], train.masks[:1])
    np.testing.assert_array_equal(neighbor_votes(asked, [train], 100), neighbor_votes(asked, [train], 3))


def test_a_slice_of_valid_asks_all_but_itself(train):
    """Valid has two copies of one slice with two masks, and another slice; train has none like them."""
    masks = np.zeros((3, SIDE, SIDE), np.uint8)
    masks[0, :8], masks[1, 8:] = 1, 1
    valid = split_of(IMAGES[[0, 0, 1]], masks)
    other = split_of(RNG.integers(0, 256, IMAGES.shape, dtype=np.uint8), train.masks)
    votes = neighbor_votes(valid, [valid, other], 1)
    np.testing.assert_array_equal(votes[:2], 255 * masks[[1, 0]])
    test = split_of(IMAGES[[1, 0]], masks[:2])
    votes = neighbor_votes(test, [valid, other], 1)
    np.testing.assert_array_equal(votes[0], 255 * masks[2])
    both = split_of(np.concatenate([valid.images, other.images]), np.concatenate([masks, other.masks]))
    np.testing.assert_array_equal(neighbor_votes(test, [valid, other], 6), neighbor_votes(test, [both], 6))


def test_blend_adds_to_the_logit():
    quantised = np.array([[[64, 64, 64]]], np.uint8)
    votes = np.array([[[255, 0, 0]]], np.uint8)
    np.testing.assert_array_equal(NEIGHBORS.blend(quantised, votes, 0.0), quantised)
    odds = 64.5 / 191.5  # step 64 is the probability 64.5 / 256
    up, down = (256 * odds * np.exp(sign) / (1 + odds * np.exp(sign)) for sign in (1, -1))
    np.testing.assert_array_equal(
        NEIGHBORS.blend(quantised, votes, 1.0)[0, 0], [int(up), int(down), int(down)]
    )


@pytest.fixture
def valid() -> tuple[np.ndarray, np.ndarray]:
    """Quantised probabilities that are high in half of the tumour, and the tumour."""
    tumor = np.zeros((2, SIDE, SIDE), np.uint8)
    tumor[:, 8:16, 8:16] = 1
    quantised = np.full(tumor.shape, 20, np.uint8)
    quantised[:, 8:16, 8:12] = 200
    return quantised, tumor


def test_good_votes_have_weight(valid):
    quantised, tumor = valid
    weight = NEIGHBORS.choose_weight(quantised, 255 * tumor, tumor, 1.0)
    assert weight == NEIGHBORS.weights[1]  # the least that finds it all
    blended = NEIGHBORS.blend(quantised, 255 * tumor, weight)
    assert blended[tumor > 0].min() > blended[tumor == 0].max()


def test_votes_for_nothing_have_none(valid):
    quantised, tumor = valid
    assert NEIGHBORS.choose_weight(quantised, np.zeros_like(quantised), tumor, 1.0) == 0


def test_wrong_votes_have_none(valid):
    quantised, tumor = valid
    assert NEIGHBORS.choose_weight(quantised, 255 * (1 - tumor), tumor, 1.0) == 0
