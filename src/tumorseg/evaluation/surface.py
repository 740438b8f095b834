"""How far the predicted outlines are from the annotated ones."""

import cv2
import numpy as np

PERCENTILE = 95
# A share of the side: 2 pixels at 128. Nikolov et al. (2021) take the difference between two experts'
# outlines; there is no second annotation here. Resizing and the threshold can each move an outline by a
# pixel, so outlines that are no further apart count as one. A share is the same part of the head at any
# working size.
TOLERANCE = 1 / 64
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))  # a pixel and its four sides


def surface_scores(masks: np.ndarray, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """HD95 and normalised surface Dice of each slice.

    HD95 (Huttenlocher et al., Comparing Images Using the Hausdorff Distance, 1993) is the larger of two 95th
    percentiles: of the distances from the pixels of the predicted outline to the annotated outline, and
    back. NSD (Nikolov et al., Clinically Applicable Segmentation of Head and Neck Anatomy for Radiotherapy,
    2021) is the share of the pixels of both outlines that are at most TOLERANCE of the side from the other
    outline. Both are equal to MONAI's `compute_hausdorff_distance` and `compute_surface_dice`. Those are not
    called, since importing MONAI takes longer than all the rest of the stage `evaluate`.

    Args:
        masks: uint8 (N, S, S), 0 or 1.
        predictions: uint8 (N, S, S), 0 or 1.

    Returns:
        HD95 in pixels of the slices, float (N,), NaN where either is empty; NSD, float (N,), in [0, 1],
        0 where one is empty, NaN where both are.
    """
    hd95, nsd = np.full(len(masks), np.nan), np.full(len(masks), np.nan)
    for index, (mask, prediction) in enumerate(zip(masks, predictions, strict=True)):
        there = mask.any(), prediction.any()
        if all(there):
            place = _around(mask | prediction)
            annotated, predicted = (_outline(each[place]) for each in (mask, prediction))
            distances = [_distances(predicted, annotated), _distances(annotated, predicted)]
            hd95[index] = max(np.percentile(each, PERCENTILE) for each in distances)
            nsd[index] = np.mean(np.concatenate(distances) <= TOLERANCE * masks.shape[1])
        elif any(there):
            nsd[index] = 0
    return hd95, nsd


def _around(pixels: np.ndarray) -> tuple[slice, slice]:
    """The box round all pixels of a slice that are 1, (S, S): nothing outside it is nearer to any of them."""
    left, top, width, height = cv2.boundingRect(pixels)
    return slice(top, top + height), slice(left, left + width)


def _outline(mask: np.ndarray) -> np.ndarray:
    """The pixels of a mask, 0 or 1, with a side on background or on the rim; uint8 of the same shape."""
    return mask - cv2.erode(mask, CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=0)


def _distances(outline: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far each pixel of an outline is from the nearest one of another; float32 (N,), as MONAI's."""
    distances = cv2.distanceTransform(1 - other, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[outline == 1]
    # OpenCV's roots are off in their last digit. Squares of distances between pixels are whole.
    return np.sqrt(np.rint(distances.astype(float) ** 2)).astype(np.float32)
