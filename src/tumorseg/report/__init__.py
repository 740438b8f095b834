"""The model that the pipeline delivers, at paths that do not change with its name, and what it is worth."""

import math
import shutil
import textwrap
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from tumorseg.figures import CATEGORY_COLORS, DPI, STYLE, axes_at, save
from tumorseg.files import atomic_folder, read_json, write_json

WIDTH, TITLE, ROW, BELOW, LINE = 7.5, 0.55, 0.34, 0.5, 0.19  # inches; heights but for the first
LEFT, RIGHT = 1.9, 1.8  # inches beside the axis: names, figures
BASELINES = ("nearest_mask_dice", "mean_mask_dice")  # of the audit
CHARACTERS = 92  # of a line of the statement
NAME = 20  # characters of a name that fit beside the axis


def report_model(name: str, *, metrics: Path, audit: Path, evaluated: Path, out: Path, plots: Path) -> None:
    """Put model `name`'s scores and plots where `dvc metrics diff` and `dvc plots diff` compare them.

    Args:
        metrics: The model's JSON file, as written by `evaluation.evaluate_model`.
        audit: JSON file, as written by `audit.audit`.
        evaluated: The model's folder of plots, as written by `evaluation.evaluate_model`.
        out: JSON file: the name, what the score is worth in words (`state`) and in figures (`circumstances`),
            then the scores.
        plots: Folder for the plots, and for statement.png.
    """
    scores = read_json(metrics)
    around = circumstances(scores, read_json(audit))
    sentences = state(name, scores, around)
    with atomic_folder(plots) as folder:
        shutil.copytree(evaluated, folder, dirs_exist_ok=True)
        card(folder / "statement.png", name, scores["test"]["at_best"], around["baselines"], sentences)
    # A list, since DVC shows every string of a metrics file in its tables, however long.
    write_json(out, {"model": name, "statement": sentences, **around, **scores})
    print(" ".join(sentences))


def circumstances(scores: dict[str, Any], audit: dict[str, Any]) -> dict[str, Any]:
    """What a score should not be quoted without.

    Args:
        scores: As written by `evaluation.evaluate_model`.
        audit: As written by `audit.audit`.

    Returns:
        `baselines`: the Dice on test that the audit found without learning, and for each where the 95 %
        `interval` of the model's pooled Dice lies, above it, below, around, or undefined. `leak`: the
        split's strategy, the test slices with a sibling in train, and, where files are numbered, those whose
        most similar training slice is at most `near_within` numbers away. `labels`: the annotations, and
        those that are rectangles. Shares are in [0, 1], NaN of nothing.
    """
    bounds = scores["test"]["at_best"]["interval"]["pooled"]["dice"]
    test, labels = audit["leak"]["test"], audit["labels"]
    boxes = labels["shapes"]["rectangle"] + labels["shapes"]["box"]
    return {
        "baselines": {
            **audit["baselines"],
            "interval": {
                of: _place(bounds["low"], bounds["high"], audit["baselines"][of]["pooled"])
                for of in BASELINES
            },
        },
        "leak": {
            "strategy": audit["split"]["strategy"],
            "near_within": audit["leak"]["near_within"],
            **{
                key: test[key]
                for key in ("with_sibling_in_train", "share", "near_in_sequence")
                if key in test
            },
        },
        "labels": {
            "annotations": labels["annotations"],
            "rectangles": boxes,
            "share": boxes / labels["annotations"] if labels["annotations"] else math.nan,
        },
    }


def state(name: str, scores: dict[str, Any], around: dict[str, Any]) -> list[str]:
    """What model `name`'s score on test is, and what it is worth, in plain sentences.

    Args:
        scores: As written by `evaluation.evaluate_model`.
        around: As of `circumstances`.
    """
    return [
        _score(name, scores),
        *_neighbors(scores),
        *_classes(scores["test"]),
        _baselines(around["baselines"]),
        _leak(scores["test"]["slices"], around["leak"]),
        _labels(around["labels"]),
    ]


def card(
    path: Path, name: str, at_best: dict[str, Any], baselines: dict[str, Any], sentences: list[str]
) -> None:
    """Draw the pooled Dice with its interval and the baselines on one axis, the sentences below.

    Args:
        path: PNG to write.
        name: Of the model.
        at_best: Its scores on test at the chosen threshold.
        baselines: As of `circumstances`.
        sentences: As of `state`.
    """
    bounds = at_best["interval"]["pooled"]["dice"]
    copied, located = (baselines[of]["pooled"] for of in BASELINES)
    rows = [
        (name if len(name) <= NAME else f"{name[: NAME - 1]}…", at_best["pooled"]["dice"], "o"),
        ("most similar slice's mask", copied, "D"),
        ("mean training mask", located, "s"),
    ]
    lines = [line for sentence in sentences for line in ("", *textwrap.wrap(sentence, CHARACTERS))]
    text = LINE * (len(lines) + 0.5)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, TITLE + ROW * len(rows) + BELOW + text), dpi=DPI)
        height = figure.get_figheight()
        figure.text(0.02, 1 - 0.3 / height, f"{rows[0][0]} on test", fontsize=12, fontweight="bold")
        axis = axes_at(figure, LEFT, text + BELOW, WIDTH - LEFT - RIGHT, ROW * len(rows))
        axis.hlines(0, bounds["low"], bounds["high"], color=CATEGORY_COLORS[0], linewidth=6, alpha=0.4)
        axis.axvline(copied, color=CATEGORY_COLORS[1], linestyle="dotted", linewidth=1)
        for row, (_, dice, marker) in enumerate(rows):
            axis.plot(dice, row, marker, color=CATEGORY_COLORS[row], markersize=7, clip_on=False)
            label = "undefined" if math.isnan(dice) else f"{dice:.3f}"
            if row == 0 and not math.isnan(bounds["low"]):
                label += f"  ({bounds['low']:.3f} to {bounds['high']:.3f})"
            axis.text(1.04, row, label, va="center_baseline")
        axis.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5), xlabel="Dice, pooled; bar: 95% interval")
        axis.set_yticks(range(len(rows)), [label for label, *_ in rows])
        axis.tick_params(axis="y", length=0, pad=8)
        for line, words in enumerate(lines):
            figure.text(0.02, (text - LINE * line) / height, words, va="top", fontsize=9.5)
        save(figure, path)


