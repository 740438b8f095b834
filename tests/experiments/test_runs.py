"""A study and a search on the real pipeline, shrunk to seconds, interrupted and taken up again."""

import json
import signal
import subprocess
from contextlib import chdir
from pathlib import Path

import pandas as pd
import pytest
from dvc import api
from dvc.exceptions import PathMissingError
from dvc.repo import Repo
from support.commands import finish, stages, start, wait_for, wait_until
from support.pipeline import commit, copy

from tumorseg.errors import UserError
from tumorseg.experiments.experiment import experiment
from tumorseg.experiments.machine import machine
from tumorseg.experiments.repository import Repository
from tumorseg.experiments.results import Result
from tumorseg.experiments.search import SearchPlan
from tumorseg.experiments.study import StudyPlan
from tumorseg.experiments.study_file import read_study
from tumorseg.experiments.table import markdown

ARMS = """
question: What does flipping do?
set: {data: phantom, +models.tiny: {architecture: unet, loss: bce_dice, width: 4, depth: 1}}
reference: plain
arms:
  plain: {model: tiny}
  bad: {model: tiny, set: {split.strategy: blocks, split.folds: 100}}  # more folds than groups of slices
  flipped: {model: tiny, set: {augment.vflip: 0.5}}
"""
# The first trial is a run that the study has made: DVC's run cache has its results.
SPACE = """
model: tiny
set: {data: phantom, +models.tiny: {architecture: unet, loss: bce_dice, width: 4, depth: 1}}
trials: 2
seed: 3
space: {augment.vflip: {choice: [0.0, 0.25]}}
"""


@pytest.fixture(scope="module")
def repo(fresh, tmp_path_factory) -> Path:
    """The project with a study and a search, committed."""
    repo = copy(fresh, tmp_path_factory.mktemp("experiments"))
    (repo / "studies/flips.yaml").write_text(ARMS)
    (repo / "studies/look.yaml").write_text(SPACE)
    commit(repo)
    return repo


