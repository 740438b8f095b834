"""The real pipeline, shrunk to seconds, once it has run: what each of the commands that users type reruns."""

import json
import subprocess
from pathlib import Path

import pytest
from support.pipeline import GIT, MODELS, commit, copy, dvc, ran

from tumorseg.delivery.check import check_net
from tumorseg.delivery.info import describe


@pytest.fixture(scope="module")
def finished(fresh, tmp_path_factory) -> Path:
    """A clone after its first `dvc repro`, all committed."""
    repo = copy(fresh, tmp_path_factory.mktemp("finished"))
    output = dvc(repo, "repro")
    stages = ["validate", "download", "render_masks", "prepare", "audit", "class_balance"]
    pairs = [f"{stage}@{name}" for stage in ("train", "evaluate") for name in MODELS]
    assert sorted(ran(output)) == sorted([*stages, *pairs, "compare", "report", "deliver"])
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
        "metrics/statement.json",
        "metrics/models/deep_cnn.json",
        "metrics/details/deep_cnn.json",
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
    assert ran(output) == ["validate", "report", "deliver"]
    lines = dvc(repo, "metrics", "diff").splitlines()
    assert {line.split()[0] for line in lines[1:]} == {"metrics/selected.json"}
    assert {"name", "dice", "valid_dice"} <= {line.split()[1] for line in lines[1:]}
    assert len(lines) <= 12
    assert max(map(len, lines)) < 100
    selected = json.loads((repo / "metrics/selected.json").read_text())
    audit = json.loads((repo / "metrics/audit.json").read_text())
    headline = json.loads((repo / "metrics/models/deep_cnn.json").read_text())
    # One number is one number everywhere.
    assert selected == headline | {"copy_dice": audit["baselines"]["nearest_mask_dice"]["pooled"]}
    stated = json.loads((repo / "metrics/statement.json").read_text())
    assert stated["statement"][0].startswith("deep_cnn has ")


