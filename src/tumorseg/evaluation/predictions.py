"""How probable tumour is at each pixel of valid and test: what the net says, and what `evaluate` adds."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from tumorseg.data.slices import SplitArrays, load_split
from tumorseg.evaluation.neighbors import blend, choose_weight, neighbor_votes
from tumorseg.evaluation.per_slice_threshold import best_cuts, fit_platt, shift_to_cut
from tumorseg.metrics import HALF, best_step, count_pixels
from tumorseg.models.artifact import ModelInfo
from tumorseg.models.baseline import Baseline
from tumorseg.models.predict import predict

if TYPE_CHECKING:
    from tumorseg.params import Evaluate


@dataclass(frozen=True)
class Predictions:
    """Of every split, by its name."""

    levels: dict[str, np.ndarray]  # to cut at one threshold (see `metrics`), uint8 (N, S, S)
    indices: dict[str, np.ndarray]  # of the most probable class of tumour, uint8 (N, S, S)
    counts: dict[str, np.ndarray]  # pixels of the split by class and probability, int (2, 256)
    weight: float  # of the neighbours' opinion
    threshold: int  # the level from which a pixel is tumour


def predict_splits(
    net: nn.Module,
    info: ModelInfo,
    splits: dict[str, SplitArrays],
    prepared: Path,
    rule: "Evaluate",
    device: torch.device,
) -> Predictions:
    """Predict every split; what `rule` asks for beyond that is fitted on valid.

    A baseline is taken at its word.
    """
    plain = isinstance(net, Baseline)
    flip = "none" if plain else rule.flip
    predicted = {
        split: predict(net, arrays.images, info.mean, info.std, device, flip)
        for split, arrays in splits.items()
    }
    levels, indices = ({split: pair[k] for split, pair in predicted.items()} for k in (0, 1))
    weight = 0.0
    if rule.neighbors and not plain:
        train = load_split(prepared, "train")
        opinions = {split: neighbor_votes(arrays, train, rule.neighbors) for split, arrays in splits.items()}
        weight = choose_weight(levels["valid"], opinions["valid"], splits["valid"].tumor, rule.beta)
        levels = {split: blend(array, opinions[split], weight) for split, array in levels.items()}
    counts = {split: count_pixels(levels[split], arrays.masks) for split, arrays in splits.items()}
    pooled = {split: array.sum(0) for split, array in counts.items()}
    if plain or not rule.per_slice:
        return Predictions(levels, indices, pooled, weight, best_step(pooled["valid"], rule.beta))
    line = fit_platt(pooled["valid"])
    cuts = {split: best_cuts(array.sum(1), *line, rule.beta) for split, array in counts.items()}
    levels = {split: shift_to_cut(array, cuts[split]) for split, array in levels.items()}
    return Predictions(levels, indices, pooled, weight, HALF)
