import numpy as np
import pytest
from sklearn.metrics import average_precision_score, fbeta_score, precision_recall_fscore_support

from tumorseg.metrics import (
    HALF,
    PROBABILITIES,
    average_precision,
    best_dice,
    best_step,
    confusion,
    count_pixels,
    f_beta,
    mean_defined,
    quantise,
    scores,
    summarise_counts,
)


def test_levels_keep_half_where_it_is():
    probabilities = np.array([0.0, 0.4999, 0.5, 1.0])
    assert quantise(probabilities).tolist() == [0, 127, HALF, 255]


def test_confusion_of_four_pixels_by_hand():
    levels = np.array([[[10, 200], [100, 250]]], np.uint8)
    masks = np.array([[[0, 0], [1, 1]]], np.uint8)
    table = confusion(count_pixels(levels, masks))[:, 0]
    tp, fp, fn, tn = table
    assert [c[0] for c in (tp, fp, fn, tn)] == [2, 2, 0, 0]  # everything is predicted
    assert [c[HALF] for c in (tp, fp, fn, tn)] == [1, 1, 1, 1]
    assert [c[100] for c in (tp, fp, fn, tn)] == [2, 1, 0, 1]  # a level counts at its own threshold
    assert [c[251] for c in (tp, fp, fn, tn)] == [0, 0, 2, 2]


def test_a_step_stands_for_its_midpoint():
    assert PROBABILITIES.shape == (256,)
    assert PROBABILITIES[[0, HALF, 255]].tolist() == [1 / 512, 257 / 512, 511 / 512]


def test_confusion_where_tumour_is_rarer_than_background():
    levels = np.array([[[10, 200], [100, 250]]], np.uint8)
    table = confusion(count_pixels(levels, np.array([[[0, 0], [0, 1]]])))[:, 0]
    assert table[:, HALF].tolist() == [1, 1, 0, 2]
    assert table[:, 251].tolist() == [0, 0, 1, 3]


def test_masks_of_other_slices_are_no_match():
    with pytest.raises(ValueError, match="shorter"):
        count_pixels(np.zeros((2, 4, 4), np.uint8), np.zeros((1, 4, 4), np.uint8))


def test_scores_by_hand():
    values = scores(*np.array([6, 2, 4, 88]))
    assert values["precision"] == 6 / 8
    assert values["recall"] == 6 / 10
    assert values["dice"] == 12 / 18
    assert values["iou"] == 6 / 12
    assert values["specificity"] == 88 / 90
    assert values["accuracy"] == 94 / 100


def test_ratios_of_nothing_are_nan():
    nothing_there = scores(*np.array([0, 0, 0, 5]))
    assert all(np.isnan(nothing_there[name]) for name in ("precision", "recall", "dice", "iou"))
    false_alarm = scores(*np.array([0, 3, 0, 2]))
    assert np.isnan(false_alarm["recall"])
    assert false_alarm["dice"] == false_alarm["precision"] == 0


def test_a_mean_is_of_what_is_defined():
    values = np.array([[1.0, np.nan, 2.0], [np.nan] * 3])
    np.testing.assert_array_equal(mean_defined(values, axis=1), [1.5, np.nan])
    np.testing.assert_array_equal(mean_defined(values, axis=0), [1, np.nan, 2])
    assert mean_defined(values) == 1.5


def test_agrees_with_scikit_learn_at_every_level_and_on_average_precision():
    rng = np.random.default_rng(0)
    masks = (rng.random((3, 16, 16)) < 0.2).astype(np.uint8)
    levels = np.clip(rng.normal(90 + 60 * masks, 40), 0, 255).astype(np.uint8)
    counts = count_pixels(levels, masks)
    for level in (1, 60, HALF, 200):
        ours = scores(*confusion(counts.sum(0))[:, level])
        theirs = precision_recall_fscore_support(masks.ravel(), levels.ravel() >= level, average="binary")
        assert [ours[k] for k in ("precision", "recall", "dice")] == pytest.approx(theirs[:3])
    assert average_precision(counts.sum(0)) == pytest.approx(
        average_precision_score(masks.ravel(), levels.ravel())
    )
    each = [average_precision_score(m.ravel(), x.ravel()) for m, x in zip(masks, levels, strict=True)]
    assert average_precision(counts) == pytest.approx(each)


