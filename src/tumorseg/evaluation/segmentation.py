"""One split, segmented by what was chosen on valid."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumorseg.data.slices import SplitArrays
from tumorseg.evaluation.choice import Choice, add_votes
from tumorseg.evaluation.per_slice_threshold import best_cuts, shift_to_cut
from tumorseg.evaluation.predictions import Predictions
from tumorseg.evaluation.tables import slice_table
from tumorseg.metrics import count_pixels
from tumorseg.scratch import scratch


@dataclass(frozen=True)
class Segmentation:
    """The N slices of a split: what is predicted in them, and the pixels counted."""

    arrays: SplitArrays
    quantised: np.ndarray  # what is cut at the chosen step, uint8 (N, S, S)
    counts: np.ndarray  # pixels by slice, class and step of `quantised`, int (N, 2, 256)
    by_probability: np.ndarray  # pixels of the split by class and step of their probability, int (2, 256)
    predicted: np.ndarray  # index of the predicted class, 0 for background, uint8 (N, S, S)
    table: pd.DataFrame  # N rows, as from `tables.slice_table`

    @property
    def pooled(self) -> np.ndarray:
        """`counts` of all slices together, int (2, 256)."""
        return np.asarray(self.counts.sum(0))


def segment(predictions: Predictions, choice: Choice, beta: float) -> Segmentation:
    """Apply what was chosen on valid to a split.

    Args:
        predictions: Of the split.
        choice: As from `choose`.
        beta: Of the F-beta by which slices are cut each for itself (see `metrics.f_beta`).
    """
    arrays = predictions.arrays
    quantised = add_votes(predictions, choice)
    counts = count_pixels(quantised, arrays.masks)
    by_probability = counts.sum(0)
    if choice.platt:
        cuts = best_cuts(counts.sum(1), *choice.platt, beta)
        quantised = shift_to_cut(quantised, cuts)
        counts = count_pixels(quantised, arrays.masks)
    return Segmentation(
        arrays=arrays,
        quantised=quantised,
        counts=counts,
        by_probability=by_probability,
        predicted=_cut(quantised, predictions.indices, choice.step),
        table=slice_table(arrays, quantised, counts, choice.step),
    )


def _cut(quantised: np.ndarray, indices: np.ndarray, step: int) -> np.ndarray:
    """The index of the predicted class, 0 for background, uint8 (N, S, S)."""
    predicted = scratch(quantised.shape, np.uint8)
    for row, steps, classes in zip(predicted, quantised, indices, strict=True):
        np.multiply(steps >= step, classes, out=row)
    return predicted
