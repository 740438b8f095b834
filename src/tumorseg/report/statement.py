"""What a model's score on test is, and what it is worth, in plain sentences."""

import math
from typing import Any

from tumorseg.report.context import BASELINES
from tumorseg.scores_file import Classes, Scores
from tumorseg.text import counted, interval_text, label_agreement


def statement(name: str, scores: Scores, context: dict[str, Any]) -> list[str]:
    """What model `name`'s score on test is, and what it is worth: one sentence each.

    Args:
        name: Of the model.
        scores: Of the model.
        context: As from `context_of`.
    """
    return [
        _score(name, scores),
        *_votes(scores),
        *_classes(scores.test.classes),
        _baselines(context["baselines"]),
        _leak(scores.test.slices, context["leak"]),
        _labels(context["labels"]),
        *([agreed] if (agreed := label_agreement(context["agreement"])) else []),
    ]


def _score(name: str, scores: Scores) -> str:
    test, bounds = scores.test, scores.test.dice_interval
    slices, groups = counted(test.slices, "slice"), counted(test.groups, "group")
    if math.isnan(test.dice):
        return f"{name} has no Dice on test: tumour is neither annotated nor predicted on its {slices}."
    interval = f"95% interval {interval_text(bounds.low, bounds.high)}, from {groups} of slices"
    if math.isnan(bounds.low):
        interval = f"without an interval, as the slices are of {groups}"
    cut = f"at the threshold {scores.threshold:.3f} that was chosen on valid"
    if scores.per_slice:
        cut = "cut in each slice where its own expected score is best"
    return (
        f"{name} has Dice {test.dice:.3f} on test ({interval}), pooled over {slices}, with hard masks {cut}; "
        f"the mean over slices is {test.at_best.mean.dice:.3f}."
    )


def _votes(scores: Scores) -> list[str]:
    sentences = []
    if scores.siblings_weight:
        sentences.append(
            f"What is predicted in similar test slices, {scores.siblings} of them at most, had a say in "
            f"each, with the weight {scores.siblings_weight:g} that was chosen on valid: where a slice "
            "comes without its stack, expect less."
        )
    if scores.neighbors_weight:
        known = "training and valid" if scores.valid_votes else "training"
        sentences.append(
            f"A slice's most similar {known} slices, {scores.neighbors} of them, had a say in what is found "
            f"in it, with the weight {scores.neighbors_weight:g} that was chosen on valid: where the patient "
            "is not among them, expect less."
        )
    return sentences


def _classes(classes: Classes | None) -> list[str]:
    if classes is None:
        return []
    dice = ", ".join(f"{_dice(each.pooled.dice)} for {name}" for name, each in classes.of.items())
    # Tumour pixels that are predicted as tumour of any class, and those of them of another class.
    tumor = sum(row[name] for row in classes.confusion.values() for name in classes.of)
    other = tumor - sum(classes.confusion[name][name] for name in classes.of)
    share = f": {other / tumor:.0%} of the tumour pixels found are given another class" if tumor else ""
    return [f"Class by class it has {dice}{share}."]


def _baselines(baselines: dict[str, Any]) -> str:
    nearest_mask, mean_mask = (_dice(baselines[name]["pooled"]) for name in BASELINES)
    places = [baselines["interval"][name] for name in BASELINES]
    verbs = {"above": "is above", "around": "holds", "below": "is below", "undefined": "tells nothing of"}
    first, second = (verbs[place] for place in places)
    meaning = f"the model's interval {first} the former and {second} the latter"
    if first == second:
        meaning = f"the model's interval {first} both"
    if set(places) == {"undefined"}:
        meaning = "the model has no interval to set beside these"
    return (
        f"Without learning, copying the mask of the most similar training slice has {nearest_mask} and the "
        f"mean training mask {mean_mask}: {meaning}."
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
    words = []
    if labels["outlined"]:
        words.append(
            f"{labels['outlined']} of the {labels['annotations']} annotations are rectangles that GrabCut "
            "made outlines of: scores are against these guesses, and no truth is there to score them."
        )
    if labels["rectangles"]:
        words.append(
            f"{labels['share']:.0%} of the annotations are rectangles ({labels['rectangles']} of "
            f"{labels['annotations']}): there outlines cannot be judged, and surface distances mean little."
        )
    return " ".join(words) or "No annotation is a rectangle."


def _dice(value: float) -> str:
    return "no Dice" if math.isnan(value) else f"Dice {value:.3f}"