def test_average_precision_without_tumour_is_nan():
    counts = count_pixels(np.zeros((1, 2, 2), np.uint8), np.zeros((1, 2, 2), np.uint8))
    assert np.isnan(average_precision(counts)).all()


def test_best_level_is_the_lowest_of_the_best():
    levels = np.array([[[50, 50], [90, 90]]], np.uint8)
    masks = np.array([[[0, 0], [1, 1]]], np.uint8)
    counts = count_pixels(levels, masks).sum(0)
    assert best_step(counts) == 51
    assert best_step(np.zeros_like(counts)) == HALF  # no pixel, no preference


def test_the_best_dice_is_at_a_threshold_above_0():
    tumor = np.array([[[1, 0, 0]]])
    assert best_dice(count_pixels(np.array([[[1, 0, 0]]], np.uint8), tumor)[0]) == 1
    # At threshold 0 all is tumour, which Dice would call 1/2; above it nothing is.
    assert best_dice(count_pixels(np.zeros((1, 1, 3), np.uint8), tumor)[0]) == 0
    assert best_dice(np.zeros((2, 256), int)) == 0


def test_the_curve_of_an_epoch_by_hand():
    levels = np.array([[[90, 100, 200, 250, 0]]], np.uint8)
    counts = count_pixels(levels, np.array([[[0, 1, 0, 1, 0]]]))[0]
    # At 128: TP 1, FP 1, FN 1, TN 2. At 100: TP 2, FP 1.
    assert summarise_counts(counts) == {"accuracy": 3 / 5, "dice": 1 / 2, "best_dice": 4 / 5}


def test_where_no_tumour_can_be_found_no_threshold_is_better():
    levels = np.array([[[50, 200]]], np.uint8)
    assert best_step(count_pixels(levels, np.zeros_like(levels)).sum(0)) == HALF
    assert best_step(count_pixels(np.zeros_like(levels), np.ones_like(levels)).sum(0)) == HALF


def test_f_beta_by_hand():
    # Precision 3/4, recall 3/5: F₂ = 5 · 9/20 / (4 · 3/4 + 3/5).
    assert f_beta(*np.array([6, 2, 4]), 2.0) == pytest.approx(2.25 / 3.6)
    assert f_beta(*np.array([6, 2, 4]), 1.0) == scores(*np.array([6, 2, 4, 88]))["dice"]
    assert f_beta(*np.array([0, 2, 4]), 2.0) == 0
    assert np.isnan(f_beta(*np.array([0, 0, 0]), 2.0))


@pytest.mark.parametrize("beta", [0.5, 1.0, 3.0])
def test_f_beta_agrees_with_scikit_learn(beta):
    rng = np.random.default_rng(0)
    truth, found = rng.random((2, 500)) < 0.3
    counts = confusion(count_pixels(found[None, None].astype(np.uint8), truth[None, None]))[:3, 0, 1]
    assert f_beta(*counts, beta) == pytest.approx(fbeta_score(truth, found, beta=beta))


def test_f_beta_of_any_beta_is_between_precision_and_recall():
    assert f_beta(*np.array([6, 2, 4]), 1e-300) == 6 / 8
    assert f_beta(*np.array([6, 2, 4]), 1e300) == 6 / 10


def test_the_best_level_falls_as_missed_tumour_weighs_more():
    levels = np.array([[[40, 80, 100, 120, 140, 160, 200, 240]]], np.uint8)
    counts = count_pixels(levels, np.array([[[1, 0, 0, 0, 0, 1, 0, 1]]])).sum(0)
    # At 201: TP 1, FN 2; at 141: TP 2, FP 1, FN 1; at 1: TP 3, FP 5. Dice is 1/2, 2/3 and 6/11.
    assert [best_step(counts, beta) for beta in (0.1, 1.0, 5.0)] == [201, 141, 1]
    assert best_step(counts) == best_step(counts, 1.0)
