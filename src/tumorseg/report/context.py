"""What a score should be quoted with: scores without learning, leaks, how tumours are annotated."""

import math
from typing import Any

from tumorseg.scores_file import Interval, SplitScores

BASELINES = ("nearest_mask_dice", "mean_mask_dice")  # of the audit


def context_of(test: SplitScores, audit: dict[str, Any]) -> dict[str, Any]:
    """What a score should be quoted with.

    Args:
        test: The model's scores on test.
        audit: As written by `audit.audit`.

    Returns:
        `baselines`: Dice on test of BASELINES, and for each of them where the 95 % `interval` of the model's
        pooled Dice lies, above its pooled Dice, below, around, or undefined. `leak`: the split's strategy,
        the test slices with a sibling in train, and, where files are numbered, those whose most similar
        training slice is at most `near_within` numbers away. `labels`: the annotations, those that are
        rectangles, and those that were `outlined` by a guess, so that they no longer are. `agreement`: how
        far labels agree and what they allow, as the audit has it. Shares are in [0, 1], NaN of nothing.
    """
    leak, labels = audit["leak"], audit["labels"]
    keys = [key for key in ("with_sibling_in_train", "share", "near_in_sequence") if key in leak["test"]]
    outlined = audit["outlined"].get("annotations", 0)
    rectangles = labels["shapes"]["rectangle"] + labels["shapes"]["box"] - outlined
    places = {name: _place(test.dice_interval, audit["baselines"][name]["pooled"]) for name in BASELINES}
    return {
        "agreement": audit["agreement"],
        "baselines": {**audit["baselines"], "interval": places},
        "leak": {
            "strategy": audit["split"]["strategy"],
            "near_within": leak["near_within"],
            **{key: leak["test"][key] for key in keys},
        },
        "labels": {
            "annotations": labels["annotations"],
            "rectangles": rectangles,
            "outlined": outlined,
            "share": rectangles / labels["annotations"] if labels["annotations"] else math.nan,
        },
    }


def _place(interval: Interval, dice: float) -> str:
    """Where an interval lies as seen from a Dice."""
    if math.isnan(interval.low) or math.isnan(dice):
        return "undefined"
    return "above" if interval.low > dice else "below" if interval.high < dice else "around"
