"""Slices cut where their own expected Dice is best."""

import numpy as np
import pytest
from scipy.special import expit

from tumorseg.evaluation.per_slice_threshold import LOGITS, best_cuts, shift_to_cut
from tumorseg.evaluation.platt import fit_platt
from tumorseg.metrics import HALF, STEPS


def test_platt_finds_the_line_that_the_pixels_were_drawn_from():
    true = expit(0.5 * LOGITS - 1)
    pixels = np.full(STEPS, 1_000_000)
    tumor = (pixels * true).round().astype(int)
    slope, offset = fit_platt(np.stack([pixels - tumor, tumor]))
    assert slope == pytest.approx(0.5, abs=1e-3)
    assert offset == pytest.approx(-1, abs=1e-3)


@pytest.fixture
def histograms() -> np.ndarray:
    """A bright slice (10 pixels at step 230, 90 at 2), a faint one (10 at 100, 90 at 2), an even one."""
    slices = np.zeros((3, STEPS), int)
    slices[:2, 2] = 90
    slices[0, 230] = slices[1, 100] = 10
    slices[2, 40] = 100
    return slices


def test_cuts_are_those_of_the_best_expected_dice(histograms):
    cuts = best_cuts(histograms, 1.0, 0.0)
    # Faint: Σp = 10 × 0.3926 + 90 × 0.0098 = 4.80; its ten pixels have 2 × 3.926 / (10 + 4.80) = 0.53, all
    # hundred 2 × 4.80 / 104.8 = 0.09. Any step from 3 to 100 cuts off the ten: the first is taken.
    np.testing.assert_array_equal(cuts, [3, 3, 1])


def test_a_cut_is_where_a_doubtful_rim_costs_more_than_it_brings():
    slices = np.zeros((2, STEPS), int)
    slices[:, 250], slices[0, 120], slices[1, 60] = 100, 100, 100
    # The tumour's 100 pixels have p = 0.979. With 100 of p = 0.471 round them, Σp = 144.9: taken in they make
    # 290 / 345 = 0.84 of 196 / 245 = 0.80. With 100 of p = 0.236, Σp = 121.5: 243 / 322 = 0.76 against 0.88.
    assert best_cuts(slices, 1.0, 0.0).tolist() == [1, 61]


def test_a_higher_beta_takes_the_rim_in():
    slices = np.zeros((1, STEPS), int)
    slices[0, 250], slices[0, 60] = 100, 100
    # F2 is 5 Σp / (pixels + 4 × 121.5): 489 / 586 = 0.83 without the rim of p = 0.236, 607 / 686 = 0.89 with.
    assert best_cuts(slices, 1.0, 0.0, beta=2.0).tolist() == [1]


@pytest.mark.parametrize("cut", [1, 60, 128, 255])
def test_shifted_probabilities_keep_their_order_and_are_cut_at_one_half(cut):
    quantised = np.arange(STEPS, dtype=np.uint8)[None, None]
    moved = shift_to_cut(quantised, np.array([cut]))[0, 0]
    assert (np.diff(moved.astype(int)) >= 0).all()
    assert (moved >= HALF).argmax() == cut


def test_each_slice_has_its_own_cut():
    quantised = np.full((2, 1, 1), 100, np.uint8)
    moved = shift_to_cut(quantised, np.array([100, 101]))
    assert moved[0] >= HALF > moved[1]
