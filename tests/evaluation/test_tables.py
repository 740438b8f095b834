import numpy as np
import pandas as pd
import pytest
from pycocotools import mask as coco_mask
from sklearn.metrics import fbeta_score, precision_score, recall_score

from tumorseg.data.slices import SplitArrays
from tumorseg.evaluation.tables import choose_overlays, confusion_table, pr_curve, score_slices, slice_table
from tumorseg.metrics import count_pixels

STEP = 100


@pytest.fixture(scope="module")
def random() -> tuple[SplitArrays, np.ndarray]:
    """40 slices with tumours of noise, and probabilities that are higher there; each fourth mask is empty."""
    rng = np.random.default_rng(0)
    masks = (rng.random((40, 32, 32)) < rng.random((40, 1, 1)) / 4).astype(np.uint8)
    masks[::4] = 0
    quantised = np.clip(rng.normal(70 + 60 * masks, 20), 0, 255).astype(np.uint8)
    quantised[1] = 0
    about = {"split": "test", "index": range(40), "file": "a", "category": "0", "sequence": 1, "group": 0}
    table = pd.DataFrame(about).assign(tumor_pixels=masks.sum((1, 2)))
    return SplitArrays(images=quantised, masks=masks, table=table), quantised


def test_iou_of_slices_is_that_of_pycocotools(random):
    arrays, quantised = random
    table = slice_table(arrays, quantised, count_pixels(quantised, arrays.masks), STEP)
    predicted = coco_mask.encode(np.asfortranarray((quantised >= STEP).astype(np.uint8).transpose(1, 2, 0)))
    truth = coco_mask.encode(np.asfortranarray(arrays.masks.transpose(1, 2, 0)))
    theirs = [coco_mask.iou([one], [other], [0])[0, 0] for one, other in zip(predicted, truth, strict=True)]
    assert table.iou.tolist() == pytest.approx(theirs)
    assert table.iou[1] == 0  # nothing is predicted
    assert len(table) == 40


def test_confusion_by_hand():
    pooled = {"valid": counts_of([10, 9, 10], [1, 1, 0]), "test": counts_of([10, 0], [0, 0])}
    table = confusion_table(pooled, 10).set_index(["split", "actual", "predicted"])
    assert table.loc["valid"].pixels.to_dict() == {
        ("tumor", "tumor"): 1,
        ("tumor", "background"): 1,
        ("background", "tumor"): 1,
        ("background", "background"): 0,
    }
    assert table.loc["valid"].share.tolist() == [0.5, 0.5, 1, 0]
    assert table.loc["test"].pixels.tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(table.loc["test"].share, [np.nan, np.nan, 0.5, 0.5])


def test_curve_agrees_with_scikit_learn_at_every_threshold(random):
    arrays, quantised = random
    curve = pr_curve({"test": count_pixels(quantised, arrays.masks).sum(0)}, beta=2.0)
    assert list(curve.columns) == ["recall", "precision", "threshold", "f_beta", "split"]
    # Above the highest step nothing is predicted, so there is no precision.
    assert (curve.threshold * 256).tolist() == list(range(int(quantised.max()) + 1))
    truth = arrays.masks.ravel()
    for row in curve.iloc[[0, 70, STEP, -1]].itertuples():
        predicted = quantised.ravel() >= row.threshold * 256
        theirs = [
            recall_score(truth, predicted),
            precision_score(truth, predicted),
            fbeta_score(truth, predicted, beta=2),
        ]
        assert [row.recall, row.precision, row.f_beta] == pytest.approx(theirs)


def test_a_split_without_tumour_has_no_curve():
    pooled = {"valid": counts_of([10, 0], [1, 0]), "test": counts_of([10, 0], [0, 0])}
    assert pr_curve(pooled, 1.0).split.unique().tolist() == ["valid"]


def test_a_slice_counts_a_step_at_its_own_threshold():
    quantised, masks = np.array([[[10, 10, 9]], [[0, 0, 0]]], np.uint8), np.array([[[1, 0, 1]], [[0, 0, 0]]])
    counts = count_pixels(quantised, masks)
    assert score_slices(counts, 10)[["tp", "fp", "fn", "tn"]].to_numpy().tolist() == [
        [1, 1, 1, 0],
        [0, 0, 0, 3],
    ]
    assert score_slices(counts, 11)[["tp", "fp", "fn", "tn"]].to_numpy().tolist() == [
        [0, 0, 2, 1],
        [0, 0, 0, 3],
    ]
    np.testing.assert_array_equal(score_slices(counts, 10).dice, [0.5, np.nan])


def counts_of(steps: list[int], tumors: list[int]) -> np.ndarray:
    """Counts of the pixels of a single row, int (2, 256)."""
    return count_pixels(np.array([[steps]], np.uint8), np.array([[tumors]], np.uint8))[0]


def test_overlays_leave_out_what_is_undefined():
    nan = np.nan
    dice = np.array([nan, 0.1, 0.9, 0.5, nan, 0.3, 0.7, 0.2, 0.8, 0.6, 0.4])
    chosen = {group: dice[rows].tolist() for group, rows in choose_overlays(dice).items()}
    assert chosen == {
        "best": [0.9, 0.8, 0.7, 0.6],
        "median": [0.7, 0.6, 0.5, 0.4],
        "worst": [0.4, 0.3, 0.2, 0.1],
    }
    few = choose_overlays(np.array([nan, nan]))
    assert [sorted(rows.tolist()) for rows in few.values()] == [[0, 1]] * 3
