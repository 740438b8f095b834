"""What becomes of runs that fail, are refused, are not pushed or are removed: queue, Git and exit status."""

import subprocess
from pathlib import Path

import pytest
from optuna.trial import TrialState
from support.committing import Committing, git, repository
from support.pipeline import copy

from tumorseg.errors import UserError
from tumorseg.experiments import worker
from tumorseg.experiments.experiment import Experiment
from tumorseg.experiments.listed import ListedPlan, run_listed
from tumorseg.experiments.search import SearchPlan, run_search
from tumorseg.experiments.trials import Trials, default_storage
from tumorseg.experiments.worker import Options, Worker

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
# With this seed the first trial draws true and 0, which params.yaml does not take together.
SPACE = """
model: unet
trials: 3
seed: 4
space: {evaluate.valid_votes: {choice: [false, true]}, evaluate.neighbors: {choice: [0, 8]}}
"""
SEEDS = "{model: unet, trials: 3, seed: 0, space: {seed: {int: [1, 900]}}}"


@pytest.fixture(scope="module")
def committed(root, tmp_path_factory) -> Path:
    """A repository that nobody works in."""
    return repository(tmp_path_factory.mktemp("committed") / "repo", root / "params.yaml")


@pytest.fixture
def repo(committed, tmp_path, monkeypatch) -> Path:
    """A copy of it, as the folder that commands run in, whose experiments take no time."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "test")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "test@example.org")
    folder = copy(committed, tmp_path)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(worker, "Runner", Committing)
    monkeypatch.setattr(worker, "PUSHES", (0,))
    for name, value in {"fails": set(), "first": {}, "ran": []}.items():
        monkeypatch.setattr(Committing, name, value, raising=False)
    return folder


def search(name: str, text: str) -> Path:
    path = Path("studies") / f"{name}.yaml"
    path.write_text(text)
    return path


def queue(path: Path) -> Trials:
    plan, commit = SearchPlan(path), git("rev-parse", "HEAD")
    return Trials(plan, commit, default_storage(plan, commit))


def test_values_that_do_not_fit_together_fail_their_trial_and_no_other(repo, capsys):
    path = search("combo", SPACE)
    assert run_search(path, None, Options()) == 0
    trials = queue(path).current()
    assert trials["combo-0"].params == {"evaluate.valid_votes": True, "evaluate.neighbors": 0}
    states = [trial.state for trial in trials.values()]
    assert states == [TrialState.FAIL, TrialState.COMPLETE, TrialState.COMPLETE]
    assert Committing.ran == ["combo-1", "combo-2"]
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("combo-0: failed: studies/combo.yaml: evaluate.valid_votes: nobody is asked")


def test_a_search_of_which_nothing_succeeds_stops_at_once(repo):
    Committing.fails = {"x-0", "x-1", "x-2"}
    with pytest.raises(UserError, match=r"studies/x.yaml: no trial has succeeded so far"):
        run_search(search("x", SEEDS), None, Options())
    assert Committing.ran == ["x-0"]


def test_a_search_goes_on_where_one_fails_and_another_that_runs_beside_it_succeeds(repo, capsys):
    path = search("x", SEEDS)
    Committing.fails, Committing.first = {"x-0"}, {"x-1": "x-0"}
    Committing.trials = Worker(SearchPlan(path), Options()).trials
    assert run_search(path, None, Options(jobs=2)) == 0
    assert sorted(Committing.ran) == ["x-0", "x-1", "x-2"]
    assert "| 2 | 0.500 |" in capsys.readouterr().out


@pytest.mark.slow
def test_what_was_not_pushed_is_pushed_by_the_same_command(repo, capsys):
    subprocess.run(["git", "clone", "--quiet", "--bare", ".", "../hub"], check=True)
    git("remote", "add", "origin", "../hub")
    commit, path = git("rev-parse", "HEAD"), search("x", SEEDS)
    place = f"refs/exps/{commit[:2]}/{commit[2:]}/x-0"
    git("--git-dir=../hub", "update-ref", f"{place}/in_the_way", commit)  # so that the hub takes no x-0
    assert run_search(path, None, Options(remote="origin")) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("x-0: has been run, but not pushed: ")
    assert printed.err.endswith("; the same command pushes it\n")
    assert printed.out.count("valid Dice 0.500") == 2  # it is no sign that nothing can succeed
    values = queue(path).current()["x-0"].params
    git("--git-dir=../hub", "update-ref", "-d", f"{place}/in_the_way")

    assert run_search(path, None, Options(remote="origin")) == 0
    assert "| 0 | 0.500 |" in capsys.readouterr().out
    assert queue(path).current()["x-0"].params == values
    assert Committing.ran == ["x-0", "x-1", "x-2"]
    assert git("--git-dir=../hub", "rev-parse", place) == git("rev-parse", place)


def arms() -> ListedPlan:
    values = {"seed": 0}
    runs = [Experiment(f"arms-{arm}", "unet", (), values, ()) for arm in "ab"]
    return ListedPlan(Path("studies/arms.yaml"), {}, runs)


def test_an_experiment_that_was_removed_is_run_again(repo, capsys):
    plan = arms()
    assert run_listed(plan, plan.runs, Options())[0] == 0
    status, results = run_listed(plan, plan.runs, Options())
    assert (status, [*results], Committing.ran) == (0, plan.runs, plan.runs)
    commit = git("rev-parse", "HEAD")
    git("update-ref", "-d", f"refs/exps/{commit[:2]}/{commit[2:]}/arms-b")
    status, results = run_listed(plan, plan.runs, Options())
    assert (status, [*results], Committing.ran) == (0, plan.runs, [*plan.runs, "arms-b"])
    assert "not here" not in capsys.readouterr().out


def test_an_experiment_that_is_in_another_clone_is_a_failure_that_says_so(repo, monkeypatch, capsys):
    plan, place = arms(), Options(storage=f"sqlite:///{repo}/queue.db")
    assert run_listed(plan, ["arms-b"], place)[0] == 0
    subprocess.run(["git", "clone", "--quiet", ".", "../other"], check=True)
    monkeypatch.chdir(repo.parent / "other")
    status, results = run_listed(plan, plan.runs, place)
    assert (status, [*results]) == (1, ["arms-a"])
    assert f"arms-b: was run in {worker.clone()[:-5]}repo and is not here" in capsys.readouterr().out
    assert run_listed(plan, ["arms-a"], place)[0] == 0  # it is not asked for
