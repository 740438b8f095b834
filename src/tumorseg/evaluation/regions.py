"""Scores of one slice by objects instead of pixels: lesions that are found, and boxes round the tumour."""

import cv2
import numpy as np

HIT = 0.5  # IoU from which a box counts as found, as in PASCAL VOC (Everingham et al. 2010)


def region_scores(mask: np.ndarray, prediction: np.ndarray) -> tuple[float, int, int, int]:
    """Box IoU and lesion counts of one slice.

    A lesion is a set of annotated pixels that touch, by a side or a corner. It is found if any of its pixels
    is predicted. A set of predicted pixels that touch is a false lesion if none of them is annotated.

    Args:
        mask: uint8 (S, S), 0 or 1.
        prediction: uint8 (S, S), 0 or 1.

    Returns:
        IoU of the boxes round the largest annotated and the largest predicted set, 0 where nothing is
        predicted, NaN where nothing is annotated; lesions annotated; lesions found; false lesions.
    """
    labels, annotated = _components(mask)
    predicted_labels, predicted = _components(prediction)
    hit = _touched(labels[prediction == 1])
    false = len(predicted) - _touched(predicted_labels[mask == 1])
    if not annotated:
        return np.nan, 0, hit, false
    iou = box_iou(_largest(annotated), _largest(predicted)) if predicted else 0.0
    return iou, len(annotated), hit, false


def box_iou(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Intersection over union of two boxes (left, top, width, height) in whole pixels."""
    width, height = (
        max(0, min(one[axis] + one[axis + 2], other[axis] + other[axis + 2]) - max(one[axis], other[axis]))
        for axis in (0, 1)
    )
    shared = width * height
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def _components(array: np.ndarray) -> tuple[np.ndarray, list[list[int]]]:
    """Label the sets of pixels that touch, from 1 on.

    Returns:
        Labels, int (S, S), 0 where nothing is; and of each label left, top, width, height and pixels.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(array, connectivity=8)
    return labels, stats[1:].tolist()


def _touched(labels: np.ndarray) -> int:
    """How many different labels there are, apart from 0."""
    return int(np.count_nonzero(np.bincount(labels, minlength=1)[1:]))


def _largest(stats: list[list[int]]) -> tuple[int, ...]:
    """The box with the most pixels; of several the last by place, since OpenCV may label in any order."""
    *box, _ = max(stats, key=lambda each: (each[4], each))
    return tuple(box)
