"""The real pipeline, shrunk to seconds, where nothing has run yet: runs other than the plain first one."""

import json

from support.pipeline import MODELS, copy, dvc, ran


def test_classes_go_through_the_whole_pipeline(fresh, tmp_path):
    repo = copy(fresh, tmp_path)
    mapping = '+datasets.phantom.tumor_categories={glioma: ["0"], other: ["1"]}'
    output = dvc(repo, "exp", "run", "-S", "~datasets.phantom.tumor_categories", "-S", mapping)
    assert "grey levels: glioma 127, other 255" in output
    scores = {name: json.loads((repo / f"metrics/details/{name}.json").read_text()) for name in MODELS}
    board = json.loads((repo / "metrics/compare.json").read_text())["models"]
    for name, result in scores.items():
        assert list(result["test"]["classes"]["of"]) == ["glioma", "other"]
        assert list(board[name]["test_class_dice"]) == ["glioma", "other"]
        about = json.loads((repo / "models" / name / "model.json").read_text())
        assert about["classes"] == ["glioma", "other"]
    balance = json.loads((repo / "metrics/class_balance.json").read_text())
    assert all(0 < share < 1 for share in balance["all"]["classes"].values())
    stated = json.loads((repo / "metrics/statement.json").read_text())
    assert stated["statement"][1].startswith("Class by class it has ")
    output = dvc(repo, "exp", "run", "-S", 'datasets.phantom.tumor_categories.other=["9"]', fails=True)
    assert "error: tumor_categories: the annotations have no category '9'; they have '0', '1', " in output
    assert "Traceback" not in output


def test_a_finding_that_must_not_be_stops_before_training(fresh, tmp_path):
    repo = copy(fresh, tmp_path)
    output = dvc(repo, "exp", "run", "-S", "audit.fail_on=[siblings_test]", "train@simple_cnn", fails=True)
    message = (
        "error: params.yaml: audit.fail_on: found siblings_test (see metrics/audit.json); change split.s"
    )
    assert sum(line.startswith(message) for line in output.splitlines()) == 1, output
    assert "Traceback" not in output
    assert "audit" in ran(output)
    assert "train@simple_cnn" not in ran(output)
    assert "siblings_test" in json.loads((repo / "metrics/audit.json").read_text())["findings"]
    assert (repo / "plots/audit/facts.png").is_file()
    assert not (repo / "data/audit.ok").exists()


def test_without_a_cache_a_report_trains_only_its_own_model(fresh, tmp_path):
    repo = copy(fresh, tmp_path)
    output = dvc(repo, "exp", "run", "-S", "model=deep_cnn", "report")
    trained = [stage for stage in ran(output) if stage.startswith(("train", "evaluate", "compare"))]
    assert trained == ["train@deep_cnn", "evaluate@deep_cnn"]
    assert json.loads((repo / "metrics/selected.json").read_text())["name"] == "deep_cnn"
