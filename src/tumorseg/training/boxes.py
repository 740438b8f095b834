"""Labels that are upright boxes stay upright boxes when a slice is turned or bent.

A box turned by 20° is no longer what an annotator would draw round the turned tumour. The ellipse that fills
the box stands for the tumour: where it goes, its own bounding box is the label.
"""

from typing import NamedTuple

import cv2
import numpy as np

from tumorseg.training.warp import Warp

ANGLES = np.linspace(0, 2 * np.pi, 64, endpoint=False)
CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


class Box(NamedTuple):
    """An upright rectangle of pixels that all have one value."""

    x: int
    y: int
    width: int
    height: int
    value: int


def upright_boxes(mask: np.ndarray) -> list[Box] | None:
    """The parts of a mask, uint8 (S, S), or None where one of them is no upright rectangle of one value."""
    _, _, parts, _ = cv2.connectedComponentsWithStats(mask)
    boxes = []
    for x, y, width, height, area in parts[1:].tolist():
        value = int(mask[y, x])
        if area != width * height or (mask[y : y + height, x : x + width] != value).any():
            return None
        boxes.append(Box(x, y, width, height, value))
    return boxes


def move_boxes(boxes: list[Box], warp: Warp, shape: tuple[int, int]) -> np.ndarray:
    """A mask, uint8 of that shape, of the boxes round where `warp` takes the ellipses that fill `boxes`.

    What leaves the slice is cut off.
    """
    mask = np.zeros(shape, np.uint8)
    for box in boxes:
        half = np.array([box.width, box.height]) / 2
        centre = np.array([box.x, box.y]) + half - 0.5
        outline = warp.points(centre + CIRCLE * half)
        low, high = np.ceil(outline.min(axis=0)), np.floor(outline.max(axis=0))
        (left, top), (right, bottom) = np.maximum(low, 0).astype(int), np.maximum(high + 1, 0).astype(int)
        mask[top:bottom, left:right] = box.value
    return mask
