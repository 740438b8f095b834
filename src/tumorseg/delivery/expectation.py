"""What slices a net was made for, and what is not like them: codes of warnings, not a verdict.

A net says nothing of a slice whose greys are halved, inverted or turned: it gives a mask as sure as any
other. So the artifact carries what the training slices looked like, and `predict` compares.
"""

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict

from tumorseg.data.preprocess import foreground
from tumorseg.data.similarity import embed

QUANTILES = (5, 50, 95)  # per cent, of the greys of the head
SPARE = 0.1  # of the range seen in train, by which each band is widened
RIM = 0.03  # of the side: the border of a slice


class Expectation(BaseModel):
    """Of the training slices, at the working size, after preprocessing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bands: dict[str, tuple[float, float]]  # of each of `features`
    centre: list[float]  # of their embeddings, 1024 values
    least_similarity: float  # to the centre


def features(image: np.ndarray) -> dict[str, float]:
    """Of a slice uint8 (S, S): quantiles of the head's greys, mean of the border, share of the head.

    A slice of one grey has a head of nothing, whose quantiles are 0.
    """
    head = foreground(image)
    greys = image[head] if head.any() else np.zeros(1)
    rim = max(1, round(RIM * len(image)))
    inner = image[rim:-rim, rim:-rim]
    border = (float(image.sum()) - float(inner.sum())) / (image.size - inner.size)
    quantiles = {f"q{q}": float(np.percentile(greys, q)) for q in QUANTILES}
    return {**quantiles, "border": border, "head_area": float(head.mean())}


def fit_expectation(train: np.ndarray) -> Expectation:
    """What the training slices, uint8 (N, S, S), look like."""
    table = [features(image) for image in train]
    bands = {}
    for name in table[0]:
        values = [row[name] for row in table]
        spare = SPARE * (max(values) - min(values))
        bands[name] = (min(values) - spare, max(values) + spare)
    embeddings = embed(train)
    centre = embeddings.mean(axis=0)
    return Expectation(
        bands=bands,
        centre=[round(float(value), 6) for value in centre],
        least_similarity=float(np.percentile(embeddings @ centre, 1)),
    )


def unexpected(expectation: Expectation, image: np.ndarray) -> list[str]:
    """Codes of what a slice, uint8 (S, S) after preprocessing, has that no training slice had."""
    found = features(image)
    outside = [name for name, (low, high) in expectation.bands.items() if not low <= found[name] <= high]
    codes = []
    if found["head_area"] == 0 or not cv2.countNonZero(image):
        codes.append("no-head")
    elif outside:
        codes.append("contrast" if set(outside) - {"head_area"} else "framing")
    if float(embed(image[None])[0] @ np.array(expectation.centre)) < expectation.least_similarity:
        codes.append("unlike")
    return codes
