import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from test_training import recipe

from tumorseg.compare import compare_models
from tumorseg.evaluation import evaluate_model
from tumorseg.metrics import METRICS
from tumorseg.training import train_model

DICE = {"low": 0.25, "lowest": 0.125, "high": 0.75, "as_high": 0.75}


@pytest.fixture(scope="module")
def measured(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluated model under four names; valid Dice differs as DICE says, test Dice the other way."""
    root = tmp_path_factory.mktemp("measured")
    train_model(recipe("location_prior"), prepared, root / "model", root / "curves.csv", root / "work")
    evaluate_model(
        root / "model",
        prepared,
        accelerator="cpu",
        predictions=root / "predictions",
        metrics=root / "scores.json",
        plots=root / "evaluated",
    )
    scores, curves = json.loads((root / "scores.json").read_text()), pd.read_csv(root / "curves.csv")
    for folder in ("metrics", "curves"):
        (root / folder).mkdir()
    for name, dice in DICE.items():
        scores["valid"]["at_best"]["pooled"]["dice"] = dice
        scores["test"]["at_best"]["pooled"]["dice"] = 1 - dice
        (root / "metrics" / f"{name}.json").write_text(json.dumps(scores))
        curves.assign(model=name).to_csv(root / "curves" / f"{name}.csv", index=False)
        shutil.copytree(root / "evaluated", root / "plots" / name)
    return root


def compare(root: Path, out: Path, names: list[str]) -> dict:
    """Compare the models into `out`; the scores."""
    compare_models(
        names,
        metrics=root / "metrics",
        curves=root / "curves",
        evaluated=root / "plots",
        out=out / "compare.json",
        plots=out / "plots",
    )
    return json.loads((out / "compare.json").read_text())


def test_best_on_valid_first_whatever_test_says_and_ties_as_they_came(measured, tmp_path):
    board = compare(measured, tmp_path, list(DICE))
    ranking = ["high", "as_high", "low", "lowest"]
    assert list(board) == ranking
    assert pd.read_csv(tmp_path / "plots" / "leaderboard.csv").model.unique().tolist() == ranking
    assert [board[name]["valid_dice"] for name in ranking] == [0.75, 0.75, 0.25, 0.125]
    assert [board[name]["test_dice"] for name in ranking] == [0.25, 0.25, 0.75, 0.875]


def test_a_row_says_what_the_metrics_file_says(measured, tmp_path):
    row = compare(measured, tmp_path, ["low"])["low"]
    scores = json.loads((measured / "metrics" / "low.json").read_text())
    test = scores["test"]
    assert row == {
        "parameters": 0,
        "threshold": scores["threshold"],
        "valid_dice": scores["valid"]["at_best"]["pooled"]["dice"],
        "test_dice": 0.75,
        "test_dice_mean": test["at_best"]["mean"]["dice"],
        "test_iou": test["at_best"]["pooled"]["iou"],
        "test_precision": test["at_best"]["pooled"]["precision"],
        "test_recall": test["at_best"]["pooled"]["recall"],
        "test_average_precision": test["average_precision"]["pooled"],
        "test_dice_at_half": test["at_half"]["pooled"]["dice"],
    }


def test_the_leaderboard_has_every_metric_both_ways_at_both_thresholds(measured, tmp_path):
    compare(measured, tmp_path, ["low", "high"])
    table = pd.read_csv(tmp_path / "plots" / "leaderboard.csv", dtype={"threshold_from": str})
    groups = table.groupby(["model", "split", "threshold_from", "reduction"]).metric.agg(list)
    assert len(groups) == 2 * 2 * 2 * 2
    assert all(sorted(metrics) == sorted([*METRICS, "average_precision"]) for metrics in groups)
    values = table.set_index(["model", "split", "threshold_from", "reduction", "metric"]).value
    scores = json.loads((measured / "metrics" / "low.json").read_text())
    for key, value in {
        ("test", "valid", "pooled", "dice"): 0.75,
        ("valid", "valid", "pooled", "recall"): scores["valid"]["at_best"]["pooled"]["recall"],
        ("test", "0.5", "mean", "accuracy"): scores["test"]["at_half"]["mean"]["accuracy"],
        ("valid", "0.5", "mean", "average_precision"): scores["valid"]["average_precision"]["mean"],
    }.items():
        assert values[("low", *key)] == value


def test_curves_and_tables_are_those_of_each_model_with_its_name(measured, tmp_path):
    names = ["low", "high"]
    compare(measured, tmp_path, names)
    for name in ("pr_curve", "confusion"):
        whole = pd.read_csv(tmp_path / "plots" / f"{name}.csv")
        assert whole.model.unique().tolist() == names
        for model in names:
            part = whole[whole.model == model].drop(columns="model").reset_index(drop=True)
            pd.testing.assert_frame_equal(part, pd.read_csv(measured / "plots" / model / f"{name}.csv"))
    curves = pd.read_csv(tmp_path / "plots" / "curves.csv")
    assert curves[["model", "split", "epoch"]].values.tolist() == [[model, "valid", 0] for model in names]
    assert curves.loss.isna().all()  # what learns nothing has none


def test_what_lies_beside_the_models_named_is_not_read(measured, tmp_path):
    root, out = tmp_path / "measured", tmp_path / "out"
    shutil.copytree(measured, root)
    (root / "metrics" / "gone.json").write_text("{not even JSON")
    (root / "curves" / "gone.csv").write_bytes(b"\xff")
    (root / "plots" / "gone").mkdir()
    (out / "plots").mkdir(parents=True)
    (out / "plots" / "of_an_old_version.csv").touch()
    assert list(compare(root, out, ["low", "high"])) == ["high", "low"]
    written = {path.name: path.read_text() for path in (out / "plots").iterdir()}
    assert sorted(written) == ["confusion.csv", "curves.csv", "leaderboard.csv", "pr_curve.csv"]
    assert not any("gone" in text or "undefined" in text for text in written.values())


def test_a_model_without_scores_leaves_the_old_comparison(measured, tmp_path):
    compare(measured, tmp_path, ["low"])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(FileNotFoundError, match=r"missing\.json"):
        compare(measured, tmp_path, ["low", "missing"])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
