import numpy as np
import pandas as pd
import pytest
from support.scored import BY_HAND, random_scored, scored

from tumorseg.paired import differences, holm, observed, sample


def test_observed_by_hand():
    values = observed(BY_HAND)
    np.testing.assert_allclose(values["pooled"], [8 / 11, 6 / 11])
    np.testing.assert_allclose(values["mean"], [(6 / 7 + 1 / 2) / 2, (2 / 3 + 2 / 5) / 2])


def test_a_slice_without_dice_counts_in_no_mean():
    values = observed(scored({"a": [[3, 1, 0], [0, 0, 0]], "b": [[2, 1, 1], [0, 4, 0]]}, [0, 1]))
    np.testing.assert_allclose(values["mean"], [6 / 7, (4 / 6 + 0) / 2])


def test_holm_by_hand():
    # Sorted: 3 × 0.01; 2 × 0.03; 1 × 0.04, which is less than the one before and takes its value.
    assert holm(np.array([0.04, 0.01, np.nan, 0.03])) == pytest.approx(
        [0.06, 0.03, np.nan, 0.06], nan_ok=True
    )
    assert holm(np.array([0.6, 0.7])).tolist() == [1, 1]
    assert holm(np.array([])).tolist() == []


def test_replicates_are_the_same_for_every_model():
    replicates = sample(random_scored({"a": 0.7, "b": 0.7}))
    # What makes a replicate's slices easy does so for both.
    for values in replicates.values():
        assert np.corrcoef(values.T)[0, 1] > 0.8


def test_rows_come_in_the_order_of_the_names():
    values = {"pooled": np.array([0.1, 0.9]), "mean": np.array([0.2, 0.8])}
    replicates = {name: np.tile(value, (5, 1)) for name, value in values.items()}
    table = differences(["z", "a"], values, replicates, 20)
    expected = pd.DataFrame({"model": ["z"] * 2, "other": ["a"] * 2, "statistic": ["pooled", "mean"]})
    pd.testing.assert_frame_equal(table[["model", "other", "statistic"]], expected)
    assert table.difference.tolist() == pytest.approx([-0.8, -0.6])
