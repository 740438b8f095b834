import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tumorseg.artifact import ModelInfo, save_model
from tumorseg.evaluation import choose_overlays, confusion_table, evaluate_model, pr_curve, summarise
from tumorseg.metrics import METRICS, count_levels
from tumorseg.models.registry import build_model

SIDE = 4
# The prior of the training masks is 0.4 in column 0, 0.2 in column 1 and 0 elsewhere: levels
# ⌊0.4 × 256⌋ = 102, ⌊0.2 × 256⌋ = 51 and 0 in every slice that is predicted.
LEVELS = np.tile(np.array([102, 51, 0, 0], np.uint8), (SIDE, 1))


def mask(*columns: int, extra: tuple[int, int] | None = None) -> np.ndarray:
    """Whole columns of tumour, and one pixel more."""
    array = np.zeros((SIDE, SIDE), np.uint8)
    array[:, list(columns)] = 1
    if extra:
        array[extra] = 1
    return array


MASKS = {
    "train": [mask(0), mask(0), mask(1), mask(), mask()],
    # From level 52 to 102 column 0 is predicted: TP 8, FP 0, FN 1, Dice 16/17. Below, column 1 too:
    # TP 9, FP 7, FN 0, Dice 18/25. So valid chooses level 52.
    "valid": [mask(0), mask(0, extra=(0, 1))],
    # At 52: TP 4; FP 4 and FN 4; FP 4. Nothing is predicted at 0.5.
    "test": [mask(0), mask(1), mask()],
}


def write_prepared(folder: Path, masks: dict[str, list[np.ndarray]]) -> Path:
    """A prepared folder with these masks, on slices of noise."""
    rng, rows = np.random.default_rng(0), []
    for split, arrays in masks.items():
        (folder / split).mkdir(parents=True)
        shape = (len(arrays), SIDE, SIDE)
        np.save(folder / split / "images.npy", rng.integers(0, 256, shape, dtype=np.uint8))
        np.save(folder / split / "masks.npy", np.stack(arrays))
        for index in range(len(arrays)):
            about = {"split": split, "index": index, "file": f"{split}{index}.jpg", "category": "0"}
            rows.append(about | {"sequence": index or None})
    pd.DataFrame(rows).astype({"sequence": "Int64"}).to_csv(folder / "slices.csv", index=False)
    return folder


def fit(folder: Path, masks: list[np.ndarray]) -> Path:
    """A location prior of these masks, saved as training saves it."""
    net = build_model("location_prior")
    net.fit(torch.empty(0), torch.from_numpy(np.stack(masks))[:, None].float())
    folder.mkdir(parents=True)
    about = {"name": "prior", "architecture": "location_prior", "options": {}, "parameters": 0}
    about |= {"image_size": SIDE, "mean": 0.5, "std": 0.2, "best_epoch": 0, "epochs": 0}
    save_model(folder, net, ModelInfo(**about))
    return folder


