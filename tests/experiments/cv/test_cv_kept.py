"""Folds that are taken from docs/results, in place of a run."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.folds import first_fold, second_fold

from tumorseg.errors import UserError
from tumorseg.experiments.cv.file import FoldScores
from tumorseg.experiments.cv.kept import kept_folds
from tumorseg.experiments.cv.pool import ROW
from tumorseg.experiments.cv.run import write_results
from tumorseg.experiments.cv.score import FoldResult
from tumorseg.experiments.experiment import Experiment
from tumorseg.experiments.spec import Arm, CrossValidation

SPEC = CrossValidation(
    question="?", strategy="blocks", folds=3, arms={"x": Arm(model="m"), "y": Arm(model="m")}
)


def experiment(name: str, other: int = 0, **changes: Any) -> Experiment:
    """One whose params differ in `changes`, or by `other` in what no score follows from."""
    values = {"data": "d", "datasets": {"d": 1, "e": other}, "models": {"m": 2, "n": other}, "seed": 0}
    values["evaluate"] = {"beta": 1.0} | dict.fromkeys(range(other), 0)
    values |= {"audit": {"fail_on": [other]}, "compute": {"precision": 32, "workers": other}, **changes}
    return Experiment(name, "m", (), values, ())


ARMS = {arm: [experiment(f"cv-{arm}-fold{number}") for number in range(2)] for arm in ("x", "y")}


def results(arm: str) -> list[FoldResult]:
    return [
        FoldResult(
            fold,
            FoldScores(
                **{"experiment": each.name, "slices": len(fold.test), "groups": 1, "left_out": 0},
                **{
                    "dice": 0.5,
                    "low": 0.4,
                    "high": 0.6,
                    "threshold": 0.5,
                    "parameters": 7,
                    "epochs": 3,
                    "best_epoch": 2,
                },
                **{"params": each.digest(), "code": "abc"},
            ),
        )
        for each, fold in zip(ARMS[arm], (first_fold(), second_fold()), strict=True)
    ]


@pytest.fixture
def file(tmp_path) -> Path:
    """Arm x has been run, and of y the first fold."""
    first, _ = results("y")
    write_results(tmp_path / "cv_a.json", SPEC, "d", {"x": results("x"), "y": [first, None]})
    return tmp_path / "cv_a.json"


def test_what_is_kept_gives_the_same_files_again(file):
    values = json.loads(file.read_text())
    assert values["missing"] == {"y": [1]}
    assert [each["experiment"] for each in values["partial"]["y"]] == ["cv-y-fold0"]
    kept = kept_folds(file, ARMS)
    assert list(kept) == ["cv-x-fold0", "cv-x-fold1", "cv-y-fold0"]
    assert kept["cv-y-fold0"].scores == results("y")[0].scores
    before = [path.read_bytes() for path in sorted(file.parent.iterdir())]
    folds = {arm: [kept.get(each.name) for each in experiments] for arm, experiments in ARMS.items()}
    write_results(file, SPEC, "d", folds)
    assert before == [path.read_bytes() for path in sorted(file.parent.iterdir())]
    # With the fold that was missing, both arms have the same scores.
    write_results(file, SPEC, "d", {**folds, "y": [folds["y"][0], results("y")[1]]})
    arms = json.loads(file.read_text())["arms"]
    assert arms["x"]["dice"] == arms["y"]["dice"] == pytest.approx(18 / 28)


@pytest.mark.parametrize("change", [{"seed": 1}, {"compute": {"precision": 16, "workers": 0}}])
def test_a_fold_of_other_params_is_run_anew(file, change):
    other = {"x": [experiment("cv-x-fold0", **change), experiment("cv-x-fold1", other=1)]}
    assert list(kept_folds(file, other)) == ["cv-x-fold1"]


def test_where_there_are_no_results_nothing_is_kept(tmp_path):
    assert kept_folds(tmp_path / "cv_a.json", ARMS) == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop(columns="tn"), "has no column tn"),
        (lambda table: table.assign(fp="many"), "fp: must be whole, 0 or more"),
        (lambda table: table.assign(fn=-1), "fn: must be whole"),
        (lambda table: table.assign(fold=0.5), "fold: must be whole"),
        (lambda table: table.assign(box_iou="high"), "box_iou: must be a number"),
        (lambda table: table[table["as_shipped"] != "valid"], "its rows of cv-x-fold0 are not the 2 slices"),
        (
            lambda table: table.assign(group=range(len(table))),
            "cv-x-fold0 are not the 2 slices in 1 group of",
        ),
    ],
)
def test_rows_that_are_malformed_or_others_are_refused(file, change, message):
    rows = file.with_suffix(".csv")
    change(pd.read_csv(rows, keep_default_na=False)).to_csv(rows, index=False)
    with pytest.raises(UserError) as error:
        kept_folds(file, ARMS)
    line = str(error.value)
    assert line.startswith(f"{rows}: ")
    assert message in line
    assert line.endswith("; leave --keep out to run all folds anew")
    assert "\n" not in line


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00"])
def test_rows_that_cannot_be_read_are_refused(file, content):
    rows = file.with_suffix(".csv")
    rows.unlink()
    if content is not None:
        rows.write_bytes(content)
    with pytest.raises(UserError, match=r"cv_a\.csv.*; leave --keep out"):
        kept_folds(file, ARMS)


def test_every_slice_has_all_that_its_scores_follow_from(file):
    assert list(pd.read_csv(file.with_suffix(".csv"))) == ["arm", "fold", *ROW]
