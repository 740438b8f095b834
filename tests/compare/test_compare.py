import json
import shutil
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from support.fourfold import AGREEMENT, DICE, compare, compare_in

from tumorseg.compare.summary import as_text, summarise
from tumorseg.errors import UserError
from tumorseg.figures import PREDICTION
from tumorseg.metrics import METRICS
from tumorseg.reading import read_json
from tumorseg.scores_file import Scores

WRITTEN = [
    *("confusion.csv", "cost.png", "curves.csv", "differences.csv", "differences.png", "leaderboard.csv"),
    *("models.json", "pr_curve.csv", "ranks.png", "reliability.csv", "side_by_side.png", "slices.json"),
    *("suspects.csv", "suspects.png"),
]


def files(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_best_on_valid_first_whatever_test_says_and_ties_as_they_came(compared):
    ranking = ["high", "as_high", "low", "lowest"]
    assert list(compared.board) == ranking
    assert pd.read_csv(compared.plots / "leaderboard.csv").model.unique().tolist() == ranking
    assert [compared.board[name]["valid_dice"] for name in ranking] == [0.75, 0.75, 0.25, 0.125]
    assert [compared.board[name]["test_rank_median"] for name in ranking] == [4, 3, 1, 1]
    assert [compared.board[name]["first_share"] for name in ranking] == [0, 0, 1, 1]


def test_a_row_says_what_the_metrics_file_says_and_what_follows(measured, compared):
    row = dict(compared.board["low"])
    scores = read_json(measured / "details" / "low.json")
    test = scores["test"]
    best, bounds = test["at_best"], test["at_best"]["interval"]
    assert row.pop("verdict")[0].startswith(
        "cannot be told from lowest: Dice 0.85 against 0.85, difference +0.00 ["
    )
    assert row == {
        "parameters": 7,
        "gflops": 0.5,
        "threshold": scores["threshold"],
        "valid_dice": 0.25,
        "test_dice": best["pooled"]["dice"],
        "test_dice_low": bounds["pooled"]["dice"]["low"],
        "test_dice_high": bounds["pooled"]["dice"]["high"],
        "test_dice_mean": best["mean"]["dice"],
        "test_dice_mean_low": bounds["mean"]["dice"]["low"],
        "test_dice_mean_high": bounds["mean"]["dice"]["high"],
        "test_dice_median": best["median"]["dice"],
        "test_iou": best["pooled"]["iou"],
        "test_precision": best["pooled"]["precision"],
        "test_recall": best["pooled"]["recall"],
        "test_average_precision": test["average_precision"]["pooled"],
        "test_dice_at_half": test["at_half"]["pooled"]["dice"],
        "test_nsd_mean": best["mean"]["nsd"],
        "test_hd95_median": best["median"]["hd95"],
        "test_box_hit_rate": best["boxes"]["hit_rate"],
        "test_lesion_recall": best["lesions"]["recall"],
        "test_ece": test["calibration"]["ece"],
        # Three passes of 0.5 GFLOP, 12 train slices, 3 epochs: 54 GFLOP.
        "training_pflops": pytest.approx(54e-6),
        "test_rank_median": 1,
        "first_share": 1,
    }
    assert compared.board["lowest"]["training_pflops"] == 0


def test_the_leaderboard_has_every_metric_both_ways_at_both_thresholds(measured, compared):
    table = pd.read_csv(compared.plots / "leaderboard.csv", dtype={"threshold_from": str})
    groups = table.groupby(["model", "split", "threshold_from", "reduction"]).metric.agg(list)
    assert len(groups) == 4 * 2 * 2 * 2
    assert all(sorted(metrics) == sorted([*METRICS, "average_precision"]) for metrics in groups)
    table = table.set_index(["model", "split", "threshold_from", "reduction", "metric"]).sort_index()
    scores = read_json(measured / "details" / "low.json")
    for key, value in {
        ("valid", "valid", "pooled", "dice"): 0.25,
        ("valid", "valid", "pooled", "recall"): scores["valid"]["at_best"]["pooled"]["recall"],
        ("test", "0.5", "mean", "accuracy"): scores["test"]["at_half"]["mean"]["accuracy"],
        ("valid", "0.5", "mean", "average_precision"): scores["valid"]["average_precision"]["mean"],
    }.items():
        assert table.value[("low", *key)] == value
    for reduction in ("pooled", "mean"):
        bounds = scores["test"]["at_best"]["interval"][reduction]["dice"]
        row = table.loc[("low", "test", "valid", reduction, "dice")]
        assert (row.low, row.high) == (bounds["low"], bounds["high"])
    assert table.low[table.index.get_level_values("threshold_from") == "0.5"].isna().all()


def test_curves_and_tables_are_those_of_each_model_with_its_name(measured, compared):
    for name in ("pr_curve", "confusion", "reliability"):
        whole = pd.read_csv(compared.plots / f"{name}.csv")
        assert whole.model.unique().tolist() == list(compared.board)
        for model in DICE:
            part = whole[whole.model == model].drop(columns="model").reset_index(drop=True)
            pd.testing.assert_frame_equal(part, pd.read_csv(measured / "plots" / model / f"{name}.csv"))
    curves = pd.read_csv(compared.plots / "curves.csv")
    epochs = {"high": 3, "as_high": 3, "low": 3, "lowest": 0}
    assert list(curves.groupby("model", sort=False).epoch.max().items()) == list(epochs.items())
    assert curves.loss.isna().all()  # what learns nothing has none


def test_differences_are_of_every_pair_and_those_of_equal_models_are_nothing(compared):
    table = pd.read_csv(compared.plots / "differences.csv").set_index(["statistic", "model", "other"])
    assert len(table) == 2 * 6
    for statistic in ("pooled", "mean"):
        assert table.loc[(statistic, "low", "lowest")].tolist() == [0, 0, 0, 1, 1]
        row = table.loc[(statistic, "high", "as_high")]
        assert row.difference == pytest.approx(40 / 101 - 80 / 121)
        assert row.high < 0
        # Every slice is alike, so that every draw says the same; but there are only three groups.
        assert row.p == 1 / 4
        assert row.p_holm == 1


def test_the_verdict_is_kept_and_printed_below_a_table_that_fits_a_terminal(compared):
    # Three groups bear no small p, though all of them say the same.
    why = "(corrected for all pairs; the interval is of this pair alone)"
    assert compared.board["high"]["verdict"] == [
        "cannot be told from lowest: Dice 0.40 against 0.85, difference −0.46 [−0.46, −0.46], "
        f"Holm p 1.00 {why}"
    ]
    assert why not in compared.board["low"]["verdict"][0]
    assert compared.board["lowest"]["verdict"] == ["learns nothing: a level to beat"]
    assert all(line in compared.printed for row in compared.board.values() for line in row["verdict"])
    assert all(len(line) <= 100 for line in compared.printed.splitlines()[: len(DICE) + 2])


@pytest.mark.parametrize("names", [["low"], ["lowest"], ["low", "high"]])
def test_every_file_is_there_whatever_the_models(measured, tmp_path, names):
    board = compare(measured, tmp_path, names)
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == WRITTEN
    pairs = pd.read_csv(tmp_path / "plots" / "differences.csv")
    assert len(pairs) == len(names) * (len(names) - 1)
    if names == ["low", "high"]:
        assert board["low"]["verdict"] == ["no baseline to beat: every model of params.yaml learns"]


def test_same_input_same_bytes(measured, compared, tmp_path):
    compare(measured, tmp_path, list(DICE))
    assert files(tmp_path / "plots") == files(compared.plots)


def test_what_models_left_that_are_gone_is_removed_and_told(measured, tmp_path, capsys):
    root, out = tmp_path / "measured", tmp_path / "out"
    shutil.copytree(measured, root)
    (root / "headlines" / "gone.v1.json").touch()
    (root / "details" / "gone.v1.json").write_text("{not even JSON")
    (root / "curves" / "gone.v1.csv").write_bytes(b"\xff")
    (root / "plots" / "gone.v1").mkdir()
    (root / "predictions" / "gone.v1").mkdir()
    (out / "plots").mkdir(parents=True)
    (out / "plots" / "of_an_old_version.csv").touch()
    assert list(compare_in(root, out, ["low", "high"])) == ["high", "low"]
    assert sorted(path.name for path in (out / "plots").iterdir()) == WRITTEN
    written = [path.read_text() for path in (out / "plots").glob("*.csv")]
    assert not any("gone" in text or "undefined" in text for text in written)
    told = "removed what models left that params.yaml no longer has: as_high, gone.v1, lowest\n"
    assert capsys.readouterr().out.startswith(told)
    left = {path.stem for folder in ("headlines", "details", "curves") for path in (root / folder).iterdir()}
    left |= {path.name for folder in ("plots", "predictions") for path in (root / folder).iterdir()}
    assert left == {"low", "high"}


def test_an_ensemble_is_one_more_model_but_has_no_curve_and_no_vote(measured, tmp_path, capsys):
    root = shutil.copytree(measured, tmp_path / "measured")
    for name in DICE:
        scores = read_json(root / "details" / f"{name}.json")
        scores["valid"]["at_best"]["median"]["dice"] = 0.9
        (root / "details" / f"{name}.json").write_text(json.dumps(scores))
    (root / "curves" / "as_high.csv").unlink()
    board = compare_in(root, tmp_path / "out", ["low", "lowest", "high"], as_high=["low", "high"])
    assert list(board) == ["high", "as_high", "low", "lowest"]
    assert "removed" not in capsys.readouterr().out
    assert (root / "predictions" / "as_high" / "test.npy").is_file()
    assert board["as_high"]["verdict"][0].startswith("cannot be told from lowest: Dice 0.66 against 0.85")
    # 54 GFLOP each, as in the row above.
    assert board["as_high"]["training_pflops"] == pytest.approx(108e-6)
    assert "as_high" not in pd.read_csv(tmp_path / "out/plots/curves.csv").model.unique()
    assert "as_high" in pd.read_csv(tmp_path / "out/plots/pr_curve.csv").model.unique()
    rows = {row["model"]: row for row in read_json(tmp_path / "out/plots/models.json")}
    assert rows["as_high"]["learns"]
    # Of the three that learn, the two that it is made of.
    assert read_json(tmp_path / "out/compare.json")["suspects"]["voters"] == 2


def test_a_model_without_scores_leaves_the_old_comparison(measured, tmp_path):
    compare(measured, tmp_path, ["low"])
    before = files(tmp_path)
    with pytest.raises(UserError, match=r"missing\.json: not found; run dvc repro .*evaluate@missing \("):
        compare(measured, tmp_path, ["low", "missing"])
    assert files(tmp_path) == before


def test_predictions_are_outlined_from_the_threshold_on(measured, tmp_path):
    root = tmp_path / "measured"
    shutil.copytree(measured, root)
    scores = root / "details" / "low.json"
    scores.write_text(json.dumps(read_json(scores) | {"threshold": 0.5}))
    path, pictures = root / "predictions" / "low" / "test.npy", []
    for step in (127, 128):
        quantised = np.zeros_like(np.load(path))
        quantised[:, 4:28, 4:28] = step
        np.save(path, quantised)
        compare(root, tmp_path / "out", ["low"])
        pixels = matplotlib.image.imread(tmp_path / "out" / "plots" / "side_by_side.png")[..., :3]
        pictures.append(np.isclose(pixels, to_rgb(PREDICTION), atol=1 / 255).all(axis=-1).sum())
    assert pictures[1] > 10 * pictures[0] > 0  # the legend alone, and outlines


def test_dice_of_each_class_is_told_where_there_are_classes(measured, compared):
    result = read_json(measured / "details" / "high.json")
    assert "test_class_dice" not in summarise(Scores.model_validate(result))
    interval = {"dice": {"low": 0.1, "high": 0.9}}
    of = {
        name: {"pooled": {"dice": dice}, "interval": interval}
        for name, dice in (("glioma", 0.25), ("other", 0.75))
    }
    result["test"]["classes"] = {"of": of, "mean_dice": {"value": 0.5}, "confusion": {}}
    row = summarise(Scores.model_validate(result))
    assert row["test_class_dice"] == {"glioma": 0.25, "other": 0.75}
    assert row["test_class_dice_mean"] == 0.5
    table = as_text({"high": compared.board["high"] | row}, AGREEMENT)
    assert "Dice glioma" in table
    assert "0.750" in table
    assert "Dice glioma" not in compared.printed