def evaluate(root: Path, masks: dict[str, list[np.ndarray]]) -> dict:
    """Evaluate in `root`; the scores."""
    model, prepared = fit(root / "model", masks["train"]), write_prepared(root / "prepared", masks)
    out = root / "out"
    evaluate_model(
        model,
        prepared,
        accelerator="cpu",
        predictions=out / "predictions",
        metrics=out / "scores.json",
        plots=out / "plots",
    )
    return json.loads((out / "scores.json").read_text())


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MASKS evaluated once; the tests read."""
    folder = tmp_path_factory.mktemp("evaluation")
    evaluate(folder, MASKS)
    return folder


@pytest.fixture(scope="module")
def scores(root: Path) -> dict:
    return json.loads((root / "out" / "scores.json").read_text())


def test_predictions_are_levels(root):
    for split in ("valid", "test"):
        levels = np.load(root / "out" / "predictions" / f"{split}.npy")
        assert levels.dtype == np.uint8
        np.testing.assert_array_equal(levels, np.stack([LEVELS] * len(MASKS[split])))


def test_scores_of_valid_and_test_by_hand(scores):
    assert (scores["parameters"], scores["epoch"], scores["threshold"]) == (0, 0, 52 / 256)
    assert scores["valid"]["at_best"]["pooled"]["dice"] == 16 / 17
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


def test_means_are_over_the_images_where_a_metric_is_defined(scores):
    at_best, at_half = scores["test"]["at_best"], scores["test"]["at_half"]
    assert at_best["mean"]["dice"] == pytest.approx(1 / 3)  # 1, 0 and a false alarm, 0
    assert at_best["mean"]["recall"] == 1 / 2  # 1 and 0; the empty slice has none
    assert at_best["mean"]["specificity"] == pytest.approx((1 + 8 / 12 + 12 / 16) / 3)
    assert at_best["undefined"] == dict.fromkeys(METRICS, 0) | {"recall": 1}
    # Nothing is predicted at 0.5: no precision at all, no Dice where there is no tumour either.
    assert np.isnan([at_half["pooled"]["precision"], at_half["mean"]["precision"]]).all()
    assert at_half["mean"]["dice"] == 0
    assert at_half["undefined"] == dict.fromkeys(METRICS, 0) | {
        "precision": 3,
        "recall": 1,
        "dice": 1,
        "iou": 1,
    }


def test_average_precision_by_hand(scores):
    # Pooled: recall goes by 0.5 at level 102 with precision 4/12, by 0.5 at 51 with precision 8/24.
    # By slice: 1, 0.5 (its tumour is column 1), undefined.
    assert scores["test"]["average_precision"] == pytest.approx({"pooled": 1 / 3, "mean": 0.75})


def test_the_threshold_comes_from_valid_alone(scores, tmp_path):
    # On these test masks level 1 would be best by far.
    other = evaluate(tmp_path, MASKS | {"test": [mask(0, 1)] * 3})
    assert other["threshold"] == scores["threshold"]
    assert other["valid"] == scores["valid"]
    assert other["test"]["at_best"]["pooled"]["dice"] == 24 / 36


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


def test_curve_by_hand(root):
    curve = pd.read_csv(root / "out" / "plots" / "pr_curve.csv")
    assert list(curve.columns) == ["recall", "precision", "threshold", "split"]
    test = curve[curve.split == "test"].reset_index(drop=True)
    # Above level 102 nothing is predicted, so there is no precision.
    assert (test.threshold * 256).tolist() == list(range(103))
    assert test.recall.tolist() == [1.0] * 52 + [0.5] * 51
    assert test.precision.tolist() == pytest.approx([8 / 48] + [8 / 24] * 51 + [4 / 12] * 51)


def test_confusion_by_hand(root):
    table = pd.read_csv(root / "out" / "plots" / "confusion.csv").set_index(["split", "actual", "predicted"])
    assert table.loc["test"].pixels.to_dict() == {
        ("tumor", "tumor"): 4,
        ("tumor", "background"): 4,
        ("background", "tumor"): 8,
        ("background", "background"): 32,
    }
    assert table.loc["test"].share.tolist() == [0.5, 0.5, 0.2, 0.8]
    assert table.loc["valid"].pixels.tolist() == [8, 1, 0, 23]


def test_all_that_is_written_is_the_same_each_time(root, tmp_path):
    evaluate(tmp_path, MASKS)
    first, second = (
        {path.relative_to(base): path.read_bytes() for path in base.rglob("*") if path.is_file()}
        for base in (root / "out", tmp_path / "out")
    )
    assert sorted(map(Path.as_posix, first)) == [
        "plots/confusion.csv",
        "plots/overlays.png",
        "plots/pr_curve.csv",
        "predictions/slices.csv",
        "predictions/test.npy",
        "predictions/valid.npy",
        "scores.json",
    ]
    assert first == second


def test_one_slice_in_valid_and_no_tumour_in_test_are_scored(tmp_path):
    scores = evaluate(tmp_path, MASKS | {"valid": [mask(0)], "test": [mask()] * 2})
    test = scores["test"]
    assert scores["valid"]["at_best"]["pooled"]["dice"] == 1
    assert np.isnan([*test["average_precision"].values(), test["at_best"]["pooled"]["recall"]]).all()
    assert test["at_best"]["pooled"]["fp"] == 8
    assert np.isnan(test["at_half"]["pooled"]["dice"])
    curve = pd.read_csv(tmp_path / "out" / "plots" / "pr_curve.csv")
    assert curve.split.unique().tolist() == ["valid"]


def counts_of(levels: list[int], tumors: list[int]) -> np.ndarray:
    """Counts of one slice of a single row."""
    return count_levels(np.array([[levels]], np.uint8), np.array([[tumors]], np.uint8))


def test_tables_of_a_split_without_tumour():
    counts = {"valid": counts_of([10, 0], [1, 0]), "test": counts_of([10, 0], [0, 0])}
    table = confusion_table(counts, 5)
    assert table.pixels.tolist() == [1, 0, 0, 1, 0, 0, 1, 1]
    np.testing.assert_array_equal(table.share, [1, 0, 0, 1, np.nan, np.nan, 0.5, 0.5])
    assert pr_curve(counts).split.unique().tolist() == ["valid"]


def test_a_summary_counts_a_level_at_its_own_threshold():
    counts = np.concatenate([counts_of([10, 10, 9], [1, 0, 1]), counts_of([0, 0, 0], [0, 0, 0])])
    at_10, at_11 = summarise(counts, 10), summarise(counts, 11)
    assert [at_10["pooled"][name] for name in ("tp", "fp", "fn", "tn")] == [1, 1, 1, 3]
    assert at_10["mean"]["dice"] == 0.5
    assert at_10["undefined"]["dice"] == 1
    assert [at_11["pooled"][name] for name in ("tp", "fp", "fn", "tn")] == [0, 0, 2, 4]


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
