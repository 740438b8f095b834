"""How far the predicted outlines are from the annotated ones."""

import numpy as np
from scipy.ndimage import binary_erosion
from scipy.spatial import KDTree

PERCENTILE = 95
# A share of the side: 2 pixels at 128. Nikolov et al. (2021) take the difference between two experts'
# outlines; there is no second annotation here. Resizing and the threshold can each move an outline by a
# pixel, so outlines that are no further apart count as one. A share is the same part of the head at any
# working size.
TOLERANCE = 1 / 64
CROSS = np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]], bool)  # a pixel and its four sides, slice by slice


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
    for index, pair in enumerate(zip(_outlines(predictions), _outlines(masks), strict=True)):
        predicted, annotated = (np.argwhere(outline) for outline in pair)
        if len(predicted) and len(annotated):
            distances = [_distances(predicted, annotated), _distances(annotated, predicted)]
            hd95[index] = max(np.percentile(each, PERCENTILE) for each in distances)
            nsd[index] = np.mean(np.concatenate(distances) <= TOLERANCE * masks.shape[1])
        elif len(predicted) or len(annotated):
            nsd[index] = 0
    return hd95, nsd


def _outlines(masks: np.ndarray) -> np.ndarray:
    """The pixels of slices, 0/1 (N, S, S), with a side on background or on the rim; bool (N, S, S)."""
    inside = masks == 1
    return inside & ~binary_erosion(inside, CROSS)


def _distances(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How far each point, (N, 2), is from the nearest of some others, (M, 2); float32 (N,), as MONAI's."""
    return KDTree(others).query(points)[0].astype(np.float32)
