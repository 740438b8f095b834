"""What is measured of a predicted mask: its lesions, their areas, and how uncertain it is."""

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict

from tumorseg.metrics import STEPS

SMOOTH = 1e-3  # of the slice: the area that Dice is smoothed with, so that a mask of nothing has one


class Lesion(BaseModel):
    """Pixels of one class that touch, by a side or a corner."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: int  # index of the class, from 1
    pixels: int
    box: tuple[int, int, int, int]  # left, top, width, height in pixels
    centroid: tuple[float, float]  # x, y in pixels: 0, 0 is the centre of the first pixel
    probability: float | None  # mean over its pixels; None where no probabilities are known
    counts: str  # compressed run lengths, as COCO has them


def find_lesions(mask: np.ndarray, native: np.ndarray | None) -> list[Lesion]:
    """The lesions of a mask, by class and place.

    Args:
        mask: uint8 (H, W), 0 or the index of a class.
        native: Quantised probabilities of tumour, uint8 (H, W), where they are known.
    """
    lesions = []
    for label in np.unique(mask[mask > 0]).tolist():
        _, labels, stats, centroids = cv2.connectedComponentsWithStats(
            (mask == label).astype(np.uint8), connectivity=8
        )
        for number in range(1, len(stats)):
            left, top, width, height, pixels = stats[number].tolist()
            window = np.s_[top : top + height, left : left + width]
            inside = labels[window] == number
            # Step k stands for its midpoint, as in evaluation.calibration.
            probability = None if native is None else float((native[window][inside].mean() + 0.5) / STEPS)
            lesions.append(
                Lesion(
                    label=label,
                    pixels=pixels,
                    box=(left, top, width, height),
                    centroid=(round(float(centroids[number][0]), 2), round(float(centroids[number][1]), 2)),
                    probability=None if probability is None else round(probability, 4),
                    counts=run_lengths(inside, window, mask.shape),
                )
            )
    # OpenCV may number them in any order.
    return sorted(lesions, key=lambda one: (one.label, one.box[1], one.box[0], one.counts))


def run_lengths(inside: np.ndarray, window: tuple[slice, slice], shape: tuple[int, ...]) -> str:
    """Pixels, bool, of a window of a mask of this shape, as COCO's compressed run lengths."""
    from pycocotools import mask as coco

    whole = np.zeros(shape, np.uint8, order="F")
    whole[window] = inside
    counts: bytes = coco.encode(whole)["counts"]
    return counts.decode("ascii")


def uncertainty(levels: np.ndarray, step: int, temperature: float) -> float:
    """How little Dice is to be expected of the mask of a slice: 1 minus it, in [0, 1].

    Were the probabilities p true, after division of the logits by the temperature, a mask M would share
    Σ_M p pixels with the tumour, whose area would be Σ p. So the expected Dice is about
    2 Σ_M p / (|M| + Σ p), the soft Dice of Milletari et al. (V-Net, 2016). It is smoothed by an area of
    SMOOTH of the slice, so that nothing found where nothing is probable is certain.

    Args:
        levels: Quantised probabilities of tumour, uint8 (S, S).
        step: From which a pixel is in the mask.
        temperature: As in the contract; NaN: the probabilities are taken as they are.
    """
    odds = np.arange(STEPS) / np.arange(STEPS - 1, -1, -1).clip(1e-9)
    scaled = odds ** (1 / temperature if temperature > 0 else 1)
    probabilities = 1 - 1 / (1 + scaled)
    pixels = np.bincount(levels.ravel(), minlength=STEPS)
    expected, smooth = pixels * probabilities, SMOOTH * levels.size
    dice = (2 * expected[step:].sum() + smooth) / (pixels[step:].sum() + expected.sum() + smooth)
    return round(float(1 - dice), 4)
