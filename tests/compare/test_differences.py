import numpy as np
import pytest
from support.scored import BY_HAND, random_scored, scored

from tumorseg.compare.differences import between, compare, median_ranks, rank_shares
from tumorseg.compare.verdicts import verdicts
from tumorseg.paired import Scored


def test_differences_by_hand():
    # Two groups: a replicate holds the first twice, the second twice (each with probability 1/4) or both, so
    # that the ends of the interval are the differences on one slice.
    table = compare(BY_HAND).differences.set_index("statistic")
    assert table[["model", "other"]].to_numpy().tolist() == [["a", "b"]] * 2
    assert table.difference["pooled"] == pytest.approx(2 / 11)
    assert table.difference["mean"] == pytest.approx((6 / 7 + 1 / 2 - 2 / 3 - 2 / 5) / 2)
    for statistic in ("pooled", "mean"):
        assert table.low[statistic] == pytest.approx(1 / 2 - 2 / 5)
        assert table.high[statistic] == pytest.approx(6 / 7 - 2 / 3)
    assert table.p.tolist() == [1 / 2] * 2  # no replicate is at 0 or below, but there are but two groups


def test_pairs_are_tested_against_those_of_their_own_statistic():
    table = compare(random_scored({"a": 0.8, "b": 0.7, "c": 0.5})).differences
    assert table[["model", "other"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]] * 2
    for _, part in table.groupby("statistic"):
        assert part.p_holm.min() == pytest.approx(3 * part.p.min())


def test_between_turns_a_row_around():
    table = compare(BY_HAND).differences
    forth, back = between(table, "a", "b"), between(table, "b", "a")
    assert [back.difference, back.low, back.high] == [-forth.difference, -forth.high, -forth.low]
    assert (back.p, back.p_holm) == (forth.p, forth.p_holm)


def test_identical_models_differ_by_nothing():
    one = random_scored({"a": 0.7})
    twins = Scored(["a", "b"], one.groups, one.counts.repeat(2, axis=0), one.dice.repeat(2, axis=0))
    comparison = compare(twins)
    assert (comparison.differences[["difference", "low", "high"]] == 0).all(axis=None)
    assert (comparison.differences[["p", "p_holm"]] == 1).all(axis=None)
    assert comparison.shares.tolist() == [[1, 0], [1, 0]]  # both are always first


def test_a_clearly_better_model_is_found_better_and_a_slightly_better_one_is_not():
    comparison = compare(random_scored({"worse": 0.6, "better": 0.75, "alike": 0.605}))
    row = between(comparison.differences, "better", "worse")
    assert 0 < row.low < row.difference < row.high
    assert row.p_holm < 0.01
    row = between(comparison.differences, "alike", "worse")
    assert row.low < 0 < row.high
    assert row.p_holm > 0.05
    dice = dict(zip(["worse", "better", "alike"], comparison.dice, strict=True))
    learns = {"worse": False, "better": True, "alike": True}
    sentences = verdicts(learns, dice, comparison.differences)
    assert sentences["better"][0].startswith("beats worse: Dice 0.8")
    assert sentences["alike"][0].startswith("cannot be told from worse: Dice 0.7")
    swapped = verdicts({"worse": True, "better": False, "alike": False}, dice, comparison.differences)
    assert swapped["worse"][0].startswith("does not beat better: Dice 0.7")
    assert swapped["worse"][1].startswith("cannot be told from alike: ")


def test_slices_of_one_group_test_nothing():
    comparison = compare(scored({"a": [[3, 1, 0], [1, 0, 2]], "b": [[2, 1, 1], [1, 1, 2]]}, [5, 5]))
    assert comparison.differences[["low", "high", "p", "p_holm"]].isna().all(axis=None)
    assert np.isnan(comparison.shares).all()
    assert np.isnan(median_ranks(comparison.shares)).all()
    sentence = verdicts({"a": True, "b": False}, {"a": 8 / 11, "b": 6 / 11}, comparison.differences)["a"]
    assert sentence == [
        "cannot be tested against b: Dice 0.73 against 0.55, difference +0.18 "
        "(no interval: the test slices are too few)"
    ]


def test_one_model_has_no_differences_but_a_rank():
    comparison = compare(random_scored({"a": 0.7}))
    assert comparison.differences.empty
    assert list(comparison.differences.columns) == list(compare(BY_HAND).differences.columns)
    assert comparison.shares.tolist() == [[1]]


def test_rank_shares_by_hand():
    replicates = np.array([[0.5, 0.4, 0.3], [0.4, 0.5, 0.3], [0.5, 0.5, 0.1], [np.nan, 0.5, 0.1]])
    shares = rank_shares(replicates)
    np.testing.assert_allclose(shares, [[2 / 3, 1 / 3, 0], [2 / 3, 1 / 3, 0], [0, 0, 1]])
    assert median_ranks(shares).tolist() == [1, 1, 3]


def test_rank_shares_of_a_model_sum_to_1():
    shares = compare(random_scored({"a": 0.7, "b": 0.71, "c": 0.69, "d": 0.5})).shares
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert 0 < shares[0, 0] < 1
