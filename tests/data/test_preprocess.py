"""What is done to slices before they are brought to the working size."""

import numpy as np
import pytest

from tumorseg.data.preprocess import Frame, clahe, crop, foreground, normalise, pad, preprocess, to_channels


@pytest.fixture
def image() -> np.ndarray:
    """A grey head of rows 20…59 and columns 30…49 on a black slice of 100×80."""
    image = np.zeros((100, 80), np.uint8)
    image[20:60, 30:50] = np.linspace(100, 180, 20).astype(np.uint8)
    return image


def test_crop_is_the_square_round_the_head(image):
    # Columns 20…59: ten more on either side of the head.
    assert crop(image) == Frame(20, 20, 40, 40)


def test_crop_moves_inward_at_the_edge(image):
    assert crop(np.roll(image, -30, axis=1)) == Frame(20, 0, 40, 40)  # the head at columns 0…19


def test_crop_takes_no_more_than_there_is():
    image = np.zeros((100, 30), np.uint8)
    image[10:90, 5:25] = 200
    assert crop(image) == Frame(10, 0, 80, 30)


def test_a_slice_of_one_grey_stays():
    image = np.zeros((10, 12), np.uint8)
    assert crop(image) == Frame(0, 0, 10, 12)
    np.testing.assert_array_equal(normalise(image), image)
    image[3:6, 2:9] = 255  # a picture of one bit
    np.testing.assert_array_equal(normalise(image), image)


@pytest.mark.parametrize(
    ("shape", "frame"),
    [((4, 9), Frame(-2, 0, 9, 9)), ((9, 4), Frame(0, -2, 9, 9)), ((5, 5), Frame(0, 0, 5, 5))],
)
def test_pad_puts_a_slice_in_the_middle_of_a_square(shape, frame):
    assert pad(np.zeros(shape, np.uint8)) == frame


def test_a_frame_beyond_the_slice_cuts_zeros_and_goes_back():
    array = np.arange(1, 13).reshape(3, 4)
    frame = Frame(-1, 1, 5, 2)  # a row above, a row below, columns 1 and 2
    cut = frame.cut(array)
    assert cut.tolist() == [[0, 0], [2, 3], [6, 7], [10, 11], [0, 0]]
    assert frame.whole(cut, (3, 4)).tolist() == [[0, 2, 3, 0], [0, 6, 7, 0], [0, 10, 11, 0]]


@pytest.mark.parametrize("steps", [["crop", "pad"], ["pad", "crop"], ["pad"], ["crop"], []])
def test_the_frame_is_where_the_slice_after_all_steps_lies(steps):
    image = np.zeros((100, 30), np.uint8)
    image[10:90, 5:25] = np.arange(20) + 150
    after, frame = preprocess(image, steps)
    np.testing.assert_array_equal(frame.cut(image), after)
    assert ("pad" in steps) <= (after.shape[0] == after.shape[1])


def test_normalise_stretches_the_head(image):
    head = normalise(image)[20:60, 30:50]
    assert (head.min(), head.max()) == (0, 255)
    assert np.all(np.diff(head[0].astype(int)) >= 0)


def test_normalise_is_the_stretch_between_percentiles_bit_for_bit():
    rng = np.random.default_rng(0)
    for _ in range(200):
        shape = rng.integers(1, 40, 2)
        image = rng.normal(rng.uniform(0, 255), rng.uniform(0, 80), shape).clip(0, 255).astype(np.uint8)
        head = image[foreground(image)]
        expected = image
        if len(head):
            low, high = np.percentile(head, [1, 99])
            if low < high:
                expected = ((image - low) * (255 / max(high - low, 1))).round().clip(0, 255).astype(np.uint8)
        np.testing.assert_array_equal(normalise(image), expected)


def test_colours_are_stretched_alike(image):
    colours = np.dstack([image, image // 2, image])
    found = normalise(colours)
    assert found.shape == colours.shape
    np.testing.assert_array_equal(found[..., 0], found[..., 2])  # one stretch for all three
    assert (found[20:60, 30:50, 1] < found[20:60, 30:50, 0]).mean() > 0.9
    assert crop(colours) == crop(image)


def test_clahe_raises_contrast_where_it_is_low():
    rng = np.random.default_rng(0)
    image = rng.integers(100, 110, (128, 128)).astype(np.uint8)
    assert clahe(image).std() > 1.5 * image.std()
    assert clahe(np.dstack([image] * 3)).std() > 1.5 * image.std()


def test_steps_are_taken_in_order(image):
    after, frame = preprocess(image, ["crop", "normalise"])
    assert frame == crop(image)
    np.testing.assert_array_equal(after, normalise(frame.cut(image)))


def test_a_grey_slice_and_one_of_its_three_equal_channels_are_one(image):
    colours = to_channels(image, 3)
    assert colours.shape == (100, 80, 3)
    assert all((colours[..., channel] == image).all() for channel in range(3))
    np.testing.assert_array_equal(to_channels(colours, 1), image)
