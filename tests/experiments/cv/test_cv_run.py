"""A cross-validation on the real pipeline, shrunk to seconds."""

import json
import subprocess
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.commands import finish, start
from support.pipeline import commit, copy

from tumorseg.experiments.cv.plan import CrossValidationPlan
from tumorseg.experiments.cv.pool import SLICE
from tumorseg.experiments.repository import Repository
from tumorseg.experiments.results import Result
from tumorseg.metrics import mean_defined, ratio

FILE = Path("studies/cv_tiny.yaml")
TEXT = """
question: How good is a tiny net?
strategy: blocks
folds: 3
set:
  data: phantom
  datasets.phantom.blocks: {size: 3, gap: 1}
  +models.tiny: {architecture: unet, loss: bce_dice, width: 4, depth: 1}
arms:
  prior: {model: location_prior}
  tiny: {model: tiny}
"""
SLICES = 24  # of the shrunk phantom


@pytest.fixture(scope="module")
def repo(fresh, tmp_path_factory) -> Path:
    """The project with a cross-validation, committed."""
    repo = copy(fresh, tmp_path_factory.mktemp("cross-validation"))
    (repo / FILE).write_text(TEXT)
    commit(repo)
    return repo


@pytest.mark.slow
def test_all_slices_are_scored_by_nets_that_have_not_seen_them(repo):
    output = finish(start(repo, "cv", str(FILE), "prior"))
    assert "docs/results/cv_tiny.json: 1 of 2 arms" in output
    first = json.loads((repo / "docs/results/cv_tiny.json").read_text())
    assert first["missing"] == {"tiny": [0, 1, 2]}
    assert first["pairs"] == []

    output = finish(start(repo, "cv", str(FILE), "--jobs", "2"))
    assert "3 of 6 experiments have been run" in output
    assert "cv_tiny-prior-fold0: runs" not in output
    results = json.loads((repo / "docs/results/cv_tiny.json").read_text())
    assert results["arms"]["prior"] == first["arms"]["prior"]
    assert results["missing"] == {}
    check_scores(repo, results)

    before = {path: path.read_bytes() for path in (repo / "docs/results").glob("cv_tiny*")}
    assert {path.suffix for path in before} == {".json", ".csv", ".png"}
    output = finish(start(repo, "cv", str(FILE)))  # nothing is left to do
    assert "runs" not in output
    assert before == {path: path.read_bytes() for path in before}
    printed = finish(start(repo, "table", "docs/results/cv_tiny.json"))
    assert f"All {SLICES} slices of `phantom`, in 9 groups, dealt into 3 folds by `blocks`" in printed
    assert "slices are left out, as too near another split" in printed
    check_misses(repo)

    check_kept(repo, before)  # what has been run at this commit is not missed
    (repo / "README.md").write_text("Another commit\n")
    commit(repo)
    check_kept(repo, before)


def check_kept(repo: Path, before: dict[Path, bytes]) -> None:
    """All folds are taken from docs/results, and nothing more is said of them."""
    output = finish(start(repo, "cv", str(FILE), "--keep"))
    assert "6 folds kept as docs/results/cv_tiny.json has them" in output
    assert "runs" not in output
    assert "is not here" not in output
    assert before == {path: path.read_bytes() for path in before}


def check_misses(repo: Path) -> None:
    """The slices of an arm with their facts are those that were scored, and other folders are left alone."""
    printed = finish(start(repo, "misses", str(FILE), "tiny"))
    every = pd.read_csv(repo / "docs/results/cv_tiny.csv", dtype={"file": str})
    every = every[(every["arm"] == "tiny") & (every["tp"] + every["fn"] > 0)].reset_index(drop=True)
    table = pd.read_csv(repo / "misses/slices.csv", dtype={"file": str})
    same = [*SLICE, "fold", "group", "tp", "fp", "fn"]
    pd.testing.assert_frame_equal(table[same], every[same])
    size = (table["tp"] + table["fn"]) / table["size"]  # pixels of a slice
    assert size.to_numpy() == pytest.approx(size[0], rel=1e-3)
    assert table["likeness"].between(-1, 0.995).all()
    assert printed.startswith(f"{len(table)} annotated slices, {table['group'].nunique()} groups, of `tiny`")
    assert (repo / "misses/misses.md").read_text().strip() in printed
    assert (repo / "misses/misses.png").read_bytes().startswith(b"\x89PNG")
    assert "not one of its arms: prior, tiny" in finish(start(repo, "misses", str(FILE), "large"), 1)
    assert "docs: holds something other" in finish(start(repo, "misses", str(FILE), "tiny", "-o", "docs"), 1)


def check_scores(repo: Path, results: dict) -> None:
    """What the file says is what the folds' own files add up to."""
    with chdir(repo):
        folds = CrossValidationPlan(FILE).arms["tiny"]
        done = [Result(each, Repository().finished(each)) for each in folds]
        details = [
            json.loads(subprocess.check_output(["git", "show", f"{each.commit}:metrics/details/tiny.json"]))
            for each in done
        ]
        prepared = [each.prepared() for each in done]
    tiny, table = results["arms"]["tiny"], pd.read_csv(repo / "docs/results/cv_tiny.csv", dtype={"file": str})
    # Each fold at its own threshold.
    assert [each["threshold"] for each in tiny["folds"]] == [each["threshold"] for each in details]
    tp, fp, fn = (
        sum(each["test"]["at_best"]["pooled"][key] for each in details) for key in ("tp", "fp", "fn")
    )
    assert tiny["dice"] == pytest.approx(float(ratio(2 * tp, 2 * tp + fp + fn)))
    # Every slice once an arm, none that is left out in a fold is lost, and no group is parted.
    assert results["slices"] == SLICES
    assert set(table.groupby(SLICE)["arm"].agg(tuple)) == {("prior", "tiny")}
    assert len(table) == 2 * SLICES
    left_out = [int(each["split"].isna().sum()) for each in prepared]
    assert [each["left_out"] for each in tiny["folds"]] == left_out
    assert sum(left_out) > 0
    assert sum(each["slices"] for each in tiny["folds"]) == SLICES
    assert (table.groupby("group")["fold"].nunique() == 1).all()
    rows = table[table["arm"] == "tiny"]
    assert tiny["mean_dice"] == pytest.approx(float(mean_defined(rows["dice"].to_numpy())), abs=1e-6)
    assert rows[["tp", "fp", "fn"]].sum().tolist() == [tp, fp, fn]
    (pair,) = results["pairs"]
    assert (pair["arm"], pair["other"]) == ("prior", "tiny")
    expected = results["arms"]["prior"]["dice"] - tiny["dice"]
    assert np.isclose(pair["pooled"]["difference"], expected)
