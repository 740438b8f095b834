"""Votes on each pixel, blended with what a net predicts there, with a weight that is chosen on valid."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tumorseg.metrics import STEPS, confusion, f_beta, quantise
from tumorseg.scratch import scratch


@dataclass(frozen=True)
class Blending:
    """One way to blend."""

    weights: tuple[float, ...]  # those that are tried on valid, 0 first, which changes nothing
    logit: Callable[[np.ndarray, np.ndarray, float], np.ndarray]  # of a net's logit, votes 0 to 255, a weight

    def choose_weight(
        self, quantised: np.ndarray, votes: np.ndarray, tumor: np.ndarray, beta: float
    ) -> float:
        """The one of `weights` with the best F-beta, each at its own best threshold; the least of several.

        Args:
            quantised: Probabilities of valid (see `metrics`), uint8 (N, S, S).
            votes: On the same slices, uint8 (N, S, S).
            tumor: 0/1 (N, S, S).
            beta: See `metrics.f_beta`.
        """
        joint = np.zeros(2 * STEPS * STEPS, np.int64)  # pixels by class, vote and step
        for steps, slice_votes, mask in zip(quantised, votes, tumor, strict=True):
            cells = (mask.astype(np.int64) * STEPS + slice_votes) * STEPS + steps
            joint += np.bincount(cells.ravel(), minlength=len(joint))
        rows = joint.reshape(2, -1)
        best = []
        for weight in self.weights:
            table = self._table(weight).ravel()
            counts = np.stack([np.bincount(table, weights=row, minlength=STEPS) for row in rows])
            tp, fp, fn, _ = confusion(counts)[:, 1:]
            best.append(np.nan_to_num(f_beta(tp, fp, fn, beta)).max())
        return self.weights[int(np.argmax(best))]

    def blend(self, quantised: np.ndarray, votes: np.ndarray, weight: float) -> np.ndarray:
        """Probabilities blended with votes.

        Args:
            quantised: Probabilities (see `metrics`), uint8 (N, S, S).
            votes: On the same slices, uint8 (N, S, S).
            weight: 0 or more; 0 changes nothing.

        Returns:
            Quantised probabilities, uint8 (N, S, S).
        """
        if not weight:
            return quantised
        table, blended = self._table(weight), scratch(quantised.shape, np.uint8)
        for row, slice_votes, steps in zip(blended, votes, quantised, strict=True):
            row[:] = table[slice_votes, steps]
        return blended

    def _table(self, weight: float) -> np.ndarray:
        """The blended step of every vote and step, uint8 (256, 256)."""
        steps = np.arange(STEPS)
        odds = np.exp(self.logit(logit_of(steps), steps[:, None], weight))
        return quantise(odds / (1 + odds))


def logit_of(steps: np.ndarray) -> np.ndarray:
    """The logits in the middle of steps of probability (see `metrics`)."""
    probability = (steps + 0.5) / STEPS
    return np.log(probability / (1 - probability))
