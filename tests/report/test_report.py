import json
from math import nan
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.told import CLEAN, LEAKING, NEAR, NO_SIBLINGS, SIBLINGS, audit, context, scores, told

from tumorseg.errors import UserError
from tumorseg.files import read_json
from tumorseg.report import report_model


@pytest.mark.parametrize(
    ("low", "high", "place"),
    [
        (0.5, 0.6, "above"),
        (0.4, 0.6, "around"),
        (0.3, 0.4, "around"),
        (0.2, 0.3, "below"),
        (nan, nan, "undefined"),
    ],
)
def test_where_the_interval_lies_seen_from_copying(low, high, place):
    interval = context(scores(0.5, low, high), CLEAN)["baselines"]["interval"]
    assert interval["nearest_mask_dice"] == place


def test_bare_boxes_are_rectangles():
    labels = context(scores(0.5, 0.4, 0.6), audit("shipped", NO_SIBLINGS, 0.1, 0.1, 40, 10))["labels"]
    assert labels == {"annotations": 40, "rectangles": 10, "share": 0.25}


@pytest.fixture
def evaluated(tmp_path: Path) -> Path:
    """A root with the scores and plots of model `deep`, and an audit."""
    (tmp_path / "deep").mkdir()
    for name in ("pr_curve.csv", "overlays.png"):
        (tmp_path / "deep" / name).write_bytes(name.encode())
    (tmp_path / "deep.json").write_text(json.dumps(scores(0.7401, 0.7113, 0.7669)))
    (tmp_path / "audit.json").write_text(json.dumps(LEAKING))
    return tmp_path


def report(root: Path, name: str = "deep") -> None:
    report_model(
        name,
        metrics=root / "deep.json",
        audit=root / "audit.json",
        evaluated=root / "deep",
        out=root / "out" / "selected.json",
        plots=root / "out" / "plots",
    )


def test_the_name_and_what_it_is_worth_then_the_scores_as_they_were(evaluated, capsys):
    report(evaluated)
    selected = read_json(evaluated / "out" / "selected.json")
    ours = scores(0.7401, 0.7113, 0.7669)
    assert list(selected) == ["model", "statement", "baselines", "leak", "labels", *ours]
    assert selected["model"] == "deep"
    assert " ".join(selected["statement"]) == told(ours, LEAKING)
    assert capsys.readouterr().out == f"{' '.join(selected['statement'])}\n"
    assert selected["baselines"] == LEAKING["baselines"] | {
        "interval": {"nearest_mask_dice": "above", "mean_mask_dice": "above"}
    }
    assert selected["leak"] == {"strategy": "shipped", "near_within": 3} | SIBLINGS | {
        "near_in_sequence": NEAR
    }
    assert selected["labels"] == {"annotations": 2146, "rectangles": 2146, "share": 1.0}
    # NaN is not equal to itself; its text is.
    assert json.dumps({key: selected[key] for key in ours}) == json.dumps(ours)


def test_plots_are_those_of_the_model_the_statement_and_no_others(evaluated):
    plots = evaluated / "out" / "plots"
    plots.mkdir(parents=True)
    (plots / "of_another_model.png").touch()
    report(evaluated)
    assert sorted(path.name for path in plots.iterdir()) == ["overlays.png", "pr_curve.csv", "statement.png"]
    for name in ("pr_curve.csv", "overlays.png"):
        assert (plots / name).read_bytes() == name.encode()
    assert sorted(path.name for path in plots.parent.iterdir()) == ["plots", "selected.json"]


@pytest.mark.parametrize(
    ("name", "dice", "low", "high"),
    [
        ("deep", 0.7, 0.6, 0.8),
        ("a_network_of_a_name_" * 5, 1.0, 1.0, 1.0),
        ("zero", 0.0, 0.0, 0.0),
        ("nothing", nan, nan, nan),
    ],
)
def test_the_picture_is_cut_off_nowhere_and_the_same_each_time(evaluated, name, dice, low, high):
    (evaluated / "deep.json").write_text(json.dumps(scores(dice, low, high)))
    picture = evaluated / "out" / "plots" / "statement.png"
    report(evaluated, name)
    first = picture.read_bytes()
    report(evaluated, name)
    assert picture.read_bytes() == first
    pixels = cv2.imread(str(picture))
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (rim == 255).all()


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


def test_scores_that_cannot_be_read_leave_the_old_report(evaluated):
    report(evaluated)
    before = (evaluated / "out" / "selected.json").read_bytes()
    (evaluated / "deep.json").write_text("{}")
    with pytest.raises(
        UserError, match=r"deep\.json: parameters: missing; run dvc repro -f -s evaluate@deep"
    ):
        report(evaluated)
    assert (evaluated / "out" / "selected.json").read_bytes() == before
