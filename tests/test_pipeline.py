"""The real pipeline, shrunk to seconds, once it has run: what each of the commands that users type reruns."""

import json
import subprocess
from pathlib import Path

import pytest
from support.pipeline import MODELS, commit, copy, dvc, ran


@pytest.fixture(scope="module")
def finished(fresh, tmp_path_factory) -> Path:
    """A clone after its first `dvc repro`, all committed."""
    repo = copy(fresh, tmp_path_factory.mktemp("finished"))
    output = dvc(repo, "repro")
    stages = ["validate", "download", "render_masks", "prepare", "audit", "class_balance"]
    pairs = [f"{stage}@{name}" for stage in ("train", "evaluate") for name in MODELS]
    assert sorted(ran(output)) == sorted([*stages, *pairs, "compare", "report"])
    commit(repo)
    return repo


def test_a_second_repro_has_nothing_to_do(finished):
    output = dvc(finished, "repro")
    assert ran(output) == []
    assert "up to date" in dvc(finished, "status")


def test_git_holds_metrics_and_lock_but_no_data(finished):
    listed = subprocess.run(
        ["git", "ls-files"], cwd=finished, check=True, capture_output=True, text=True
    ).stdout.split()
    assert {
        "dvc.lock",
        "metrics/compare.json",
        "metrics/selected.json",
        "metrics/models/deep_cnn.json",
    } <= set(listed)
    made = [name for name in listed if name.startswith(("data/", "models/", "plots/"))]
    assert sorted(made) == ["data/README.md", "plots/README.md"]


def test_everything_again_gives_the_same_lock(finished, tmp_path):
    repo = copy(finished, tmp_path)
    before = (repo / "dvc.lock").read_bytes()
    dvc(repo, "repro", "--force")
    assert (repo / "dvc.lock").read_bytes() == before


def test_another_model_reruns_the_report_alone_and_metrics_diff_shows_it(finished, tmp_path):
    repo = copy(finished, tmp_path)
    output = dvc(repo, "exp", "run", "-S", "model=deep_cnn")
    assert ran(output) == ["validate", "report"]
    difference = dvc(repo, "metrics", "diff")
    assert "metrics/selected.json" in difference
    assert "test.at_best.pooled.dice" in difference
    selected = json.loads((repo / "metrics/selected.json").read_text())
    assert selected["model"] == "deep_cnn"
    expected = json.loads((repo / "metrics/models/deep_cnn.json").read_text())
    assert {key: selected[key] for key in expected} == expected
    # What has not changed is not in the table, undefined or not, and no sentence widens it.
    assert "metrics/models" not in difference
    assert max(map(len, difference.splitlines())) < 160
    assert selected["statement"][0].startswith("deep_cnn has ")
    audit = json.loads((repo / "metrics/audit.json").read_text())
    assert selected["baselines"]["nearest_mask_dice"] == audit["baselines"]["nearest_mask_dice"]


def test_an_audit_that_finds_nothing_forbidden_retrains_nothing(finished, tmp_path):
    repo = copy(finished, tmp_path)
    output = dvc(repo, "exp", "run", "-S", "audit.fail_on=[label_empty]")
    assert ran(output) == ["validate", "audit"]


def test_an_edit_of_one_model_retrains_that_one(finished, tmp_path):
    repo = copy(finished, tmp_path)
    output = dvc(repo, "exp", "run", "-S", "models.deep_cnn.loss=bce")
    assert ran(output) == ["validate", "train@deep_cnn", "evaluate@deep_cnn", "compare"]


def test_a_model_left_out_is_left_out_of_the_comparison(finished, tmp_path):
    repo = copy(finished, tmp_path)
    output = dvc(repo, "exp", "run", "-S", "~models.deep_cnn")
    assert ran(output) == ["validate", "compare"]
    assert sorted(json.loads((repo / "metrics/compare.json").read_text())) == sorted(MODELS[:2])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model=foo", "error: params.yaml: model: 'foo' is not one of location_prior, simple_cnn, deep_cnn"),
        (
            "train.batch_size=abc",
            "error: params.yaml: train.batch_size: input should be a valid integer, not 'abc'",
        ),
        ("data=foo", "error: params.yaml: data: 'foo' is not one of phantom, kaggle, archive"),
        ("modle=x", "Could not override 'modle'"),
    ],
)
def test_a_bad_value_is_one_line_and_loses_nothing(finished, tmp_path, change, message):
    repo = copy(finished, tmp_path)
    output = dvc(repo, "exp", "run", "-S", change, fails=True)
    assert sum(message in line for line in output.splitlines()) == 1, output
    assert "Traceback" not in output
    assert set(ran(output)) <= {"validate"}
    subprocess.run(["git", "checkout", "--quiet", "params.yaml"], cwd=repo, check=True)
    assert set(ran(dvc(repo, "repro"))) <= {"validate"}


def test_a_copy_of_the_project_runs_its_own_code(finished, tmp_path):
    repo = copy(finished, tmp_path)
    module = repo / "src/tumorseg/report/__init__.py"
    module.write_text(module.read_text(encoding="utf-8") + '\nprint("this is the copy")\n', encoding="utf-8")
    assert "this is the copy" in dvc(repo, "repro", "report")
