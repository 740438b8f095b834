"""What may make the tumour of a slice hard to find, measured on the slice, its label and its neighbours."""

from itertools import pairwise

import cv2
import numpy as np
import pandas as pd

from tumorseg.audit.ceiling import runs
from tumorseg.data.preprocess import foreground, to_grey
from tumorseg.data.similarity import embed, nearest
from tumorseg.metrics import ratio

FACTS = {  # by name: what it is, in words
    "size": "annotated share of the slice",
    "off_centre": "distance of the label from the middle of the head, in radii of the head",
    "contrast": "mean grey in the label less that of the ring around it",
    "label_agreement": "Dice of the label with those of its neighbours in the stack",
    "likeness": "correlation with the most similar training slice",
}
RING = 1 / 32  # of the side: how wide the ring around a label is


def slice_facts(
    images: np.ndarray, masks: np.ndarray, numbers: pd.Series, train_images: np.ndarray
) -> pd.DataFrame:
    """FACTS, a row a slice; NaN where there is none.

    Args:
        images: uint8 (N, S, S), or in colour (N, S, S, 3).
        masks: (N, S, S), 0 for background.
        numbers: File numbers of the N slices, maybe missing. They say which are neighbours: see
            `ceiling.runs`.
        train_images: Of the slices that the net was trained on, likewise.

    Returns:
        `size` in [0, 1]; `off_centre` from 0 on, about 1 at the rim of the head, taken for a disc of its
        area; `contrast` in [-1, 1], within the head; `label_agreement` in [0, 1], the mean of one neighbour
        or two; `likeness` in [-1, 1].
    """
    labels, embeddings = masks > 0, embed(images)
    _, likeness = nearest(embeddings, embed(train_images))
    rows = [_of_one(image, label) for image, label in zip(images, labels, strict=True)]
    return pd.DataFrame(rows, columns=["size", "off_centre", "contrast"]).assign(
        label_agreement=_agreement(labels, runs(numbers, embeddings), numbers),
        likeness=likeness[:, 0],
    )


def _of_one(image: np.ndarray, label: np.ndarray) -> tuple[float, float, float]:
    """`size`, `off_centre` and `contrast`."""
    head, nan = foreground(image), float("nan")
    if not label.any():
        return 0.0, nan, nan
    size = float(label.mean())
    if not head.any():
        return size, nan, nan
    middle, place = (np.argwhere(pixels).mean(axis=0) for pixels in (head, label))
    off_centre = float(np.linalg.norm(place - middle) / np.sqrt(head.sum() / np.pi))
    width = 2 * max(1, round(RING * len(label))) + 1
    wide = cv2.dilate(label.astype(np.uint8), np.ones((width, width), np.uint8)) > 0
    grey, ring = to_grey(image) / 255, wide & ~label & head
    contrast = float(grey[label].mean() - grey[ring].mean()) if ring.any() else nan
    return size, off_centre, contrast


def _agreement(labels: np.ndarray, run: np.ndarray, numbers: pd.Series) -> np.ndarray:
    """The mean Dice of each label with those of its neighbours in the run that have tumour."""
    sums, counts, sizes = np.zeros(len(labels)), np.zeros(len(labels)), labels.sum((1, 2))
    for one, other in pairwise(np.argsort(numbers.astype(float).to_numpy(), kind="stable").tolist()):
        if run[one] == run[other] and sizes[one] and sizes[other]:
            ends = [one, other]
            sums[ends] += 2 * (labels[one] & labels[other]).sum() / sizes[ends].sum()
            counts[ends] += 1
    return ratio(sums, counts)
