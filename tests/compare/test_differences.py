import numpy as np
import pandas as pd
import pytest

from tumorseg.compare.differences import (
    Scored,
    between,
    compare,
    differences,
    holm,
    median_ranks,
    observed,
    rank_shares,
    sample,
)
from tumorseg.compare.verdicts import signed, verdicts


def scored(counts: dict[str, list], groups: list[int]) -> Scored:
    """Models by name, each with TP, FP and FN of every slice."""
    array = np.array(list(counts.values()))
    tp, fp, fn = np.moveaxis(array, -1, 0)
    with np.errstate(invalid="ignore"):
        return Scored(list(counts), np.array(groups), array, 2 * tp / (2 * tp + fp + fn))


def random_scored(rates: dict[str, float], slices: int = 80) -> Scored:
    """Models that find each of 100 tumour pixels of a slice with a rate, in slices that differ; pairs of them
    are groups."""
    rng = np.random.default_rng(0)
    ease = rng.uniform(0.5, 1.5, slices)
    counts = {}
    for name, rate in rates.items():
        found = rng.binomial(100, np.clip(rate * ease, 0, 1))
        counts[name] = np.stack([found, np.full(slices, 5), 100 - found], axis=1)
    return scored(counts, list(np.arange(slices) // 2))


# Dice of the slices: a 6/7 and 1/2, pooled 8/11; b 4/6 and 2/5, pooled 6/11.
BY_HAND = scored({"a": [[3, 1, 0], [1, 0, 2]], "b": [[2, 1, 1], [1, 1, 2]]}, [0, 1])


def test_observed_by_hand():
    values = observed(BY_HAND)
    np.testing.assert_allclose(values["pooled"], [8 / 11, 6 / 11])
    np.testing.assert_allclose(values["mean"], [(6 / 7 + 1 / 2) / 2, (2 / 3 + 2 / 5) / 2])


def test_differences_by_hand():
    # Two groups: a draw holds the first twice, the second twice (each with probability 1/4) or both, so that
    # the ends of the interval are the differences on one slice.
    table = compare(BY_HAND).differences.set_index("statistic")
    assert table[["model", "other"]].to_numpy().tolist() == [["a", "b"]] * 2
    assert table.difference["pooled"] == pytest.approx(2 / 11)
    assert table.difference["mean"] == pytest.approx((6 / 7 + 1 / 2 - 2 / 3 - 2 / 5) / 2)
    for statistic in ("pooled", "mean"):
        assert table.low[statistic] == pytest.approx(1 / 2 - 2 / 5)
        assert table.high[statistic] == pytest.approx(6 / 7 - 2 / 3)
    assert table.p.tolist() == [1 / 2] * 2  # no draw is at 0 or below, but there are but two groups


def test_a_slice_without_dice_counts_in_no_mean():
    values = observed(scored({"a": [[3, 1, 0], [0, 0, 0]], "b": [[2, 1, 1], [0, 4, 0]]}, [0, 1]))
    np.testing.assert_allclose(values["mean"], [6 / 7, (4 / 6 + 0) / 2])


def test_pairs_are_tested_against_those_of_their_own_statistic():
    table = compare(random_scored({"a": 0.8, "b": 0.7, "c": 0.5})).differences
    assert table[["model", "other"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]] * 2
    for _, part in table.groupby("statistic"):
        assert part.p_holm.min() == pytest.approx(3 * part.p.min())


def test_holm_by_hand():
    # Sorted: 3 × 0.01; 2 × 0.03; 1 × 0.04, which is less than the one before and takes its value.
    assert holm(np.array([0.04, 0.01, np.nan, 0.03])) == pytest.approx(
        [0.06, 0.03, np.nan, 0.06], nan_ok=True
    )
    assert holm(np.array([0.6, 0.7])).tolist() == [1, 1]
    assert holm(np.array([])).tolist() == []


def test_between_turns_a_row_around():
    table = compare(BY_HAND).differences
    forth, back = between(table, "a", "b"), between(table, "b", "a")
    assert [back.difference, back.low, back.high] == [-forth.difference, -forth.high, -forth.low]
    assert (back.p, back.p_holm) == (forth.p, forth.p_holm)


def test_identical_models_differ_by_nothing():
    one = random_scored({"a": 0.7})
    twins = Scored(["a", "b"], one.groups, one.counts.repeat(2, axis=0), one.dice.repeat(2, axis=0))
    found = compare(twins)
    assert (found.differences[["difference", "low", "high"]] == 0).all(axis=None)
    assert (found.differences[["p", "p_holm"]] == 1).all(axis=None)
    assert found.shares.tolist() == [[1, 0], [1, 0]]  # both are always first


def test_a_clearly_better_model_is_found_better_and_a_slightly_better_one_is_not():
    found = compare(random_scored({"worse": 0.6, "better": 0.75, "alike": 0.605}))
    row = between(found.differences, "better", "worse")
    assert 0 < row.low < row.difference < row.high
    assert row.p_holm < 0.01
    row = between(found.differences, "alike", "worse")
    assert row.low < 0 < row.high
    assert row.p_holm > 0.05
    dice = dict(zip(["worse", "better", "alike"], found.dice, strict=True))
    learns = {"worse": False, "better": True, "alike": True}
    sentences = verdicts(learns, dice, found.differences)
    assert sentences["better"][0].startswith("beats worse: Dice 0.8")
    assert sentences["alike"][0].startswith("cannot be told from worse: Dice 0.7")
    swapped = verdicts({"worse": True, "better": False, "alike": False}, dice, found.differences)
    assert swapped["worse"][0].startswith("does not beat better: Dice 0.7")
    assert swapped["worse"][1].startswith("cannot be told from alike: ")


def test_slices_of_one_group_test_nothing():
    found = compare(scored({"a": [[3, 1, 0], [1, 0, 2]], "b": [[2, 1, 1], [1, 1, 2]]}, [5, 5]))
    assert found.differences[["low", "high", "p", "p_holm"]].isna().all(axis=None)
    assert np.isnan(found.shares).all()
    assert np.isnan(median_ranks(found.shares)).all()
    sentence = verdicts({"a": True, "b": False}, {"a": 8 / 11, "b": 6 / 11}, found.differences)["a"]
    assert sentence == [
        "cannot be tested against b: Dice 0.73 against 0.55, difference +0.18 "
        "(no interval: the test slices are too few)"
    ]


def test_one_model_has_no_differences_but_a_rank():
    found = compare(random_scored({"a": 0.7}))
    assert found.differences.empty
    assert list(found.differences.columns) == list(compare(BY_HAND).differences.columns)
    assert found.shares.tolist() == [[1]]


def test_draws_are_the_same_for_every_model():
    samples = sample(random_scored({"a": 0.7, "b": 0.7}))
    # What makes a draw's slices easy does so for both.
    for values in samples.values():
        assert np.corrcoef(values.T)[0, 1] > 0.8


def test_rank_shares_by_hand():
    drawn = np.array([[0.5, 0.4, 0.3], [0.4, 0.5, 0.3], [0.5, 0.5, 0.1], [np.nan, 0.5, 0.1]])
    shares = rank_shares(drawn)
    np.testing.assert_allclose(shares, [[2 / 3, 1 / 3, 0], [2 / 3, 1 / 3, 0], [0, 0, 1]])
    assert median_ranks(shares).tolist() == [1, 1, 3]


def test_rank_shares_of_a_model_sum_to_1():
    shares = compare(random_scored({"a": 0.7, "b": 0.71, "c": 0.69, "d": 0.5})).shares
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert 0 < shares[0, 0] < 1


def test_rows_come_in_the_order_of_the_names():
    values = {"pooled": np.array([0.1, 0.9]), "mean": np.array([0.2, 0.8])}
    samples = {name: np.tile(value, (5, 1)) for name, value in values.items()}
    table = differences(["z", "a"], values, samples, 20)
    expected = pd.DataFrame({"model": ["z"] * 2, "other": ["a"] * 2, "statistic": ["pooled", "mean"]})
    pd.testing.assert_frame_equal(table[["model", "other", "statistic"]], expected)
    assert table.difference.tolist() == pytest.approx([-0.8, -0.6])


@pytest.mark.parametrize(
    ("value", "text"), [(0.046, "+0.05"), (-0.444, "−0.44"), (-0.001, "+0.00"), (0, "+0.00")]
)
def test_signed(value, text):
    assert signed(value) == text
