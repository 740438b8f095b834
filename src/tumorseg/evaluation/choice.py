"""What is chosen on valid: the weight of the neighbours' votes, where to cut, and the temperature."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tumorseg.evaluation.calibration import fit_temperature
from tumorseg.evaluation.neighbors import blend, choose_weight
from tumorseg.evaluation.platt import fit_platt
from tumorseg.evaluation.predictions import Predictions
from tumorseg.metrics import HALF, STEPS, best_step, count_pixels

if TYPE_CHECKING:
    from tumorseg.sections import Evaluate


@dataclass(frozen=True)
class Choice:
    """Chosen on valid, applied to every split."""

    neighbors_weight: float  # of the votes; 0 where no neighbours are asked
    platt: tuple[float, float] | None  # as from `fit_platt`, to cut each slice; None: one threshold for all
    step: int  # from which a pixel is tumour (see `metrics`)
    temperature: float  # as from `calibration.fit_temperature`

    @property
    def threshold(self) -> float:
        """The probability from which a pixel is tumour, a multiple of 1/256."""
        return self.step / STEPS


def choose(valid: Predictions, rule: "Evaluate") -> Choice:
    """Choose on valid what `rule` leaves open."""
    weight = 0.0
    if valid.votes is not None:
        weight = choose_weight(valid.quantised, valid.votes, valid.arrays.tumor, rule.beta)
    counts = count_pixels(add_votes(valid, weight), valid.arrays.masks).sum(0)
    return Choice(
        neighbors_weight=weight,
        platt=fit_platt(counts) if rule.per_slice else None,
        # Slices that are cut each for itself are shifted, so that every cut is at 0.5.
        step=HALF if rule.per_slice else best_step(counts, rule.beta),
        temperature=fit_temperature(counts),
    )


def add_votes(predictions: Predictions, weight: float) -> np.ndarray:
    """Quantised probabilities with the votes of the neighbours, uint8 (N, S, S)."""
    if predictions.votes is None:
        return predictions.quantised
    return blend(predictions.quantised, predictions.votes, weight)
