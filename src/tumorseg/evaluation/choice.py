"""What is chosen on valid: the weights of votes, where to cut, and the temperature."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tumorseg.evaluation.calibration import fit_temperature
from tumorseg.evaluation.neighbors import NEIGHBORS
from tumorseg.evaluation.platt import fit_platt
from tumorseg.evaluation.predictions import Predictions
from tumorseg.evaluation.siblings import SIBLINGS
from tumorseg.metrics import HALF, STEPS, best_step, count_pixels

if TYPE_CHECKING:
    from tumorseg.sections import Evaluate

BLENDINGS = {"siblings": SIBLINGS, "neighbors": NEIGHBORS}


@dataclass(frozen=True)
class Choice:
    """Chosen on valid, applied to every split."""

    weights: dict[str, float]  # of votes, by a name of BLENDINGS; of those that vote
    platt: tuple[float, float] | None  # as from `fit_platt`, to cut each slice; None: one threshold for all
    step: int  # from which a pixel is tumour (see `metrics`)
    temperature: float  # as from `calibration.fit_temperature`

    @property
    def threshold(self) -> float:
        """The probability from which a pixel is tumour, a multiple of 1/256."""
        return self.step / STEPS


def choose(valid: Predictions, rule: "Evaluate") -> Choice:
    """Choose on valid what `rule` leaves open."""
    quantised, weights = valid.quantised, {}
    for name, votes in valid.votes.items():
        weights[name] = BLENDINGS[name].choose_weight(quantised, votes, valid.arrays.tumor, rule.beta)
        quantised = BLENDINGS[name].blend(quantised, votes, weights[name])
    counts = count_pixels(quantised, valid.arrays.masks).sum(0)
    return Choice(
        weights=weights,
        platt=fit_platt(counts) if rule.per_slice else None,
        # Slices that are cut each for itself are shifted, so that every cut is at 0.5.
        step=HALF if rule.per_slice else best_step(counts, rule.beta),
        temperature=fit_temperature(counts),
    )


def add_votes(predictions: Predictions, choice: Choice) -> np.ndarray:
    """Quantised probabilities with the votes that are heard, uint8 (N, S, S)."""
    quantised = predictions.quantised
    for name, votes in predictions.votes.items():
        quantised = BLENDINGS[name].blend(quantised, votes, choice.weights[name])
    return quantised
