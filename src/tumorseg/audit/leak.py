"""What crosses the splits: copies, and neighbours by file number."""

import hashlib

import numpy as np
import pandas as pd

NEAR = 3  # file numbers apart, at most, that count as near
BINS = 40  # of the histogram of similarities, from 0 to 1


def repeats(table: pd.DataFrame, key: str) -> dict[str, int]:
    """Slices with the same `key`: those of them in several splits, and the surplus within splits."""
    in_splits = table.groupby(key)["split"].transform("nunique")
    return {"across": int((in_splits > 1).sum()), "within": int(table.duplicated([key, "split"]).sum())}


def pixel_digest(image: np.ndarray) -> str:
    """Digest of an image's pixels, uint8 (H, W)."""
    return hashlib.sha256(np.ascontiguousarray(image).data).hexdigest()


def near_in_sequence(queries: pd.Series, references: pd.Series, nearest: pd.Series) -> dict[str, float]:
    """How many slices have their most similar slice at most NEAR file numbers away: count, share, by_chance.

    Args:
        queries: File numbers of N slices.
        references: File numbers of the slices they were compared with.
        nearest: File number of the most similar one, for each of the N.
    """
    numbers, ordered = queries.to_numpy(int), np.sort(references.to_numpy(int))
    close = np.searchsorted(ordered, numbers + NEAR, "right") - np.searchsorted(ordered, numbers - NEAR)
    near = np.abs(numbers - nearest.to_numpy(int)) <= NEAR
    return {
        "count": int(near.sum()),
        "share": float(near.mean()),
        "by_chance": float(close.mean() / len(ordered)),
    }
