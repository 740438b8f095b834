"""How predictions are made and cut, where a test wants nothing added to them but what it says."""

from typing import Any

from tumorseg.sections import Evaluate

NOTHING_ADDED = {
    "beta": 1.0,
    "flip": "none",
    "siblings": 0,
    "neighbors": 0,
    "valid_votes": False,
    "per_slice": False,
}


def plain(**changes: Any) -> Evaluate:
    """One threshold by Dice for all slices, but for `changes`."""
    return Evaluate(**NOTHING_ADDED | changes)
