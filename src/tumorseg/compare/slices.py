"""The test slices as the page of plots shows them one by one: small pictures, labels, what models predict."""

import base64
import math
from typing import Any

import cv2
import numpy as np

from tumorseg.data.slices import SplitArrays
from tumorseg.paired import Scored

LARGEST = 256  # pixels a side: twice that would be a page of 40 MB for the real test split
WEBP = [cv2.IMWRITE_WEBP_QUALITY, 80]
PNG = [cv2.IMWRITE_PNG_BILEVEL, 1, cv2.IMWRITE_PNG_COMPRESSION, 9]


def slice_rows(
    test: SplitArrays, scored: Scored, quantised: dict[str, np.ndarray], steps: dict[str, float]
) -> list[dict[str, Any]]:
    """A row a test slice.

    Args:
        test: N slices.
        scored: What each model scored on them.
        quantised: By model: its probabilities, uint8 (N, S, S).
        steps: By model: the threshold times 256.

    Returns:
        `file`, `category`, `group`, `size` (annotated pixels), `picture` and `label` (data URIs, at most
        LARGEST pixels a side), and by model its `dice` (None where there is none), `tp`, `fp`, `fn`, `mask`.
    """
    rows = []
    for index in range(len(test)):
        of_models = {}
        for model, name in enumerate(scored.names):
            tp, fp, fn = scored.counts[model, index].tolist()
            dice = float(scored.dice[model, index])
            mask = data_uri(quantised[name][index] >= steps[name])
            dice_or_none = None if math.isnan(dice) else dice
            of_models[name] = {"dice": dice_or_none, "tp": tp, "fp": fp, "fn": fn, "mask": mask}
        about = test.table.iloc[index]
        rows.append(
            {
                "file": str(about["file"]),
                "category": str(about["category"]),
                "group": int(about["group"]),
                "size": int(np.count_nonzero(test.masks[index])),
                "picture": data_uri(test.images[index]),
                "label": data_uri(test.masks[index] > 0),
                "models": of_models,
            }
        )
    return rows


def data_uri(array: np.ndarray) -> str:
    """A slice, uint8 (S, S) or (S, S, 3), or a mask, bool (S, S), as a small picture in a data URI."""
    mask = array.dtype == bool
    array = array.astype(np.uint8) * 255 if mask else array
    if max(array.shape) > LARGEST:
        way = cv2.INTER_NEAREST_EXACT if mask else cv2.INTER_AREA
        array = cv2.resize(array, (LARGEST, LARGEST), interpolation=way)
    array = cv2.cvtColor(array, cv2.COLOR_RGB2BGR) if array.ndim == 3 else array
    kind, flags = ("png", PNG) if mask else ("webp", WEBP)
    _, encoded = cv2.imencode(f".{kind}", array, flags)
    return f"data:image/{kind};base64,{base64.b64encode(encoded.tobytes()).decode()}"
