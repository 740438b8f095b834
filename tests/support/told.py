"""What the report reads: scores of a model and an audit, as small as it lets them be."""

from math import nan
from typing import Any

from tumorseg.report import circumstances, state


def scores(dice: float, low: float, high: float, slices: int = 215, groups: int = 171) -> dict[str, Any]:
    """A model's scores, as far as the report reads them, and one it does not."""
    at_best = {
        "pooled": {"dice": dice},
        "mean": {"dice": dice - 0.03},
        "interval": {"pooled": {"dice": {"low": low, "high": high}}},
    }
    return {
        "parameters": 7,
        "threshold": 0.25,
        "per_slice": False,
        "neighbors": 8,
        "neighbors_weight": 0.0,
        "valid": {"average_precision": {"pooled": nan}},
        "test": {"slices": slices, "groups": groups, "at_best": at_best},
    }


NEAR = {"count": 172, "share": 0.8, "by_chance": 0.003}


def audit(
    strategy: str,
    siblings: dict[str, Any],
    copied: float,
    located: float,
    annotations: int,
    boxes: int,
) -> dict[str, Any]:
    """An audit, as far as the report reads it; two of the rectangles are bare boxes."""
    bare = min(2, boxes)
    shapes = {"rectangle": boxes - bare, "box": bare, "polygon": annotations - boxes, "run_lengths": 0}
    return {
        "split": {"strategy": strategy},
        "leak": {"near_within": 3, "test": siblings | {"similarity_median": 0.9}},
        "baselines": {
            "nearest_mask_dice": {"pooled": copied, "mean": 0.5},
            "mean_mask_dice": {"pooled": located, "mean": 0.3},
        },
        "labels": {"annotations": annotations, "shapes": shapes, "outside": 0},
    }


SIBLINGS = {"with_sibling_in_train": 190, "share": 190 / 215}
NO_SIBLINGS = {"with_sibling_in_train": 0, "share": 0.0}
LEAKING = audit("shipped", SIBLINGS | {"near_in_sequence": NEAR}, 0.6946, 0.3298, 2146, 2146)
CLEAN = audit("similar", NO_SIBLINGS, 0.4, 0.35, 60, 0)


def statement(scores: dict[str, Any], audit: dict[str, Any]) -> str:
    return " ".join(state("deep", scores, circumstances(scores, audit)))
