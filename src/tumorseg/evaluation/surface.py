"""How far the predicted outlines are from the annotated ones, by MONAI's outlines and distances."""

import numpy as np

PERCENTILE = 95
# A share of the side: 2 pixels at 128. Nikolov et al. (2021) take the difference between two experts'
# outlines; there is no second annotation here. Resizing and the threshold can each move an outline by a
# pixel, so outlines that are no further apart count as one. A share is the same part of the head at any
# working size.
TOLERANCE = 1 / 64
BATCH = 32  # slices whose outlines are computed at a time


def surface_scores(masks: np.ndarray, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """HD95 and normalised surface Dice of each slice.

    HD95 (Huttenlocher et al., Comparing Images Using the Hausdorff Distance, 1993) is the larger of two 95th
    percentiles: of the distances from the pixels of the predicted outline to the annotated outline, and
    back. NSD (Nikolov et al., Clinically Applicable Segmentation of Head and Neck Anatomy for Radiotherapy,
    2021) is the share of the pixels of both outlines that are at most TOLERANCE of the side from the other
    outline. Both are those of MONAI's `compute_hausdorff_distance` and `compute_surface_dice`, which find
    outlines and distances once each, slice by slice, and take several times as long.

    Args:
        masks: uint8 (N, S, S), 0 or 1.
        predictions: uint8 (N, S, S), 0 or 1.

    Returns:
        HD95 in pixels of the slices, float (N,), NaN where either is empty; NSD, float (N,), in [0, 1],
        0 where one is empty, NaN where both are.
    """
    from monai.metrics.utils import get_surface_distance

    hd95, nsd = np.full(len(masks), np.nan), np.full(len(masks), np.nan)
    for start in range(0, len(masks), BATCH):
        batch = (array[start : start + BATCH] for array in (predictions, masks))
        for index, pair in enumerate(zip(*_outlines(*batch), strict=True), start):
            some = [outline.any() for outline in pair]
            if all(some):
                distances = [get_surface_distance(*pair), get_surface_distance(*pair[::-1])]
                hd95[index] = max(np.percentile(each, PERCENTILE) for each in distances)
                nsd[index] = np.mean(np.concatenate(distances) <= TOLERANCE * masks.shape[1])
            elif any(some):
                nsd[index] = 0
    return hd95, nsd


def _outlines(*arrays: np.ndarray) -> list[np.ndarray]:
    """The pixels of two stacks of slices, 0/1 (N, S, S), with a side on background or on the rim; bool."""
    from monai.metrics.utils import get_mask_edges

    n, height, width = arrays[0].shape
    # One below another, a row of background between them: one call of MONAI's finds them all.
    columns = [np.pad(array == 1, ((0, 0), (0, 1), (0, 0))).reshape(-1, width) for array in arrays]
    return [edges.reshape(n, height + 1, width)[:, :height] for edges in get_mask_edges(*columns, crop=False)]
