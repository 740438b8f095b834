from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorseg import SPLITS
from tumorseg.audit import baselines
from tumorseg.data.similarity import embed, nearest
from tumorseg.data.slices import SplitArrays, load_split
from tumorseg.metrics import best_step, confusion, count_pixels, scores


def masks_only(*masks: list[list[int]]) -> SplitArrays:
    array = np.array(masks, np.uint8)
    return SplitArrays(images=array, masks=array, table=pd.DataFrame())


def test_dice_by_hand():
    masks = np.array([[[1, 1, 0, 0]], [[1, 0, 0, 0]], [[0, 0, 0, 0]]])
    predicted = np.array([[[1, 0, 0, 0]], [[0, 1, 0, 0]], [[0, 0, 0, 0]]])
    # TP 1, FP 1, FN 2 in all; 2/3, 0 and no Dice one by one.
    assert baselines.dice(masks, predicted) == {"pooled": pytest.approx(2 / 5), "mean": pytest.approx(1 / 3)}


def test_dice_of_nothing_is_undefined():
    nothing = np.zeros((2, 3, 3), np.uint8)
    assert all(np.isnan(value) for value in baselines.dice(nothing, nothing).values())


def test_copy_takes_the_masks_that_are_named():
    train, test = masks_only([[1, 0]], [[0, 1]]), masks_only([[0, 1]], [[0, 1]])
    assert baselines.nearest_mask_dice(train, test, np.array([1, 1])) == {"pooled": 1, "mean": 1}
    assert baselines.nearest_mask_dice(train, test, np.array([1, 0])) == {"pooled": 0.5, "mean": 0.5}


def test_location_by_hand():
    # Mean 1, 2/3, 1/3 and 0. On valid, the two most frequent pixels have Dice 2 · 2 / (2 + 2) = 1; the first
    # alone has 2/3, the first three have 4/5.
    train = masks_only([[1, 1, 1, 0]], [[1, 1, 0, 0]], [[1, 0, 0, 0]])
    valid = masks_only([[1, 1, 0, 0]])
    test = masks_only([[1, 1, 1, 1]], [[1, 0, 0, 0]])
    # On test: 2 of 2 and 4 pixels, 1 of 2 and 1.
    expected = {"pooled": pytest.approx(6 / 9), "mean": pytest.approx(2 / 3)}
    assert baselines.mean_mask_dice(train, valid, test) == expected


def test_location_without_tumour_on_valid_is_cut_at_one_half():
    train, valid = masks_only([[1, 1, 0]], [[1, 0, 0]], [[1, 0, 0]]), masks_only([[0, 0, 0]])
    assert baselines.mean_mask_dice(train, valid, masks_only([[1, 0, 0]])) == {"pooled": 1, "mean": 1}


@pytest.mark.parametrize("model", ["nearest_slice", "location_prior"])
def test_they_agree_with_the_models(prepared: Path, model):
    import torch

    from tumorseg.models.batches import predict_all
    from tumorseg.models.predict import TorchRuntime
    from tumorseg.models.registry import build_model

    train, valid, test = (load_split(prepared, split) for split in SPLITS)
    net = build_model(model)
    net.fit(*(torch.from_numpy(np.array(array))[:, None].float() for array in (train.images, train.masks)))
    runtime = TorchRuntime(net, 0, 1 / 255, torch.device("cpu"))
    levels = [predict_all(runtime, part.images)[0] for part in (valid, test)]
    counts = [count_pixels(array, part.masks) for array, part in zip(levels, (valid, test), strict=True)]
    each = confusion(counts[1])[..., best_step(counts[0].sum(0))]
    expected = {"pooled": float(scores(*each.sum(1))["dice"]), "mean": np.nanmean(scores(*each)["dice"])}
    index, _ = nearest(embed(test.images), embed(train.images))
    found = {
        "nearest_slice": baselines.nearest_mask_dice(train, test, index[:, 0]),
        "location_prior": baselines.mean_mask_dice(train, valid, test),
    }[model]
    assert found == pytest.approx(expected)
    assert 0 < found["pooled"] < 1
