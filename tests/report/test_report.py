import json
from math import nan
from pathlib import Path

import pytest
from support.told import CLEAN, LEAKING, NEAR, NO_SIBLINGS, PREPARED, SIBLINGS, audit, context, scores, told

from tumorseg.errors import UserError
from tumorseg.reading import read_json
from tumorseg.report import report_model
from tumorseg.scores_file import Scores, headline


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
    assert labels == {"annotations": 40, "rectangles": 10, "outlined": 0, "share": 0.25}


def test_boxes_that_were_outlined_are_rectangles_no_more():
    outlined = audit("shipped", NO_SIBLINGS, 0.1, 0.1, 40, 10) | {"outlined": {"annotations": 8}}
    labels = context(scores(0.5, 0.4, 0.6), outlined)["labels"]
    assert labels == {"annotations": 40, "rectangles": 2, "outlined": 8, "share": 0.05}


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
        details=root / "deep.json",
        audit=root / "audit.json",
        evaluated=root / "deep",
        selected=root / "out" / "selected.json",
        stated=root / "out" / "statement.json",
        plots=root / "out" / "plots",
    )


def test_few_figures_for_dvc_and_what_they_are_worth_beside(evaluated, capsys):
    report(evaluated)
    selected = read_json(evaluated / "out" / "selected.json")
    stated = read_json(evaluated / "out" / "statement.json")
    ours = scores(0.7401, 0.7113, 0.7669)
    assert selected == headline("deep", Scores.model_validate(ours)) | {"copy_dice": 0.6946}
    assert len(selected) <= 12  # columns of `dvc exp show`
    assert not any(isinstance(value, dict | list) for value in selected.values())
    assert list(stated) == ["model", "prepared", "statement", "agreement", "baselines", "leak", "labels"]
    assert stated["model"] == "deep"
    assert stated["prepared"] == PREPARED
    assert " ".join(stated["statement"]) == told(ours, LEAKING)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == " ".join(stated["statement"])
    assert printed[1].endswith("git restore . && dvc checkout")
    assert stated["baselines"] == LEAKING["baselines"] | {
        "interval": {"nearest_mask_dice": "above", "mean_mask_dice": "above"}
    }
    assert stated["leak"] == {"strategy": "shipped", "near_within": 3} | SIBLINGS | {"near_in_sequence": NEAR}
    assert stated["labels"] == {"annotations": 2146, "rectangles": 2146, "outlined": 0, "share": 1.0}


def test_the_page_gets_sentences_and_levels_with_the_data_they_are_of(evaluated):
    report(evaluated)
    plots = evaluated / "out" / "plots"
    sentences, levels = (read_json(plots / f"{name}.json") for name in ("statement", "levels"))
    stated = read_json(evaluated / "out" / "statement.json")
    assert sentences == [{"model": "deep", "sentence": text, **PREPARED} for text in stated["statement"]]
    assert [(row["kind"], row["dice"]) for row in levels] == [
        *(("model", 0.7401), ("copy", 0.6946), ("mean", 0.3298), ("labels", 0.907)),
    ]
    assert (levels[0]["low"], levels[0]["high"]) == (0.7113, 0.7669)
    assert (levels[3]["low"], levels[3]["high"]) == (0.867, 0.917)
    assert all(row.items() >= PREPARED.items() for row in levels)


def test_an_audit_of_other_data_is_refused(evaluated):
    report(evaluated)
    before = (evaluated / "out" / "selected.json").read_bytes()
    other = LEAKING | {"prepared": PREPARED | {"digest": "ffffffff"}}
    (evaluated / "audit.json").write_text(json.dumps(other))
    with pytest.raises(
        UserError, match=r"deep\.json is of real, .*audit\.json is of .*ffffffff.*run dvc repro$"
    ):
        report(evaluated)
    assert (evaluated / "out" / "selected.json").read_bytes() == before


def test_plots_are_those_of_the_model_the_statement_and_no_others(evaluated):
    plots = evaluated / "out" / "plots"
    plots.mkdir(parents=True)
    (plots / "of_another_model.png").touch()
    report(evaluated)
    assert sorted(path.name for path in plots.iterdir()) == [
        *("levels.json", "overlays.png", "pr_curve.csv", "statement.json"),
    ]
    for name in ("pr_curve.csv", "overlays.png"):
        assert (plots / name).read_bytes() == name.encode()
    assert sorted(path.name for path in plots.parent.iterdir()) == [
        "plots",
        "selected.json",
        "statement.json",
    ]


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
    with pytest.raises(UserError, match=r"deep\.json: prepared: missing; run dvc repro -f -s evaluate@deep"):
        report(evaluated)
    assert (evaluated / "out" / "selected.json").read_bytes() == before
