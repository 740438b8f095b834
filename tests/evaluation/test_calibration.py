import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from tumorseg.evaluation.calibration import (
    BINS,
    LIMIT,
    brier_score,
    calibrate,
    calibration_error,
    fit_temperature,
    reliability,
    scale,
)
from tumorseg.metrics import PROBABILITIES


def counts_of(**pixels: tuple[int, int]) -> np.ndarray:
    """Counts by step, given as `s12=(background, tumour)`."""
    counts = np.zeros((2, 256), np.int64)
    for step, pair in pixels.items():
        counts[:, int(step[1:])] = pair
    return counts


@pytest.fixture(scope="module")
def random() -> np.ndarray:
    """Pixels whose logits are twice what they should be, every step taken."""
    rng = np.random.default_rng(0)
    logits = rng.normal(-1, 1.5, 200_000)
    tumor = rng.random(logits.size) < expit(logits)
    quantised = (expit(2 * logits) * 256).astype(int)
    return np.stack([np.bincount(quantised[tumor == which], minlength=256) for which in (False, True)])


def pixels_of(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Truth and probability, pixel by pixel."""
    quantised = np.tile(np.arange(256), 2)
    return np.repeat(np.repeat([0, 1], 256), counts.ravel()), np.repeat(
        PROBABILITIES[quantised], counts.ravel()
    )


def test_reliability_by_hand():
    # Steps 12 and 13 are in the first bin of 15, up to 17.07; 128 is in the eighth.
    table = reliability(counts_of(s12=(3, 1), s13=(4, 0), s128=(1, 1)))
    assert table.pixels.tolist() == [8, 2]
    assert table.predicted.tolist() == pytest.approx([13 / 256, 128.5 / 256])
    assert table.observed.tolist() == [1 / 8, 1 / 2]


def test_errors_by_hand():
    counts = counts_of(s12=(3, 1), s13=(4, 0), s128=(1, 1))
    assert calibration_error(counts) == pytest.approx((8 * (1 / 8 - 13 / 256) + 2 * 0.5 / 256) / 10)
    low, high, half = 12.5 / 256, 13.5 / 256, 128.5 / 256
    squares = 3 * low**2 + (1 - low) ** 2 + 4 * high**2 + half**2 + (1 - half) ** 2
    assert brier_score(counts) == pytest.approx(squares / 10)


def test_agrees_with_scikit_learn(random):
    truth, probability = pixels_of(random)
    observed, predicted = calibration_curve(truth, probability, n_bins=BINS)
    table = reliability(random)
    np.testing.assert_allclose(table.observed, observed)
    np.testing.assert_allclose(table.predicted, predicted)
    assert brier_score(random) == pytest.approx(brier_score_loss(truth, probability))
    # One over the temperature is the slope of a logistic regression through the origin.
    regression = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-8)
    regression.fit(logit(probability)[:, None], truth)
    assert fit_temperature(random) == pytest.approx(1 / regression.coef_[0, 0], rel=1e-4)


def test_logits_twice_too_large_are_halved(random):
    fitted = fit_temperature(random)
    assert fitted == pytest.approx(2, rel=0.02)
    result = calibrate(random, fitted)
    assert result["temperature"] == fitted
    assert result["ece_scaled"] < 0.1 * result["ece"]
    assert result["brier_scaled"] < result["brier"]


def test_a_temperature_of_1_changes_nothing():
    np.testing.assert_allclose(scale(1.0), PROBABILITIES)
    np.testing.assert_allclose(scale(2.0)[[0, 128]], expit(logit(PROBABILITIES[[0, 128]]) / 2))


@pytest.mark.parametrize(
    ("counts", "temperature"),
    [
        (counts_of(s0=(10, 0), s255=(0, 10)), 1 / LIMIT),  # never wrong: the surer the better
        (counts_of(s0=(0, 10), s255=(10, 0)), LIMIT),  # always wrong: the less sure the better
        # Two steps at ±logit(511/512), right 9 times of 10: that is what they should say.
        (counts_of(s0=(9, 1), s255=(1, 9)), np.log(511) / np.log(9)),
    ],
)
def test_certain_models_stay_finite(counts, temperature):
    fitted = fit_temperature(counts)
    assert fitted == pytest.approx(temperature, rel=1e-4)
    result = calibrate(counts, fitted)
    assert np.isfinite(list(result.values())).all()
    assert 0 <= result["ece_scaled"] <= 1


@pytest.mark.parametrize("counts", [counts_of(s3=(5, 0)), counts_of(s3=(0, 5)), counts_of()])
def test_without_one_of_the_classes_there_is_no_temperature(counts):
    result = calibrate(counts, fit_temperature(counts))
    assert np.isnan([result["temperature"], result["ece_scaled"], result["brier_scaled"]]).all()
    assert np.isnan(result["ece"]) == (counts.sum() == 0)
    assert len(reliability(counts)) == (counts.sum() > 0)
