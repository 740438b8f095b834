"""Scores of all folds together, worked by hand."""

import pytest
from support.folds import first_fold, second_fold

from tumorseg.experiments.cv.pool import pool
from tumorseg.experiments.cv.score import compare_arms, pooled_scores


def test_all_pixels_of_all_folds_make_one_dice():
    scores = pooled_scores(pool([first_fold(), second_fold()]))
    # TP 8 + 0 + 1, FP 2 + 0 + 0, FN 0 + 0 + 8: neither the mean of slices nor that of folds.
    assert scores["dice"] == pytest.approx(18 / 28)
    assert scores["iou"] == pytest.approx(9 / 19)
    assert scores["precision"] == pytest.approx(9 / 11)
    assert scores["recall"] == pytest.approx(9 / 17)
    assert scores["mean_dice"] == pytest.approx((16 / 18 + 2 / 10) / 2)  # the empty slice has no Dice
    # Two groups: a replicate has the first twice, the second twice, or both.
    assert (scores["low"], scores["high"]) == (pytest.approx(2 / 10), pytest.approx(16 / 18))
    assert scores["lesion_recall"] == 1.0
    assert scores["box_hit_rate"] == pytest.approx(2 / 3)  # the boxes: 0.6, 0.2, 0.6


def test_categories_and_sizes_are_of_all_folds():
    scores = pooled_scores(pool([first_fold(), second_fold()]))
    # Of the slice without annotation there is nothing to find.
    assert {name: part.slices for name, part in scores["category"].items()} == {"0": 1, "1": 1}
    assert scores["category"]["0"].dice == pytest.approx(16 / 18)
    # The bounds of the thirds are those of all slices together: 8 and 9 pixels of tumour.
    assert scores["size"]["small"].dice == pytest.approx(16 / 18)
    assert scores["size"]["large"].dice == pytest.approx(2 / 10)


def test_two_arms_are_compared_on_all_slices():
    base = pool([first_fold(), second_fold()])
    better = pool([first_fold(fp=0), second_fold(tp=4)])  # 24 of 29 pixels: 2 · 12 / (2 · 12 + 0 + 5)
    (pair,) = compare_arms({"base": base, "better": better})
    assert (pair.arm, pair.other) == ("base", "better")
    assert pair.pooled.difference == pytest.approx(18 / 28 - 24 / 29)
    assert pair.mean.difference == pytest.approx((16 / 18 + 2 / 10) / 2 - (1 + 8 / 13) / 2)
    # In a replicate of the second group alone, and of the first.
    assert pair.pooled.low == pytest.approx(2 / 10 - 8 / 13)
    assert pair.pooled.high == pytest.approx(16 / 18 - 1)
    assert pair.pooled.p == 0.5  # two groups tell no more


def test_p_values_are_corrected_for_all_pairs():
    base = pool([first_fold(), second_fold()])
    better = pool([first_fold(fp=0), second_fold(tp=4)])
    pairs = compare_arms({"a": base, "b": better, "c": base})
    assert [(pair.arm, pair.other) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [pair.pooled.p for pair in pairs] == [0.5, 1.0, 0.5]
    assert [pair.pooled.p_holm for pair in pairs] == [1.0, 1.0, 1.0]


def test_one_arm_has_no_pairs():
    assert compare_arms({"alone": pool([first_fold(), second_fold()])}) == []
