import json
from math import nan
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tumorseg.files import read_json
from tumorseg.report import circumstances, report_model, state


def scores(dice: float, low: float, high: float, slices: int = 215, groups: int = 171) -> dict[str, Any]:
    """A model's scores, as far as the report reads them, and one it does not."""
    at_best = {
        "pooled": {"dice": dice},
        "mean": {"dice": dice - 0.03},
        "interval": {"pooled": {"dice": {"low": low, "high": high}}},
    }
    return {
        "parameters": 7,
        "threshold": 0.25,
        "per_slice": False,
        "neighbors": 8,
        "neighbors_weight": 0.0,
        "valid": {"average_precision": {"pooled": nan}},
        "test": {"slices": slices, "groups": groups, "at_best": at_best},
    }


NEAR = {"count": 172, "share": 0.8, "by_chance": 0.003}


def audit(
    strategy: str,
    siblings: dict[str, Any],
    copied: float,
    located: float,
    annotations: int,
    boxes: int,
) -> dict[str, Any]:
    """An audit, as far as the report reads it; two of the rectangles are bare boxes."""
    bare = min(2, boxes)
    shapes = {"rectangle": boxes - bare, "box": bare, "polygon": annotations - boxes, "run_lengths": 0}
    return {
        "split": {"strategy": strategy},
        "leak": {"near_within": 3, "test": siblings | {"similarity_median": 0.9}},
        "baselines": {
            "copy": {"pooled": copied, "mean": 0.5},
            "location": {"pooled": located, "mean": 0.3},
        },
        "labels": {"annotations": annotations, "shapes": shapes, "outside": 0},
    }


SIBLINGS = {"with_sibling_in_train": 190, "share": 190 / 215}
NO_SIBLINGS = {"with_sibling_in_train": 0, "share": 0.0}
LEAKING = audit("shipped", SIBLINGS | {"near_in_sequence": NEAR}, 0.6946, 0.3298, 2146, 2146)
CLEAN = audit("similar", NO_SIBLINGS, 0.4, 0.35, 60, 0)


def statement(scores: dict[str, Any], audit: dict[str, Any]) -> str:
    return " ".join(state("deep", scores, circumstances(scores, audit)))


def test_a_leaking_dataset_of_boxes_in_words():
    assert statement(scores(0.7401, 0.7113, 0.7669), LEAKING) == (
        "deep has Dice 0.740 on test (95% interval 0.711 to 0.767, from 171 groups of slices), pooled over "
        "215 slices, with hard masks at the threshold 0.250 that was chosen on valid; the mean over slices "
        "is 0.710. Without learning, copying the mask of the most similar training slice has Dice 0.695 "
        "and the mean training mask Dice 0.330: the model's interval is above both. Under split.strategy "
        "shipped, 88% of the test slices have a sibling in train (190 of 215), and 80% have their most "
        "similar training slice at most 3 file numbers away (0.3% by chance): to that extent this may be a "
        "score on known patients. 100% of the annotations are rectangles (2146 of 2146): there outlines "
        "cannot be judged, and surface distances mean little."
    )


def test_what_was_added_to_the_net_in_words():
    text = statement(scores(0.7401, 0.7113, 0.7669) | {"per_slice": True, "neighbors_weight": 1.5}, LEAKING)
    assert "with hard masks cut in each slice where its own expected score is best; the mean" in text
    assert (
        "A slice's most similar training slices, 8 of them, had a say in what is found in it, with the "
        "weight 1.5 that was chosen on valid: where the patient is not in train, expect less."
    ) in text


def test_a_dataset_without_leak_or_boxes_in_words():
    assert statement(scores(0.42, 0.37, 0.48, slices=20, groups=6), CLEAN) == (
        "deep has Dice 0.420 on test (95% interval 0.370 to 0.480, from 6 groups of slices), pooled over "
        "20 slices, with hard masks at the threshold 0.250 that was chosen on valid; the mean over slices "
        "is 0.390. Without learning, copying the mask of the most similar training slice has Dice 0.400 "
        "and the mean training mask Dice 0.350: the model's interval holds the former and is above "
        "the latter. Under split.strategy similar, no test slice has a sibling in train. No annotation is a "
        "rectangle."
    )


