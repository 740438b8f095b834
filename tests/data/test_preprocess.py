"""What is done to slices before they are brought to the working size."""

import numpy as np
import pytest

from tumorseg.data.preprocess import clahe, crop, normalise, preprocess


@pytest.fixture
def slice_and_mask() -> tuple[np.ndarray, np.ndarray]:
    """A grey head of rows 20…59 and columns 30…49 on a black slice of 100×80, with a tumour inside."""
    image, mask = np.zeros((2, 100, 80), np.uint8)
    image[20:60, 30:50] = np.linspace(100, 180, 20).astype(np.uint8)
    mask[30:35, 40:45] = 1
    return image, mask


def test_crop_is_the_square_round_the_head(slice_and_mask):
    image, mask = crop(*slice_and_mask)
    assert image.shape == mask.shape == (40, 40)  # columns 20…59: ten more on either side of the head
    np.testing.assert_array_equal(image, slice_and_mask[0][20:60, 20:60])
    assert mask[10:15, 20:25].all()
    assert mask.sum() == 25


def test_crop_moves_inward_at_the_edge(slice_and_mask):
    image, mask = (np.roll(array, -30, axis=1) for array in slice_and_mask)  # the head at columns 0…19
    np.testing.assert_array_equal(crop(image, mask)[0], image[20:60, 0:40])


def test_crop_takes_no_more_than_there_is():
    image = np.zeros((100, 30), np.uint8)
    image[10:90, 5:25] = 200
    assert crop(image, image)[0].shape == (80, 30)


def test_where_the_head_is_the_mask_does_not_say(slice_and_mask):
    image, mask = slice_and_mask
    mask = mask.copy()
    mask[90:95, 70:75] = 1
    assert crop(image, mask)[0].shape == (40, 40)
    assert crop(image, mask)[1].sum() == 25


@pytest.mark.parametrize("step", [crop, normalise])
def test_a_slice_of_one_grey_stays(step):
    image = np.zeros((10, 12), np.uint8)
    np.testing.assert_array_equal(step(image, image)[0], image)


def test_normalise_stretches_the_head(slice_and_mask):
    image, mask = normalise(*slice_and_mask)
    head = image[20:60, 30:50]
    assert (head.min(), head.max()) == (0, 255)
    assert np.all(np.diff(head[0].astype(int)) >= 0)
    assert mask is slice_and_mask[1]


def test_clahe_raises_contrast_where_it_is_low():
    rng = np.random.default_rng(0)
    image = rng.integers(100, 110, (128, 128)).astype(np.uint8)
    assert clahe(image, image)[0].std() > 1.5 * image.std()


def test_steps_are_taken_in_order(slice_and_mask):
    expected = normalise(*crop(*slice_and_mask))
    for got, wanted in zip(preprocess(*slice_and_mask, ["crop", "normalise"]), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert preprocess(*slice_and_mask, []) == slice_and_mask
