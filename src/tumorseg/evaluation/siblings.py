"""Votes on each pixel: what the net predicts there in the slices of the same split that resemble its slice.

Neighbours in a stack show the same tumour, and a net errs in each of them anew. So the mean of their
predictions is a second opinion that costs no second net. It sees no mask. It does need slices that come in
stacks: one that has no sibling stays as it is.
"""

import numpy as np

from tumorseg.data.similarity import SIBLING, embed, nearest
from tumorseg.evaluation.blending import Blending, logit_of
from tumorseg.scratch import scratch

SPREAD = 0.03  # a slice that is less similar than the nearest by this much counts 1 / e as much
# The weighted mean of two logits, that of a slice itself and that of its siblings (logarithmic pooling:
# Genest and Zidek 1986, "Combining Probability Distributions").
SIBLINGS = Blending(
    weights=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
    logit=lambda logit, votes, weight: (1 - weight) * logit + weight * logit_of(votes),
)


def sibling_votes(images: np.ndarray, quantised: np.ndarray, count: int) -> np.ndarray:
    """The mean prediction of each slice's siblings: of slices of the same split, with SIBLING or more.

    Args:
        images: uint8 (N, S, S), or in colour (N, S, S, 3).
        quantised: Probabilities of the same slices (see `metrics`), uint8 (N, S, S).
        count: How many siblings vote on each slice, at most; more similar ones count for more.

    Returns:
        Quantised probabilities, uint8 (N, S, S); of a slice without siblings, its own.
    """
    votes = scratch(quantised.shape, np.uint8)
    votes[:] = quantised
    vectors = embed(images)
    index, similarity = nearest(vectors, vectors, count, skip_self=True)
    weights = np.exp((similarity - similarity[:, :1]) / SPREAD) * (similarity >= SIBLING)
    for slice_votes, rows, weight in zip(votes, index, weights, strict=True):
        if weight.any():
            slice_votes[:] = np.tensordot(weight / weight.sum(), quantised[rows], axes=1).round()
    return votes
