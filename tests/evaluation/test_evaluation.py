import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.prior import MASKS, QUANTISED, evaluate, mask

from tumorseg.metrics import METRICS
from tumorseg.reading import read_json


def numbers(value: object) -> list[float]:
    """All numbers of a JSON value, which holds nothing but objects of numbers and of such objects."""
    if isinstance(value, dict):
        return [number for each in value.values() for number in numbers(each)]
    assert isinstance(value, int | float)
    return [value]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MASKS evaluated once; the tests read."""
    folder = tmp_path_factory.mktemp("evaluation")
    evaluate(folder, MASKS)
    return folder


@pytest.fixture(scope="module")
def scores(root: Path) -> dict:
    return read_json(root / "out" / "scores.json")


def test_predictions_are_quantised(root):
    for split in ("valid", "test"):
        quantised = np.load(root / "out" / "predictions" / f"{split}.npy")
        assert quantised.dtype == np.uint8
        np.testing.assert_array_equal(quantised, np.stack([QUANTISED] * len(MASKS[split])))


def test_scores_of_valid_and_test_by_hand(scores):
    about = {"parameters": 0, "epoch": 0, "gflops": 0, "threshold": 52 / 256, "beta": 1}
    assert {name: scores[name] for name in about} == about
    assert scores["valid"]["at_best"]["pooled"]["dice"] == 16 / 17
    assert (scores["test"]["slices"], scores["test"]["groups"]) == (3, 3)
    assert scores["test"]["at_best"]["pooled"] == pytest.approx(
        {
            "precision": 4 / 12,
            "recall": 4 / 8,
            "dice": 8 / 20,
            "iou": 4 / 16,
            "specificity": 32 / 40,
            "accuracy": 36 / 48,
            "tp": 4,
            "fp": 8,
            "fn": 4,
            "tn": 32,
        }
    )


def test_means_and_medians_are_over_the_images_where_a_metric_is_defined(scores):
    at_best, at_half = scores["test"]["at_best"], scores["test"]["at_half"]
    assert at_best["mean"]["dice"] == pytest.approx(1 / 3)  # 1, 0 and a false alarm, 0
    assert at_best["median"]["dice"] == 0
    assert at_best["mean"]["recall"] == 1 / 2  # 1 and 0; the empty slice has none
    assert at_best["median"]["recall"] == 1 / 2
    assert at_best["mean"]["specificity"] == pytest.approx((1 + 8 / 12 + 12 / 16) / 3)
    assert at_best["median"]["specificity"] == pytest.approx(12 / 16)
    # HD95 0 and 1, box IoU 1 and 0, both undefined in the empty slice; NSD 1, 0 and 0.
    assert [at_best["mean"][name] for name in ("hd95", "nsd", "box_iou")] == pytest.approx([0.5, 1 / 3, 0.5])
    assert [at_best["median"][name] for name in ("hd95", "nsd", "box_iou")] == [0.5, 0, 0.5]
    names = (*METRICS, "hd95", "nsd", "box_iou")
    assert at_best["undefined"] == dict.fromkeys(names, 0) | {"recall": 1, "hd95": 1, "box_iou": 1}
    # Nothing is predicted at 0.5: no precision at all, no Dice where there is no tumour either.
    assert np.isnan([at_half["pooled"]["precision"], at_half["mean"]["precision"]]).all()
    assert at_half["mean"]["dice"] == 0
    expected = {"precision": 3, "recall": 1, "dice": 1, "iou": 1}
    assert at_half["undefined"] == dict.fromkeys(METRICS, 0) | expected


def test_average_precision_by_hand(scores):
    # Pooled: recall goes by 0.5 at step 102 with precision 4/12, by 0.5 at 51 with precision 8/24.
    # By slice: 1, 0.5 (its tumour is column 1), undefined.
    assert scores["test"]["average_precision"] == pytest.approx({"pooled": 1 / 3, "mean": 0.75})


def test_lesions_boxes_and_false_area_by_hand(scores):
    at_best = scores["test"]["at_best"]
    assert at_best["lesions"] == pytest.approx(
        {"annotated": 2, "found": 1, "recall": 1 / 2, "false_positives_per_image": 2 / 3}
    )
    assert at_best["boxes"] == {"hit_rate": 1 / 2, "images": 2}
    assert at_best["empty"] == {"images": 1, "false_positive_share": 4 / 16}
    assert at_best["by"]["category"]["0"]["dice_pooled"] == 8 / 16
    assert at_best["by"]["category"]["none"]["dice_pooled"] == 0


def test_calibration_by_hand(scores):
    # 12 pixels at (102 + ½) / 256, 4 of them tumour; 12 at (51 + ½) / 256, 4 too; 24 at ½ / 256, none.
    high, low, least = 102.5 / 256, 51.5 / 256, 0.5 / 256
    test = scores["test"]["calibration"]
    assert test["ece"] == pytest.approx((12 * (high - 1 / 3) + 12 * (1 / 3 - low) + 24 * least) / 48)
    squares = 4 * (1 - high) ** 2 + 8 * high**2 + 4 * (1 - low) ** 2 + 8 * low**2 + 24 * least**2
    assert test["brier"] == pytest.approx(squares / 48)


def test_threshold_and_temperature_come_from_valid_alone(scores, tmp_path):
    # On these test masks step 1 would be best by far.
    other = evaluate(tmp_path, MASKS | {"test": [mask(0, 1)] * 3})
    assert other["threshold"] == scores["threshold"]
    assert json.dumps(other["valid"]) == json.dumps(scores["valid"])
    fitted = {
        result[split]["calibration"]["temperature"]
        for result in (other, scores)
        for split in ("valid", "test")
    }
    assert len(fitted) == 1
    assert np.isfinite(fitted.pop())
    assert other["test"]["at_best"]["pooled"]["dice"] == 24 / 36


def test_beta_moves_the_threshold(scores, tmp_path):
    # F₄ = 17 TP / (17 TP + 16 FN + FP): 136/152 at step 52, 153/160 at step 1.
    other = evaluate(tmp_path, MASKS, beta=4.0)
    assert (other["threshold"], other["beta"]) == (1 / 256, 4)
    assert json.dumps(other["test"]["at_half"]) == json.dumps(scores["test"]["at_half"])
    curve = pd.read_csv(tmp_path / "out" / "plots" / "pr_curve.csv")
    at = curve[curve.split == "valid"].set_index("threshold").f_beta
    assert [at[1 / 256], at[52 / 256]] == pytest.approx([153 / 160, 136 / 152])


def test_slices_add_up_to_the_pooled_counts(root, scores):
    table = pd.read_csv(root / "out" / "predictions" / "slices.csv")
    counts = ["tp", "fp", "fn", "tn"]
    for split, part in table.groupby("split"):
        pooled = scores[split]["at_best"]["pooled"]
        assert part[counts].sum().to_dict() == {name: pooled[name] for name in counts}
    test = table[table.split == "test"].set_index("file")
    assert test.loc["test1.jpg", counts].tolist() == [0, 4, 4, 8]
    assert test.dice.tolist() == [1, 0, 0]
    assert test.average_precision.tolist()[:2] == [1, 0.5]
    assert np.isnan(test.loc["test2.jpg", ["recall", "average_precision"]].astype(float)).all()
    assert test.sequence.astype("Int64").tolist() == [pd.NA, 1, 2]
    assert test.group.tolist() == [7, 8, 9]
    assert test.tumor_pixels.tolist() == [100, 100, 0]  # of the slice as it came


def test_all_that_is_written_is_the_same_each_time(root, tmp_path):
    evaluate(tmp_path, MASKS)
    first, second = (
        {path.relative_to(base): path.read_bytes() for path in base.rglob("*") if path.is_file()}
        for base in (root / "out", tmp_path / "out")
    )
    assert sorted(map(Path.as_posix, first)) == [
        "headlines/prior.json",
        "plots/confusion.csv",
        "plots/overlays.png",
        "plots/pr_curve.csv",
        "plots/reliability.csv",
        "predictions/slices.csv",
        "predictions/test.npy",
        "predictions/valid.npy",
        "scores.json",
    ]
    assert first == second


def test_one_slice_in_valid_and_no_tumour_in_test_are_scored(tmp_path):
    scores = evaluate(tmp_path, MASKS | {"valid": [mask(0)], "test": [mask()] * 2})
    valid, test = scores["valid"], scores["test"]
    assert valid["at_best"]["pooled"]["dice"] == 1
    assert np.isnan(numbers(valid["at_best"]["interval"])).all()  # one group tells nothing of chance
    assert np.isnan([*test["average_precision"].values(), test["at_best"]["pooled"]["recall"]]).all()
    assert np.isnan([test["at_best"]["lesions"]["recall"], test["at_best"]["boxes"]["hit_rate"]]).all()
    assert test["at_best"]["pooled"]["fp"] == 8
    assert test["at_best"]["empty"] == {"images": 2, "false_positive_share": 8 / 32}
    assert np.isnan(test["at_half"]["pooled"]["dice"])
    curve = pd.read_csv(tmp_path / "out" / "plots" / "pr_curve.csv")
    assert curve.split.unique().tolist() == ["valid"]


def test_no_tumour_anywhere_is_scored(tmp_path):
    scores = evaluate(tmp_path, dict.fromkeys(MASKS, [mask()] * 2))
    assert scores["threshold"] == 0.5
    for split in ("valid", "test"):
        at_best = scores[split]["at_best"]
        assert at_best["pooled"]["specificity"] == 1
        assert at_best["empty"] == {"images": 2, "false_positive_share": 0}
        assert at_best["undefined"]["nsd"] == at_best["undefined"]["dice"] == 2
        assert at_best["by"]["size"]["small"]["slices"] == 0
        calibration = scores[split]["calibration"]
        assert calibration["ece"] == pytest.approx(0.5 / 256)
        assert np.isnan([calibration["temperature"], calibration["ece_scaled"]]).all()
    for name in ("prepared", "flip", "platt"):  # which are no numbers
        del scores[name]
    assert not np.isinf(numbers(scores)).any()
