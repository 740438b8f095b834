"""The contract of a net that was not made by the pipeline."""

from typing import Any

import numpy as np

from tumorseg.delivery.contract import Contract, Decision, Headline, Input
from tumorseg.delivery.fit_expectation import fit_expectation
from tumorseg.identity import Identity
from tumorseg.models.artifact import ModelInfo


def made_up_contract(
    info: ModelInfo,
    slices: np.ndarray,
    *,
    bent: np.ndarray | None = None,
    masks: np.ndarray | None = None,
    steps: tuple[str, ...] = (),
    **decision: Any,
) -> Contract:
    """Scores and words made up; what it expects is fitted to slices.

    Args:
        info: Of the net.
        slices: uint8 (N, S, S), which stand for train and for valid.
        bent: Likewise, which must be unexpected; the slices at half of their greys where not given.
        masks: Of the slices; what is brighter than 200 where not given.
        steps: Of `preprocess`.
        decision: What differs from a threshold of a half.
    """
    bent = slices // 2 if bent is None else bent
    masks = slices > 200 if masks is None else masks
    size = info.image_size
    scores = Headline(
        dice=0.8, low=0.7, high=0.9, mean_dice=0.75, precision=0.8, recall=0.8, native_dice=float("nan")
    )
    rule = {"threshold": 0.5, "beta": 1.0, "per_slice": False, "flip": "none", "temperature": 1.0}
    return Contract(
        model=info,
        decision=Decision(**rule | decision),
        input=Input(
            image_size=size,
            preprocess=list(steps),
            expects="One slice.",
            aspect=(1.0, 1.0),
            expectation=fit_expectation(slices, slices, bent, masks),
        ),
        prepared=Identity(
            data="made_up", split="shipped", image_size=size, train=8, valid=2, test=2, digest="0" * 8
        ),
        scores={"valid": scores, "test": scores},
        share_of_siblings=0.5,
        licence_of_weights="MIT",
        licence_of_data="none",
        source_of_data="nowhere",
    )