def _score(name: str, scores: dict[str, Any]) -> str:
    test = scores["test"]
    dice, bounds = test["at_best"]["pooled"]["dice"], test["at_best"]["interval"]["pooled"]["dice"]
    slices, groups = _count(test["slices"], "slice"), _count(test["groups"], "group")
    if math.isnan(dice):
        return f"{name} has no Dice on test: tumour is neither annotated nor predicted on its {slices}."
    interval = f"95% interval {bounds['low']:.3f} to {bounds['high']:.3f}, from {groups} of slices"
    if math.isnan(bounds["low"]):
        interval = f"without an interval, as the slices are of {groups}"
    cut = f"at the threshold {scores['threshold']:.3f} that was chosen on valid"
    if scores["per_slice"]:
        cut = "cut in each slice where its own expected score is best"
    return (
        f"{name} has Dice {dice:.3f} on test ({interval}), pooled over {slices}, with hard masks {cut}; "
        f"the mean over slices is {test['at_best']['mean']['dice']:.3f}."
    )


def _neighbors(scores: dict[str, Any]) -> list[str]:
    if not scores["neighbors_weight"]:
        return []
    return [
        f"A slice's most similar training slices, {scores['neighbors']} of them, had a say in what is found "
        f"in it, with the weight {scores['neighbors_weight']:g} that was chosen on valid: where the patient "
        "is not in train, expect less."
    ]


def _classes(test: dict[str, Any]) -> list[str]:
    if "classes" not in test:
        return []
    each, confusion = test["classes"]["of"], test["classes"]["confusion"]
    dice = ", ".join(f"{_dice(scores['pooled']['dice'])} for {name}" for name, scores in each.items())
    found = sum(row[name] for row in confusion.values() for name in each)
    mixed = found - sum(confusion[name][name] for name in each)
    share = f": {mixed / found:.0%} of the tumour pixels found are given another class" if found else ""
    return [f"Class by class it has {dice}{share}."]


def _baselines(baselines: dict[str, Any]) -> str:
    copied, located = (_dice(baselines[of]["pooled"]) for of in BASELINES)
    places = [baselines["interval"][of] for of in BASELINES]
    verbs = {"above": "is above", "around": "holds", "below": "is below", "undefined": "tells nothing of"}
    first, second = (verbs[place] for place in places)
    meaning = f"the model's interval {first} the former and {second} the latter"
    if first == second:
        meaning = f"the model's interval {first} both"
    if set(places) == {"undefined"}:
        meaning = "the model has no interval to set beside these"
    return (
        f"Without learning, copying the mask of the most similar training slice has {copied} and the mean "
        f"training mask {located}: {meaning}."
    )


def _leak(slices: int, leak: dict[str, Any]) -> str:
    count, near = leak["with_sibling_in_train"], leak.get("near_in_sequence")
    words = f"Under split.strategy {leak['strategy']}, "
    if count:
        words += f"{leak['share']:.0%} of the test slices have a sibling in train ({count} of {slices})"
    else:
        words += "no test slice has a sibling in train"
    if near and near["count"]:
        words += (
            f", and {near['share']:.0%} have their most similar training slice at most {leak['near_within']} "
            f"file numbers away ({near['by_chance']:.1%} by chance)"
        )
    known = count or (near and near["share"] > near["by_chance"])
    return f"{words}{': to that extent this may be a score on known patients' if known else ''}."


def _labels(labels: dict[str, Any]) -> str:
    if not labels["rectangles"]:
        return "No annotation is a rectangle."
    return (
        f"{labels['share']:.0%} of the annotations are rectangles ({labels['rectangles']} of "
        f"{labels['annotations']}): there outlines cannot be judged, and surface distances mean little."
    )


def _place(low: float, high: float, dice: float) -> str:
    """Where an interval lies as seen from a Dice."""
    if math.isnan(low) or math.isnan(dice):
        return "undefined"
    return "above" if low > dice else "below" if high < dice else "around"


def _dice(value: float) -> str:
    return "no Dice" if math.isnan(value) else f"Dice {value:.3f}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
