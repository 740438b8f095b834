import numpy as np
import pytest

from tumorseg.bootstrap import Bootstrap, interval, p_value


def rows_of(bootstrap: Bootstrap, groups: np.ndarray, which: int) -> np.ndarray:
    """Rows of the slices that a replicate holds, each as often as its group was drawn."""
    weights = bootstrap.weights[which][np.unique(groups, return_inverse=True)[1]]
    return np.repeat(np.arange(len(groups)), weights)


def test_statistics_of_a_replicate_are_those_of_the_slices_it_holds():
    rng = np.random.default_rng(1)
    groups = rng.integers(5, 40, 101)
    values, pairs = rng.random(101), rng.random((101, 2))
    values[[3, 50]] = np.nan
    bootstrap = Bootstrap(groups, replicates=1100)
    sums, means, medians = bootstrap.sums(pairs), bootstrap.means(values), bootstrap.medians(values)
    assert sums.shape == (1100, 2)
    for which in (0, 499, 500, 1099):
        rows = rows_of(bootstrap, groups, which)
        np.testing.assert_allclose(sums[which], pairs[rows].sum(axis=0))
        assert means[which] == pytest.approx(np.nanmean(values[rows]))
        assert medians[which] == pytest.approx(np.nanmedian(values[rows]))


def test_a_replicate_holds_as_many_groups_as_there_are():
    bootstrap = Bootstrap(np.array([7, 7, 9, 4]))
    assert (bootstrap.weights.sum(axis=1) == 3).all()
    assert bootstrap.weights.mean(axis=0) == pytest.approx(1, abs=0.03)


def test_same_groups_same_replicates():
    groups = np.array([0, 0, 1, 2])
    np.testing.assert_array_equal(Bootstrap(groups).weights, Bootstrap(groups + 5).weights)


def test_statistics_of_nothing_are_nan():
    bootstrap = Bootstrap(np.arange(3), replicates=50)
    nothing = np.full(3, np.nan)
    assert np.isnan(bootstrap.means(nothing)).all()
    assert np.isnan(bootstrap.medians(nothing)).all()
    assert all(np.isnan(value) for value in interval(bootstrap.means(nothing)).values())
    assert np.isnan(p_value(nothing, 3))


def test_interval_and_p_value_by_hand():
    replicates = np.append(np.arange(101.0), np.nan)
    assert interval(replicates) == {"low": pytest.approx(2.5), "high": pytest.approx(97.5)}
    # 3 of 99 at or below 0: twice (3 + 1) of 100.
    assert p_value(np.arange(-2.0, 97.0), 20) == pytest.approx(0.08)
    assert p_value(-np.arange(-2.0, 97.0), 20) == pytest.approx(0.08)
    assert p_value(np.ones(99), 20) == pytest.approx(0.02)
    assert p_value(np.zeros(99), 20) == 1


def test_few_groups_prove_little_however_often_they_are_drawn():
    assert p_value(np.ones(9999), 4) == pytest.approx(1 / 8)


def test_medians_of_replicates_of_one_defined_slice_or_none():
    bootstrap = Bootstrap(np.array([4, 9]))
    assert bootstrap.weights.shape == (10_000, 2)
    for weights in ([2, 0], [1, 1], [0, 2]):  # all three are drawn, the middle one half of the time
        share = (bootstrap.weights == weights).all(axis=1).mean()
        assert share == pytest.approx(0.5 if weights == [1, 1] else 0.25, abs=0.02)
    expected = np.where(bootstrap.weights[:, 0] > 0, 5.0, np.nan)
    for statistic in (bootstrap.medians, bootstrap.means):
        np.testing.assert_array_equal(statistic(np.array([5.0, np.nan])), expected)


def test_medians_by_hand():
    bootstrap = Bootstrap(np.arange(2), replicates=100)
    expected = bootstrap.weights @ [3.0, 8.0] / 2  # of two slices, the mean of both
    np.testing.assert_array_equal(bootstrap.medians(np.array([3.0, 8.0])), expected)


def test_one_group_gives_no_replicates():
    one = Bootstrap(np.zeros(5, int))
    assert np.isnan(interval(one.means(np.ones(5)))["low"])
    assert np.isnan(p_value(one.medians(np.ones(5)), one.count))


def coverage(groups: np.ndarray, resampled_by: np.ndarray, trials: int) -> float:
    """How often the interval of the mean holds the true mean, 0, where groups share half the variance."""
    rng = np.random.default_rng(0)
    bootstrap = Bootstrap(resampled_by, replicates=1000)
    hits = 0
    for _ in range(trials):
        values = rng.normal(size=groups.max() + 1)[groups] + rng.normal(size=len(groups))
        bounds = interval(bootstrap.means(values))
        hits += bounds["low"] <= 0 <= bounds["high"]
    return hits / trials


def test_intervals_over_groups_cover_as_often_as_they_say_and_naive_ones_do_not():
    groups = np.repeat(np.arange(50), 5)
    # 400 trials: a coverage of 0.94, usual of percentile intervals of 50 groups, is measured as 0.94 ± 0.024.
    assert 0.91 <= coverage(groups, groups, 400) <= 0.98
    # The variance of the mean is three times what independent slices would have: P(|z| < 1.96 / √3) = 0.74.
    assert coverage(groups, np.arange(len(groups)), 400) < 0.82
