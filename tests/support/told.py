"""What the report reads: scores of a model and an audit, as small as it lets them be."""

from math import nan
from typing import Any

from tumorseg.metrics import METRICS
from tumorseg.report.context import context_of
from tumorseg.report.statement import statement
from tumorseg.scores_file import Scores

PIXELS = dict.fromkeys(METRICS, 0.5)
SLICES = PIXELS | {"hd95": 3.0, "nsd": 0.5, "box_iou": 0.5}
INTERVALS = {name: {"low": 0.4, "high": 0.6} for name in METRICS[:4]}


PREPARED = {"data": "real", "split": "shipped", "image_size": 128, "train": 1502, "valid": 429, "test": 215}
PREPARED |= {"digest": "0123abcd"}


def split_scores(dice: float, low: float, high: float, slices: int, groups: int) -> dict[str, Any]:
    """The scores of a split, as a metrics file has them."""
    at_best = {
        "pooled": PIXELS | {"dice": dice},
        "mean": SLICES | {"dice": dice - 0.03},
        "median": SLICES,
        "interval": {"pooled": INTERVALS | {"dice": {"low": low, "high": high}}, "mean": INTERVALS},
        "lesions": {"recall": 1.0},
        "boxes": {"hit_rate": 1.0},
    }
    return {
        "slices": slices,
        "groups": groups,
        "average_precision": {"pooled": nan, "mean": 0.5},
        "at_half": {"pooled": PIXELS, "mean": PIXELS},
        "at_best": at_best,
        "calibration": {"ece": 0.01, "temperature": 1.0},
    }


def scores(dice: float, low: float, high: float, slices: int = 215, groups: int = 171) -> dict[str, Any]:
    """A model's scores, as a metrics file has them, and a key that nobody reads."""
    return {
        "prepared": PREPARED,
        "parameters": 7,
        "epoch": 3,
        "gflops": 0.5,
        "threshold": 0.25,
        "per_slice": False,
        "platt": None,
        "flip": "none",
        "beta": 1.0,
        "siblings": 8,
        "siblings_weight": 0.0,
        "neighbors": 8,
        "neighbors_weight": 0.0,
        "valid_votes": False,
        "valid": split_scores(0.5, 0.4, 0.6, 100, 90),
        "test": split_scores(dice, low, high, slices, groups),
    }


NEAR = {"count": 172, "share": 0.8, "by_chance": 0.003}


NONE = {"dice": nan, "low": nan, "high": nan}
NO_CEILING = {"labels": NONE, "net": NONE}
CEILING = {
    "labels": {"dice": 0.868, "low": 0.812, "high": 0.882},
    "net": {"dice": 0.907, "low": 0.867, "high": 0.917},
}


def audit(
    strategy: str,
    siblings: dict[str, Any],
    nearest_mask: float,
    mean_mask: float,
    annotations: int,
    boxes: int,
) -> dict[str, Any]:
    """An audit, as far as the report reads it; two of the rectangles are bare boxes."""
    bare = min(2, boxes)
    shapes = {"rectangle": boxes - bare, "box": bare, "polygon": annotations - boxes, "run_lengths": 0}
    return {
        "prepared": PREPARED,
        "split": {"strategy": strategy},
        "leak": {"near_within": 3, "test": siblings | {"similarity_median": 0.9}},
        "baselines": {
            "nearest_mask_dice": {"pooled": nearest_mask, "mean": 0.5},
            "mean_mask_dice": {"pooled": mean_mask, "mean": 0.3},
        },
        "agreement": {
            **{"alike_from": 0.95, "pairs": 191 if boxes else 3, "dice": 0.82 if boxes else nan},
            **{"by_distance": {}, "ceiling": CEILING if boxes else NO_CEILING},
        },
        "outlined": {},
        "labels": {"annotations": annotations, "shapes": shapes, "outside": 0},
    }


SIBLINGS = {"with_sibling_in_train": 190, "share": 190 / 215}
NO_SIBLINGS = {"with_sibling_in_train": 0, "share": 0.0}
LEAKING = audit("shipped", SIBLINGS | {"near_in_sequence": NEAR}, 0.6946, 0.3298, 2146, 2146)
CLEAN = audit("similar", NO_SIBLINGS, 0.4, 0.35, 60, 0)


def context(scores: dict[str, Any], audit: dict[str, Any]) -> dict[str, Any]:
    return context_of(Scores.model_validate(scores).test, audit)


def told(scores: dict[str, Any], audit: dict[str, Any]) -> str:
    """The statement on the model `deep`, in one string."""
    return " ".join(statement("deep", Scores.model_validate(scores), context(scores, audit)))
