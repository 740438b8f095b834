import json
from pathlib import Path

import pytest

from tumorseg.report import report_model

SCORES = {
    "parameters": 7,
    "epoch": 3,
    "threshold": 0.25,
    "test": {"at_best": {"pooled": {"dice": 0.7125}}, "average_precision": {"pooled": float("nan")}},
}


@pytest.fixture
def evaluated(tmp_path: Path) -> Path:
    """A root with the scores and plots of model `deep`."""
    (tmp_path / "deep").mkdir()
    for name in ("pr_curve.csv", "overlays.png"):
        (tmp_path / "deep" / name).write_bytes(name.encode())
    (tmp_path / "deep.json").write_text(json.dumps(SCORES))
    return tmp_path


def report(root: Path) -> None:
    out = root / "out"
    report_model("deep", root / "deep.json", root / "deep", out / "selected.json", out / "plots")


def test_the_name_then_the_scores_as_they_were(evaluated, capsys):
    report(evaluated)
    selected = json.loads((evaluated / "out" / "selected.json").read_text())
    assert list(selected) == ["model", *SCORES]
    assert selected["model"] == "deep"
    # NaN is not equal to itself; its text is.
    assert json.dumps({k: v for k, v in selected.items() if k != "model"}) == json.dumps(SCORES)
    assert capsys.readouterr().out == "selected: deep, test Dice 0.713 pooled at threshold 0.250\n"


def test_plots_are_those_of_the_model_and_no_others(evaluated):
    plots = evaluated / "out" / "plots"
    plots.mkdir(parents=True)
    (plots / "of_another_model.png").touch()
    report(evaluated)
    assert {path.name: path.read_bytes() for path in plots.iterdir()} == {
        "pr_curve.csv": b"pr_curve.csv",
        "overlays.png": b"overlays.png",
    }
    assert sorted(path.name for path in plots.parent.iterdir()) == ["plots", "selected.json"]


def test_plots_that_are_links_into_a_cache_become_files(evaluated):
    # DVC may link its outputs into its cache, read-only; a copy of the link would break with it.
    cached = evaluated / "cached"
    (evaluated / "deep" / "overlays.png").rename(cached)
    cached.chmod(0o444)
    (evaluated / "deep" / "overlays.png").symlink_to(cached)
    report(evaluated)
    report(evaluated)
    copy = evaluated / "out" / "plots" / "overlays.png"
    assert not copy.is_symlink()
    assert copy.read_bytes() == b"overlays.png"
