"""A study and a search on the real pipeline, shrunk to seconds, killed and taken up again."""

import json
import os
import signal
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pandas as pd
import psutil
import pytest
from dvc import api
from dvc.exceptions import PathMissingError
from dvc.repo import Repo
from support.pipeline import commit, copy

from tumorseg.errors import UserError
from tumorseg.experiments.experiment import experiment
from tumorseg.experiments.queue import Queue
from tumorseg.experiments.results import Result
from tumorseg.experiments.search import History
from tumorseg.experiments.spec import Search, Study, read_spec
from tumorseg.experiments.study import plan

ARMS = """
question: What does flipping do?
set: {data: phantom, +models.tiny: {architecture: unet, loss: bce_dice, width: 4, depth: 1}}
reference: plain
arms:
  plain: {model: tiny}
  bad: {model: tiny, set: {split.strategy: blocks, split.folds: 100}}  # more folds than groups of slices
  flipped: {model: tiny, set: {augment.vflip: 0.5}}
"""
# The trials are runs that the study has made: DVC's run cache has their results.
SPACE = """
model: tiny
set: {data: phantom, +models.tiny: {architecture: unet, loss: bce_dice, width: 4, depth: 1}}
trials: 2
seed: 3
space: {augment.vflip: {choice: [0.0, 0.5]}}
"""


def start(repo: Path, *words: str) -> subprocess.Popen:
    source = {"PYTHONPATH": str(repo / "src"), "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    author = {f"GIT_{who}_{what}": "t@t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=repo,
        env=os.environ | source | author,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def kill_after(repo: Path, line: str, *words: str) -> None:
    """Kill a command once it has printed `line`, and every process of DVC's queue: a power cut."""
    process = start(repo, *words)
    seen = []
    for text in process.stdout:
        seen.append(text)
        if line in text:
            break
    else:
        pytest.fail("".join(seen))
    process.kill()
    process.wait()
    for other in psutil.process_iter():
        try:
            if other.cwd().startswith(str(repo)):
                other.send_signal(signal.SIGKILL)
        except psutil.Error:
            continue


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


def test_a_study_and_a_search_go_on_after_a_power_cut(repo):
    study = ("tumorseg.experiments.study", "studies/flips.yaml")
    kill_after(repo, "flips-plain: valid Dice", *study)
    before = experiments(repo)
    assert list(before) == ["flips-plain"]
    process = start(repo, *study, "--jobs", "2")
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 1, output
    assert "1 of 3 arms have been run" in output
    assert "flips-bad: failed: error: params.yaml: split.folds: " in output
    assert "flips-flipped: valid Dice 0." in output
    assert experiments(repo)["flips-plain"] == before["flips-plain"]
    assert sorted(experiments(repo)) == ["flips-flipped", "flips-plain"]
    check_results(repo / "docs/results/flips")
    check_that_results_outlive_their_index(repo)

    search = ("tumorseg.experiments.search", "studies/look.yaml")
    kill_after(repo, "look-0: valid Dice", *search)
    for _ in range(2):  # the second call has nothing left to do
        process = start(repo, *search)
        output, _ = process.communicate(timeout=600)
        assert process.returncode == 0, output
        assert "look-0: queued" not in output
        assert "| trial | valid Dice | `augment.vflip` |" in output
    assert "queued" not in output
    assert sorted(experiments(repo)) == ["flips-flipped", "flips-plain", "look-0", "look-1"]
    changed = (repo / "studies/look.yaml").read_text().replace("seed: 3", "seed: 4")
    (repo / "studies/look.yaml").write_text(changed)
    output, _ = start(repo, *search).communicate(timeout=600)
    assert output.startswith("error: studies/look.yaml: has changed since its first trial")


def check_results(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        *("differences.png", "flipped.json", "plain.json", "study.json"),
    ]
    study = json.loads((folder / "study.json").read_text())
    assert study["missing"] == ["bad"]
    arm, metrics = study["arms"]["flipped"], json.loads((folder / "flipped.json").read_text())
    assert arm["dice"] == metrics["valid"]["at_best"]["pooled"]["dice"]
    base = study["arms"]["plain"]["dice"]
    assert arm["difference"]["pooled"]["difference"] == pytest.approx(arm["dice"] - base)
    assert study["arms"]["plain"]["difference"] is None
    assert "test" not in json.dumps(study)


def check_that_results_outlive_their_index(repo: Path) -> None:
    """What a kill amid the listing of a commit leaves: the list is there, the file is not in it."""
    with chdir(repo):
        path = Path("studies/flips.yaml")
        plain = plan(path, read_spec(path, Study))["plain"]
        result = Result(plain, Queue(1).finished(plain))
        whole = result.valid_slices()
        with Repo() as dvc:
            kept = [key for key, _ in dvc.data_index.iteritems() if key[-1] == "slices.csv"]
            for key in kept:
                dvc.data_index.delete_node(key)
            dvc.data_index.commit()
        with pytest.raises(PathMissingError):
            api.read("data/predictions/tiny/slices.csv", rev=result.commit)
        pd.testing.assert_frame_equal(result.valid_slices(), whole)


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
    path = Path("studies/bad.yaml")
    with pytest.raises(UserError) as error:
        plan(path, read_spec(path, Study))
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
    path.write_text(SPACE.replace("{augment.vflip: {choice: [0.0, 0.5]}}", space))
    with pytest.raises(UserError, match=r"studies/other.yaml: ") as error:
        History(path, read_spec(path, Search))
    assert message in str(error.value)
    assert not (untouched / ".work/search/other.db").exists()


def test_a_data_archive_inside_the_project_is_handed_to_the_queue(untouched):
    settings = {"data": "archive", "datasets.archive.source.path": "data/some.zip"}
    assert experiment("x", "simple_cnn", settings).copied == ()
    (untouched / "data/some.zip").write_bytes(b"zip")
    wanted = experiment("x", "simple_cnn", settings)
    assert wanted.arguments()[-3:] == ["--copy-paths", "data/some.zip", "evaluate@simple_cnn"]


def test_code_that_is_not_committed_is_not_run(untouched):
    (untouched / "src/tumorseg/new.py").write_text("")
    with pytest.raises(UserError, match=r"src/tumorseg/new.py: not committed"):
        Queue(1).add(experiment("x", "simple_cnn", {}))


def test_a_lock_file_without_its_data_is_refused_before_hours_are_lost(untouched):
    outs = "[{path: plots/compare, md5: 08b596445b765292410c1a01f5a3de9c.dir}]"
    (untouched / "dvc.lock").write_text(f"schema: '2.0'\nstages: {{compare: {{outs: {outs}}}}}\n")
    with pytest.raises(UserError, match=r"dvc.lock: plots/compare is not in DVC's cache"):
        Queue(1).add(experiment("x", "simple_cnn", {}))
