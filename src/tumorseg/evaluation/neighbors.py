"""Votes on each pixel: the masks of the known slices that are most similar to its slice.

Language models look up in the same way what followed similar words (Khandelwal et al. 2020, "Generalization
through Memorization"); here the votes are added to the logit. If slices of the same patient are in train, as
a random split leaves them, their masks nearly give the answer away, and the score does not hold for new
patients. If none are, the weight that is chosen on valid is 0.
"""

from collections.abc import Sequence

import numpy as np

from tumorseg.data.similarity import embed, nearest
from tumorseg.data.slices import SplitArrays
from tumorseg.evaluation.blending import Blending
from tumorseg.scratch import scratch

SPREAD = 0.015  # a slice that is less similar than the nearest by this much counts 1 / e as much
# All neighbours with tumour at a pixel add the weight to its logit, and none subtracts it.
NEIGHBORS = Blending(
    weights=(0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0),
    logit=lambda logit, votes, weight: logit + weight * (2 * votes / 255 - 1),
)


def neighbor_votes(arrays: SplitArrays, voters: Sequence[SplitArrays], count: int) -> np.ndarray:
    """The share of the similar slices among `voters` that have tumour at each pixel, in 255ths.

    Args:
        arrays: N slices.
        voters: Splits whose masks are known, at least one slice in each. If the first is `arrays` itself, a
            slice has no vote on its own mask; there is another one then.
        count: How many slices vote on each slice; more similar ones count for more.

    Returns:
        uint8 (N, S, S).
    """
    references = embed(*(each.images for each in voters))
    index, similarity = nearest(embed(arrays.images), references, count, skip_self=voters[0] is arrays)
    weights = np.exp((similarity - similarity[:, :1]) / SPREAD)
    weights /= weights.sum(axis=1, keepdims=True)
    votes = scratch(arrays.masks.shape, np.uint8)
    masks = [each.tumor for each in voters]
    for slice_votes, rows, weight in zip(votes, index, weights, strict=True):
        known = np.stack([_row(masks, row) for row in rows])
        slice_votes[:] = (255 * np.tensordot(weight, known, axes=1)).round()
    return votes


def _row(parts: Sequence[np.ndarray], row: int) -> np.ndarray:
    """A row of all parts, one after the other, without making one array of them."""
    for part in parts:
        if row < len(part):
            break
        row -= len(part)
    return part[row]
