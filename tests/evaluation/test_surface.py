import warnings

import cv2
import numpy as np
import pytest
import torch
from monai.metrics import DiceMetric, compute_hausdorff_distance, compute_surface_dice

from tumorseg.evaluation.surface import TOLERANCE, surface_scores
from tumorseg.metrics import confusion, count_pixels, scores

SIDE = 64  # the tolerance is 1 pixel


def box(top: int, left: int, bottom: int, right: int, side: int = SIDE) -> np.ndarray:
    """A filled rectangle, ends excluded."""
    array = np.zeros((side, side), np.uint8)
    array[top:bottom, left:right] = 1
    return array


def test_shifted_squares_by_hand():
    # Each outline has 32 pixels. Shifted by 3 along a row, the 9 pixels of the far side are 3 away; those
    # of the two long sides are on the other outline but for 3 at the end of each, 1, 2 and 3 pixels
    # away (the last is of the far side); of the near side, the 7 inner ones are as far as the nearest of
    # the outline: 1, 2, 3, 3, 3, 2 and 1.
    mask, prediction = box(20, 20, 29, 29), box(20, 23, 29, 32)
    hd95, nsd = surface_scores(mask[None], prediction[None])
    assert hd95.tolist() == [3]
    zero, one = 2 * 6, 2 + 2  # of one outline
    assert nsd.tolist() == pytest.approx([(zero + one) / 32])


def test_two_percentiles_are_taken_and_the_larger_counts():
    # The annotation is found, and 10 pixels away something else: all of the annotated outline is at distance
    # 0, of the 8 predicted pixels 4 are at 0, the others at 9, 9, 10 and 10. Their 95th percentile is 10.
    mask = box(10, 10, 12, 12)
    prediction = mask | box(10, 20, 12, 22)
    for one, other in ((mask, prediction), (prediction, mask)):
        hd95, nsd = surface_scores(one[None], other[None])
        assert hd95.tolist() == [10]
        assert nsd.tolist() == [8 / 12]


@pytest.mark.parametrize("apart", [1, 2])
def test_the_tolerance_is_a_share_of_the_side(apart):
    side = SIDE * apart
    assert TOLERANCE * side == apart
    dots = [
        box(9, 9, 10, 10, side),
        box(9, 9 + apart, 10, 10 + apart, side),
        box(9, 10 + apart, 10, 11 + apart, side),
    ]
    hd95, nsd = surface_scores(np.stack([dots[0]] * 2), np.stack(dots[1:]))
    assert hd95.tolist() == [apart, apart + 1]
    assert nsd.tolist() == [1, 0]


def test_distances_are_exact_roots():
    for down, across in np.ndindex(40, 40):
        hd95, _ = surface_scores(box(1, 1, 2, 2)[None], box(1 + down, 1 + across, 2 + down, 2 + across)[None])
        assert hd95 == np.float32(np.sqrt(down**2 + across**2))


def test_what_is_empty_has_no_distance():
    some, none = box(1, 1, 5, 5), box(0, 0, 0, 0)
    hd95, nsd = surface_scores(np.stack([some, none, none, some]), np.stack([none, some, none, some]))
    np.testing.assert_array_equal(hd95, [np.nan, np.nan, np.nan, 0])
    np.testing.assert_array_equal(nsd, [0, 0, np.nan, 1])


def test_agrees_with_monai_whatever_the_shape_and_wherever_it_touches_the_rim():
    rng = np.random.default_rng(0)
    # Blobs of blurred noise, cut off by every side.
    noise = rng.random((2, 40, SIDE, SIDE)).astype(np.float32)
    smooth = np.stack([[cv2.GaussianBlur(image, (0, 0), 4) for image in part] for part in noise])
    masks, predictions = (smooth > np.quantile(smooth, 0.8)).astype(np.uint8)
    predictions[1], masks[2], masks[3], predictions[3] = 0, 0, 0, 0
    masks[4], predictions[5] = 1, 1
    predicted, truth = (torch.from_numpy(array)[:, None] for array in (predictions, masks))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* is all 0|.*always_return_as_numpy")
        distance = compute_hausdorff_distance(predicted, truth, include_background=True, percentile=95)
        dice = compute_surface_dice(predicted, truth, [1.0], include_background=True)
    hd95, nsd = surface_scores(masks, predictions)
    distance[torch.isinf(distance)] = np.nan  # to one empty side
    np.testing.assert_allclose(hd95, distance[:, 0], rtol=1e-6)
    np.testing.assert_allclose(nsd, dice[:, 0], rtol=1e-6)
    assert np.isnan(hd95).sum() == 3

    # And Dice, which MONAI makes 1 where both are empty unless told otherwise.
    counts = count_pixels(predictions, masks)
    ours = scores(*confusion(counts)[..., 1])["dice"]
    theirs = DiceMetric(include_background=True, reduction="none", ignore_empty=False)(predicted, truth)[:, 0]
    np.testing.assert_allclose(ours[~np.isnan(ours)], theirs[~np.isnan(ours)], rtol=1e-6)
    assert np.flatnonzero(np.isnan(ours)).tolist() == [3]
