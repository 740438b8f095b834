"""What a model predicts of a split, before anything is chosen on valid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from tumorseg.data.slices import SplitArrays
from tumorseg.evaluation.neighbors import neighbor_votes
from tumorseg.evaluation.siblings import sibling_votes
from tumorseg.models.artifact import ModelInfo
from tumorseg.models.baseline import Baseline
from tumorseg.models.batches import predict_all
from tumorseg.models.predict import TorchRuntime

if TYPE_CHECKING:
    from tumorseg.sections import Evaluate


@dataclass(frozen=True)
class Predictions:
    """Of the N slices of one split."""

    arrays: SplitArrays
    quantised: np.ndarray  # probabilities of tumour (see `metrics`), uint8 (N, S, S)
    indices: np.ndarray  # of the most probable class of each pixel, were it tumour, from 1; uint8 (N, S, S)
    votes: dict[str, np.ndarray]  # of "siblings" and "neighbors", where they are asked, in that order


def rule_for(net: nn.Module, rule: "Evaluate") -> "Evaluate":
    """The rule that holds for a net: nothing is added to what a baseline predicts."""
    if not isinstance(net, Baseline):
        return rule
    nothing = {"flip": "none", "siblings": 0, "neighbors": 0, "valid_votes": False, "per_slice": False}
    return rule.model_copy(update=nothing)


def predict_split(
    net: nn.Module,
    info: ModelInfo,
    arrays: SplitArrays,
    voters: Sequence[SplitArrays],
    rule: "Evaluate",
    device: torch.device,
) -> Predictions:
    """Predict one split.

    Args:
        net: Of `info`.
        info: Says how slices are normalised.
        arrays: The slices to predict.
        voters: Splits whose masks vote where `rule.neighbors` is above 0, as of `neighbor_votes`.
        rule: As of `rule_for`.
        device: To run on.
    """
    runtime = TorchRuntime(net, info.mean, info.std, device, rule.flip)
    quantised, indices = predict_all(runtime, arrays.images)
    votes = {}
    if rule.siblings:
        votes["siblings"] = sibling_votes(arrays.images, quantised, rule.siblings)
    if rule.neighbors:
        votes["neighbors"] = neighbor_votes(arrays, voters, rule.neighbors)
    return Predictions(arrays, quantised, indices, votes)