def experiments(repo: Path) -> dict[str, str]:
    """The commit of each experiment, by name."""
    listed = subprocess.run(
        ["git", "for-each-ref", "--format=%(refname) %(objectname)", "refs/exps"],
        cwd=repo,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    found = dict(line.split() for line in listed if "celery" not in line)
    return {name.split("/")[-1]: commit for name, commit in found.items()}


@pytest.mark.slow
def test_a_study_and_a_search_go_on_after_an_interruption(repo):
    killed = start(repo, "study", "studies/flips.yaml")
    wait_for(killed, "flips-bad: runs")
    wait_until(lambda: bool(stages(repo)))
    killed.kill()
    killed.communicate()
    wait_until(lambda: not stages(repo), 10)  # nothing computes on
    leftovers = list((repo / ".dvc/tmp/exps/standalone").glob("tmp*"))
    assert leftovers
    before = experiments(repo)
    assert list(before) == ["flips-plain"]
    output = finish(start(repo, "study", "studies/flips.yaml", "--jobs", "2"), status=1)
    assert "1 of 3 experiments have been run" in output
    assert "flips-plain: runs" not in output
    assert "flips-bad: failed: error: params.yaml: split.folds: " in output
    assert "flips-flipped: valid Dice 0." in output
    assert experiments(repo)["flips-plain"] == before["flips-plain"]
    assert sorted(experiments(repo)) == ["flips-flipped", "flips-plain"]
    assert not any(folder.exists() for folder in leftovers)
    check_results(repo)
    check_that_results_outlive_their_index(repo)

    stopped = start(repo, "search", "studies/look.yaml")
    wait_for(stopped, "look-1: runs")
    wait_until(lambda: bool(stages(repo)))
    stopped.send_signal(signal.SIGINT)
    finish(stopped, status=130)
    assert not stages(repo)
    assert not list((repo / ".dvc/tmp/exps/standalone").glob("tmp*"))
    output = finish(start(repo, "search", "studies/look.yaml"))
    assert "look-0: runs" not in output
    assert "look-1: valid Dice" in output
    output = finish(start(repo, "search", "studies/look.yaml"))  # nothing is left to do
    assert "runs" not in output
    assert "| trial | valid Dice | `augment.vflip` |" in output
    assert sorted(experiments(repo)) == ["flips-flipped", "flips-plain", "look-0", "look-1"]
    changed = (repo / "studies/look.yaml").read_text().replace("seed: 3", "seed: 4")
    (repo / "studies/look.yaml").write_text(changed)
    output = finish(start(repo, "search", "studies/look.yaml"), status=1)
    assert output.startswith("error: studies/look.yaml: has changed since its first run")


def check_results(repo: Path) -> None:
    file = repo / "docs/results/flips.json"
    assert sorted(file.parent.glob("flips*")) == [file, file.with_suffix(".png")]
    study = json.loads(file.read_text())
    assert study["missing"] == ["bad"]
    plain, flipped = study["arms"]["plain"], study["arms"]["flipped"]
    with chdir(repo):
        wanted = StudyPlan(Path("studies/flips.yaml")).experiments["flipped"]
        scores = Result(wanted, Repository().finished(wanted)).scores
    assert flipped["dice"] == scores.valid.at_best.pooled.dice
    assert flipped["difference"]["pooled"]["difference"] == pytest.approx(flipped["dice"] - plain["dice"])
    assert "difference" not in plain
    assert [each["machine"] for each in study["arms"].values()] == [machine()] * 2
    assert [each["threads"] for each in study["arms"].values()] == [1, 1]
    interval = scores.test.at_best.interval.mean.dice
    assert [flipped["test"][key] for key in ("dice", "mean_dice", "mean_low", "mean_high")] == [
        *(scores.test.at_best.pooled.dice, scores.test.at_best.mean.dice, interval.low, interval.high),
    ]
    for arm in (plain, flipped):  # what is of test is under this key alone, for a reader to leave out
        assert arm.pop("test")["low"] is not None
    assert "test" not in json.dumps(study)
    assert markdown(read_study(file)).count("\n|") == 3  # below the head; there may be a note


def check_that_results_outlive_their_index(repo: Path) -> None:
    """What a kill amid the listing of a commit leaves: the list is there, the file is not in it."""
    with chdir(repo):
        path = Path("studies/flips.yaml")
        plain = StudyPlan(path).experiments["plain"]
        result = Result(plain, Repository().finished(plain))
        whole = result.slices("valid")
        with Repo() as repository:
            kept = [key for key, _ in repository.data_index.iteritems() if key[-1] == "slices.csv"]
            for key in kept:
                repository.data_index.delete_node(key)
            repository.data_index.commit()
        with pytest.raises(PathMissingError):
            api.read("data/predictions/tiny/slices.csv", rev=result.commit)
        again = Result(plain, result.commit)
        pd.testing.assert_frame_equal(again.slices("valid"), whole)


@pytest.fixture
def untouched(repo, tmp_path, monkeypatch) -> Path:
    """A copy of the repository as committed, as the folder that commands run in."""
    again = copy(repo, tmp_path)
    monkeypatch.chdir(again)
    subprocess.run(["git", "checkout", "--quiet", "."], check=True)
    return again


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        ("{model: unet}", "studies/bad.yaml: arms.a: model: 'unet' is not one of"),
        ("{model: tiny, set: {train.lr: -1}}", "arms.a: train.lr: input should be greater than 0, not -1"),
        ("{model: tiny, set: {train.lrr: 1}}", "arms.a: Could not override 'train.lrr'."),
        ("{model: tiny, set: {+models.b: {architecture: vnet}}}", "'vnet' is not one of"),
    ],
)
def test_an_arm_that_params_do_not_take_is_refused_before_anything_runs(untouched, arm, message):
    text = ARMS.split("reference")[0] + f"reference: a\narms: {{a: {arm}}}\n"
    (untouched / "studies/bad.yaml").write_text(text)
    with pytest.raises(UserError) as error:
        StudyPlan(Path("studies/bad.yaml"))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ("{augment.vflip: {float: [0.5, 1.5]}}", "augment.vflip: input should be less than or equal to 1"),
        ("{models.tiny.loss: {choice: [bce, mse, dice]}}", "models.tiny.loss: input should be 'bce'"),
    ],
)
def test_a_search_whose_values_params_do_not_take_is_refused(untouched, space, message):
    path = untouched / "studies/other.yaml"
    path.write_text(SPACE.replace("{augment.vflip: {choice: [0.0, 0.25]}}", space))
    with pytest.raises(UserError, match=r"studies/other.yaml: ") as error:
        SearchPlan(path)
    assert message in str(error.value)


def test_a_data_archive_inside_the_project_is_handed_on(untouched):
    settings = {"data": "archive", "datasets.archive.source.path": "data/some.zip"}
    assert experiment("x", "simple_cnn", settings).copied == ()
    (untouched / "data/some.zip").write_bytes(b"zip")
    wanted = experiment("x", "simple_cnn", settings)
    assert wanted.arguments()[-3:] == ["--copy-paths", "data/some.zip", "evaluate@simple_cnn"]


def test_code_that_is_not_committed_is_not_run(untouched):
    (untouched / "src/tumorseg/new.py").write_text("")
    with pytest.raises(UserError, match=r"src/tumorseg/new.py: not committed"):
        Repository().check_code()


def test_a_lock_file_without_its_data_is_refused_before_hours_are_lost(untouched):
    outs = "[{path: plots/compare, hash: md5, md5: 08b596445b765292410c1a01f5a3de9c.dir}]"
    stage = f"{{cmd: python stages/compare.py, outs: {outs}}}"
    (untouched / "dvc.lock").write_text(f"schema: '2.0'\nstages: {{compare: {stage}}}\n")
    with pytest.raises(UserError, match=r"dvc.lock: plots/compare is not in DVC's cache"):
        Repository().check_cache()
