import numpy as np
import pytest
from support.prior import MASKS, evaluate, mask

from tumorseg.errors import UserError
from tumorseg.evaluation.per_class import count_classes, summarise_classes

CLASSES = ["one", "other"]
# The slices of MASKS, where column 1 is of the second class.
COLORED = {
    "train": [mask(0), mask(0), 2 * mask(1), mask(), mask()],
    "valid": [mask(0), mask(0, extra=(0, 1))],
    "test": [mask(0), 2 * mask(1), mask()],
}


def test_counts_and_scores_by_hand():
    masks = np.array([[[1, 1, 2, 0]], [[0, 0, 2, 2]]], np.uint8)
    predicted = np.array([[[1, 2, 2, 2]], [[0, 0, 0, 2]]], np.uint8)
    counts = count_classes(masks, predicted, CLASSES)
    assert counts.tolist() == [[[0, 0, 1], [0, 1, 1], [0, 0, 1]], [[2, 0, 0], [0, 0, 0], [1, 0, 1]]]
    result = summarise_classes(counts, CLASSES, np.array([0, 1]))
    one, other = result["of"]["one"], result["of"]["other"]
    expected = {"dice": 2 / 3, "iou": 1 / 2, "precision": 1, "recall": 1 / 2, "tp": 1, "fp": 0, "fn": 1}
    assert one["pooled"] == pytest.approx(expected)
    expected = {"dice": 4 / 7, "iou": 2 / 5, "precision": 1 / 2, "recall": 2 / 3, "tp": 2, "fp": 2, "fn": 1}
    assert other["pooled"] == pytest.approx(expected)
    assert result["confusion"] == {
        "one": {"background": 0, "one": 1, "other": 1},
        "other": {"background": 1, "one": 0, "other": 2},
    }
    # The second slice has nothing of the first class, neither annotated nor predicted.
    assert one["mean"]["dice"] == pytest.approx(2 / 3)
    assert other["mean"]["dice"] == pytest.approx((2 / 4 + 2 / 3) / 2)
    # Replicates are of the first slice twice, of the second twice, or of both.
    assert one["interval"]["dice"] == pytest.approx({"low": 2 / 3, "high": 2 / 3})
    assert other["interval"]["dice"] == pytest.approx({"low": 2 / 4, "high": 2 / 3})
    assert result["mean_dice"]["value"] == pytest.approx((2 / 3 + 4 / 7) / 2)
    assert result["mean_dice"]["low"] == pytest.approx((2 / 3 + 2 / 4) / 2)
    assert result["mean_dice"]["high"] == pytest.approx(2 / 3)


def test_a_class_that_is_nowhere_has_no_dice_and_is_not_in_the_mean():
    counts = count_classes(np.ones((2, 2, 2), np.uint8), np.ones((2, 2, 2), np.uint8), CLASSES)
    result = summarise_classes(counts, CLASSES, np.array([0, 0]))
    assert np.isnan(list(result["of"]["other"]["mean"].values())).all()
    assert np.isnan(result["of"]["other"]["pooled"]["dice"])
    assert result["mean_dice"]["value"] == 1
    assert np.isnan([result["mean_dice"][end] for end in ("low", "high")]).all()  # a single group


def test_an_evaluation_scores_classes_beside_tumour_as_a_whole(tmp_path):
    scores = evaluate(tmp_path, COLORED, classes=("one", "other"))
    plain = evaluate(tmp_path / "plain", MASKS)
    # As in MASKS, column 0 is predicted, here as of the first class, in all three slices.
    predicted = np.load(tmp_path / "out" / "predictions" / "test_classes.npy")
    np.testing.assert_array_equal(predicted, [mask(0)] * 3)
    assert predicted.dtype == np.uint8
    classes = scores["test"].pop("classes")
    assert classes["of"]["one"]["pooled"] == pytest.approx(
        {"dice": 1 / 2, "iou": 1 / 3, "precision": 1 / 3, "recall": 1, "tp": 4, "fp": 8, "fn": 0}
    )
    assert classes["of"]["other"]["pooled"]["dice"] == 0
    assert classes["mean_dice"]["value"] == 1 / 4
    assert classes["confusion"]["other"] == {"background": 4, "one": 0, "other": 0}
    assert scores["valid"].pop("classes")["of"]["one"]["pooled"]["fp"] == 0
    assert scores["threshold"] == plain["threshold"]
    assert scores["test"]["at_best"]["pooled"] == plain["test"]["at_best"]["pooled"]
    assert set(scores["test"]) == set(plain["test"])
    files = {path.name for path in (tmp_path / "out" / "predictions").iterdir()}
    without = {path.name for path in (tmp_path / "plain" / "out" / "predictions").iterdir()}
    assert files - without == {"test_classes.npy", "valid_classes.npy"}


def test_a_model_of_other_classes_is_refused_in_one_line(tmp_path):
    with pytest.raises(
        UserError, match=r"was trained on the classes \[\], but .*'one', 'other'.*train it again"
    ):
        evaluate(tmp_path, COLORED, classes=("one", "other"), trained_on=())
    assert not (tmp_path / "out").exists()
