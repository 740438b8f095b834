"""Slices through a runtime in batches of one fixed shape; needs no torch.

The last batch is padded. A slice so has the same levels alone, in any folder and in any company: sums of
floats depend on the shape of a batch, but not on what else is in it.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

import numpy as np

from tumorseg.metrics import quantise
from tumorseg.progress import progress
from tumorseg.scratch import scratch

BATCH = 8


class Runtime(Protocol):
    """What runs a net: normalisation, members' mean and mirror image are inside."""

    def probabilities(self, batch: np.ndarray) -> np.ndarray:
        """Greys, uint8 (BATCH, S, S), or colours (…, 3), to probabilities, float32 (BATCH, C, S, S).

        C is 1, tumour; or that of background and of each class.
        """
        ...


def predict_each(runtime: Runtime, slices: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield what is predicted of each slice, as soon as its batch is full.

    Args:
        runtime: Of the net.
        slices: At the working size, after preprocessing: uint8 (S, S), or (S, S, 3).

    Yields:
        The quantised probabilities of tumour (see `metrics`), uint8 (S, S); and for each pixel, were it
        tumour, the index of its most probable class, from 1, uint8 (S, S).
    """
    waiting = iter(slices)
    while batch := list(islice(waiting, BATCH)):
        padded = np.zeros((BATCH, *batch[0].shape), np.uint8)
        padded[: len(batch)] = batch
        probabilities = runtime.probabilities(padded)
        single = probabilities.shape[1] == 1
        tumor = probabilities[:, 0] if single else 1 - probabilities[:, 0]
        quantised = quantise(tumor)
        indices = np.ones_like(quantised) if single else 1 + probabilities[:, 1:].argmax(1).astype(np.uint8)
        yield from zip(quantised[: len(batch)], indices[: len(batch)], strict=True)


def predict_all(runtime: Runtime, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What `predict_each` yields of slices uint8 (N, S, S) or (N, S, S, 3), as two arrays uint8 (N, S, S)."""
    quantised, indices = (scratch(images.shape[:3], np.uint8) for _ in range(2))
    shown = progress(images, "predicting slices", len(images))
    for row, (steps, classes) in enumerate(predict_each(runtime, shown)):
        quantised[row], indices[row] = steps, classes
    return quantised, indices