def test_the_tables_of_dvc_are_narrow_and_lead_with_what_decides(finished, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    repo = copy(finished, tmp_path)
    shown = json.loads(dvc(repo, "metrics", "show", "--json"))[""]["data"]
    assert list(shown) == ["metrics/selected.json"]
    figures = shown["metrics/selected.json"]["data"]
    assert len(figures) <= 12
    assert not any(isinstance(value, dict) for value in figures.values())
    # A key that a param has too would be shown as `metrics/selected.json:key`.
    dvc(repo, "exp", "run", "-S", "model=deep_cnn")
    table = dvc(repo, "exp", "show", "--only-changed", "--no-pager").splitlines()
    assert table[1][:120].split()[:7] == [
        *("Experiment", "Created", "name", "valid_dice", "dice", "low", "high"),
    ]
    leaderboard = dvc(repo, "metrics", "show", *(f"metrics/models/{name}.json" for name in MODELS))
    assert len(leaderboard.splitlines()) == 1 + len(MODELS)
    assert max(map(len, leaderboard.splitlines())) < 180


def test_a_report_alone_leaves_other_figures_known_as_those_of_other_data(finished, tmp_path):
    repo = copy(finished, tmp_path)
    dvc(repo, "exp", "run", "-S", "split.strategy=similar", "-S", "model=location_prior", "report")
    digests = {}
    for file in ("selected/statement", "compare/models", "compare/slices", "audit/findings"):
        rows = json.loads((repo / f"plots/{file}.json").read_text())
        digests[file] = {(row["split"], row["digest"]) for row in rows}
        assert len(digests[file]) == 1
    assert digests["selected/statement"] == digests["audit/findings"]
    assert digests["compare/models"] == digests["compare/slices"] != digests["audit/findings"]
    assert [split for split, _ in digests["compare/models"]] == ["shipped"]
    dvc(repo, "repro")
    rows = json.loads((repo / "plots/compare/models.json").read_text())
    assert {(row["split"], row["digest"]) for row in rows} == digests["selected/statement"]


def test_an_audit_that_finds_nothing_forbidden_retrains_nothing(finished, tmp_path):
    repo = copy(finished, tmp_path)
    output = dvc(repo, "exp", "run", "-S", "audit.fail_on=[label_empty]")
    assert ran(output) == ["validate", "audit"]


def test_what_is_delivered_is_the_selected_model_and_has_a_name(finished, tmp_path):
    repo = copy(finished, tmp_path)
    about = json.loads((repo / "delivered/model.json").read_text())
    assert about["model"]["name"] == "simple_cnn"
    digest = json.loads((repo / "data/prepared/about.json").read_text())["digest"]
    assert about["prepared"]["digest"] == digest
    out = tmp_path / "got"
    dvc(repo, "remote", "add", "--default", "storage", str(tmp_path / "storage"))
    commit(repo)
    dvc(repo, "push", "deliver")
    subprocess.run([*GIT, "tag", "-am", "x", "tumor-segmentation@v1.0.0"], cwd=repo, check=True)
    dvc(repo, "artifacts", "get", str(repo), "tumor-segmentation", "--rev", "v1.0.0", "--out", str(out))
    assert (out / "SHA256SUMS").read_bytes() == (repo / "delivered/SHA256SUMS").read_bytes()


def test_trained_models_are_joined_compared_and_delivered_without_training(finished, tmp_path):
    repo = copy(finished, tmp_path)
    joined = "+ensembles.both={first: simple_cnn, second: deep_cnn}"
    output = dvc(repo, "exp", "run", "-S", joined, "-S", "model=both")
    assert ran(output) == ["validate", "ensemble@both", "compare", "report", "deliver"]
    board = json.loads((repo / "metrics/compare.json").read_text())["models"]
    assert sorted(board) == sorted([*MODELS, "both"])
    for key in ("parameters", "gflops", "training_pflops"):
        assert board["both"][key] == pytest.approx(board["simple_cnn"][key] + board["deep_cnn"][key])
    assert json.loads((repo / "metrics/selected.json").read_text())["name"] == "both"
    by_torch, by_onnx = list(check_net(repo / "delivered"))[-2:]
    assert by_torch == "torch: the levels of the sample are the same, bit for bit"
    assert by_onnx.startswith("onnx: the levels of the sample are the same")
    assert "mean of simple_cnn (simple_cnn, " in describe(repo / "delivered")
    assert dvc(repo, "status").strip().endswith("up to date.")
    # An ensemble of that ensemble, up to its scores alone: the new model is not scored by itself.
    again = "+ensembles.again={first: both, second: tiny}"
    tiny = "+models.tiny={architecture: unet, loss: bce_dice, width: 4, depth: 1}"
    output = dvc(repo, "exp", "run", "-S", tiny, "-S", again, "ensemble@again")
    assert ran(output) == ["validate", "train@tiny", "ensemble@again"]
    # And back.
    gone = ("-S", "~ensembles.both", "-S", "~ensembles.again", "-S", "~models.tiny")
    dvc(repo, "exp", "run", *gone, "-S", "model=simple_cnn")
    assert sorted(path.name for path in (repo / "data/predictions").iterdir()) == sorted(MODELS)
    assert not (repo / "metrics/details/both.json").exists()


def test_an_edit_of_one_model_retrains_that_one(finished, tmp_path):
    repo = copy(finished, tmp_path)
    output = dvc(repo, "exp", "run", "-S", "models.deep_cnn.loss=bce")
    assert ran(output) == ["validate", "train@deep_cnn", "evaluate@deep_cnn", "compare"]


def test_a_model_left_out_is_left_out_of_the_comparison(finished, tmp_path):
    repo = copy(finished, tmp_path)
    output = dvc(repo, "exp", "run", "-S", "~models.deep_cnn")
    assert ran(output) == ["validate", "compare"]
    assert sorted(json.loads((repo / "metrics/compare.json").read_text())["models"]) == sorted(MODELS[:2])
    for folder in ("metrics/models", "metrics/details", "plots/train", "plots/evaluate", "data/predictions"):
        assert sorted(path.stem for path in (repo / folder).iterdir()) == sorted(MODELS[:2])
    assert dvc(repo, "status").strip().endswith("up to date.")
    # And back.
    subprocess.run(["git", "restore", "."], cwd=repo, check=True)
    dvc(repo, "checkout")
    assert ran(dvc(repo, "repro")) == []
    assert (repo / "metrics/details/deep_cnn.json").is_file()
    # What has been run once is not run again, but nothing stays behind then either.
    dvc(repo, "exp", "run", "-S", "~models.deep_cnn")
    assert not (repo / "metrics/models/deep_cnn.json").exists()


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