def test_a_test_split_that_says_nothing_in_words():
    empty = audit("blocks", NO_SIBLINGS, nan, nan, 0, 0)
    assert statement(scores(nan, nan, nan, slices=0, groups=0), empty) == (
        "deep has no Dice on test: tumour is neither annotated nor predicted on its 0 slices. Without "
        "learning, copying the mask of the most similar training slice has no Dice and the mean training "
        "mask no Dice: the model has no interval to set beside these. Under split.strategy blocks, no test "
        "slice has a sibling in train. No annotation is a rectangle."
    )


@pytest.mark.parametrize(
    ("near", "end"),
    [
        ({"count": 0, "share": 0.0, "by_chance": 0.0}, "."),
        (
            {"count": 6, "share": 0.3, "by_chance": 0.02},
            ", and 30% have their most similar training slice at most 3 file numbers away (2.0% by chance): "
            "to that extent this may be a score on known patients.",
        ),
        (
            {"count": 6, "share": 0.3, "by_chance": 0.5},
            ", and 30% have their most similar training slice at most 3 file numbers away (50.0% by chance).",
        ),
    ],
)
def test_without_siblings_neighbours_by_number_may_be_a_leak(near, end):
    numbered = audit("similar", NO_SIBLINGS | {"near_in_sequence": near}, 0.4, 0.3, 9, 0)
    words = f"Under split.strategy similar, no test slice has a sibling in train{end} No annotation"
    assert words in statement(scores(0.5, 0.4, 0.6), numbered)


def test_one_group_has_no_interval():
    text = statement(scores(0.5, nan, nan, slices=1, groups=1), CLEAN)
    assert text.startswith(
        "deep has Dice 0.500 on test (without an interval, as the slices are of 1 group), "
    )
    assert "pooled over 1 slice," in text
    assert "the model has no interval to set beside these." in text


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
    assert circumstances(scores(0.5, low, high), CLEAN)["baselines"]["interval"]["copy"] == place


def test_bare_boxes_are_rectangles():
    labels = circumstances(scores(0.5, 0.4, 0.6), audit("shipped", NO_SIBLINGS, 0.1, 0.1, 40, 10))["labels"]
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
    assert " ".join(selected["statement"]) == statement(ours, LEAKING)
    assert capsys.readouterr().out == f"{' '.join(selected['statement'])}\n"
    assert selected["baselines"] == LEAKING["baselines"] | {
        "interval": {"copy": "above", "location": "above"}
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


def test_classes_are_told_of_with_what_is_mixed_up():
    of = {name: {"pooled": {"dice": dice}} for name, dice in (("glioma", 0.7), ("other", nan))}
    confusion = {
        "glioma": {"background": 9, "glioma": 60, "other": 20},
        "other": {"background": 9, "glioma": 5, "other": 15},
    }
    told = scores(0.8, 0.7, 0.9)
    told["test"]["classes"] = {"of": of, "confusion": confusion}
    words = (
        "Class by class it has Dice 0.700 for glioma, no Dice for other: 25% of the tumour pixels found are"
    )
    assert f"{words} given another class." in statement(told, CLEAN)
    assert "Class by class" not in statement(scores(0.8, 0.7, 0.9), CLEAN)


@pytest.mark.parametrize(
    ("name", "dice", "low", "high"),
    [
        ("deep", 0.7, 0.6, 0.8),
        ("a_network_of_a_name_" * 5, 1.0, 1.0, 1.0),
        ("zero", 0.0, 0.0, 0.0),
        ("nothing", nan, nan, nan),
    ],
)
def test_the_card_is_cut_off_nowhere_and_the_same_each_time(evaluated, name, dice, low, high):
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
