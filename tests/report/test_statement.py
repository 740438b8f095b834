"""What the statement says, word for word."""

from math import nan

import pytest
from support.told import CLEAN, LEAKING, NO_SIBLINGS, audit, scores, told


def test_a_leaking_dataset_of_boxes_in_words():
    assert told(scores(0.7401, 0.7113, 0.7669), LEAKING) == (
        "deep has Dice 0.740 on test (95% interval 0.711 to 0.767, from 171 groups of slices), pooled over "
        "215 slices, with hard masks at the threshold 0.250 that was chosen on valid; the mean over slices "
        "is 0.710. Without learning, copying the mask of the most similar training slice has Dice 0.695 "
        "and the mean training mask Dice 0.330: the model's interval is above both. Under split.strategy "
        "shipped, 88% of the test slices have a sibling in train (190 of 215), and 80% have their most "
        "similar training slice at most 3 file numbers away (0.3% by chance): to that extent this may be a "
        "score on known patients. 100% of the annotations are rectangles (2146 of 2146): there outlines "
        "cannot be judged, and surface distances mean little. The labels allow a Dice of about 0.91 "
        "(0.87 to 0.92): so much would a net have that knows every tumour, as two labels of one slice would "
        "agree to about 0.87."
    )


VOTED = {"per_slice": True, "siblings_weight": 0.3, "neighbors_weight": 1.5}


def test_what_was_added_to_the_net_in_words():
    text = told(scores(0.7401, 0.7113, 0.7669) | VOTED, LEAKING)
    assert "with hard masks cut in each slice where its own expected score is best; the mean" in text
    assert (
        "What is predicted in similar test slices, 8 of them at most, had a say in each, with the weight "
        "0.3 that was chosen on valid: where a slice comes without its stack, expect less."
    ) in text
    assert (
        "A slice's most similar training slices, 8 of them, had a say in what is found in it, with the "
        "weight 1.5 that was chosen on valid: where the patient is not among them, expect less."
    ) in text
    text = told(scores(0.7401, 0.7113, 0.7669) | VOTED | {"valid_votes": True}, LEAKING)
    assert "A slice's most similar training and valid slices, 8 of them, had a say" in text


def test_guessed_outlines_in_words():
    text = told(scores(0.7, 0.6, 0.8), LEAKING | {"outlined": {"annotations": 2146}})
    assert (
        "2146 of the 2146 annotations are rectangles that GrabCut made outlines of: scores are against these "
        "guesses, and no truth is there to score them."
    ) in text


def test_a_dataset_without_leak_or_boxes_in_words():
    assert told(scores(0.42, 0.37, 0.48, slices=20, groups=6), CLEAN) == (
        "deep has Dice 0.420 on test (95% interval 0.370 to 0.480, from 6 groups of slices), pooled over "
        "20 slices, with hard masks at the threshold 0.250 that was chosen on valid; the mean over slices "
        "is 0.390. Without learning, copying the mask of the most similar training slice has Dice 0.400 "
        "and the mean training mask Dice 0.350: the model's interval holds the former and is above "
        "the latter. Under split.strategy similar, no test slice has a sibling in train. No annotation is a "
        "rectangle."
    )


def test_a_test_split_that_says_nothing_in_words():
    empty = audit("blocks", NO_SIBLINGS, nan, nan, 0, 0)
    assert told(scores(nan, nan, nan, slices=0, groups=0), empty) == (
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
    assert words in told(scores(0.5, 0.4, 0.6), numbered)


def test_one_group_has_no_interval():
    text = told(scores(0.5, nan, nan, slices=1, groups=1), CLEAN)
    assert text.startswith(
        "deep has Dice 0.500 on test (without an interval, as the slices are of 1 group), "
    )
    assert "pooled over 1 slice," in text
    assert "the model has no interval to set beside these." in text


def test_classes_are_told_of_with_what_is_mixed_up():
    interval = {"dice": {"low": 0.1, "high": 0.9}}
    of = {
        name: {"pooled": {"dice": dice}, "interval": interval}
        for name, dice in (("glioma", 0.7), ("other", nan))
    }
    confusion = {
        "glioma": {"background": 9, "glioma": 60, "other": 20},
        "other": {"background": 9, "glioma": 5, "other": 15},
    }
    ours = scores(0.8, 0.7, 0.9)
    ours["test"]["classes"] = {"mean_dice": {"value": 0.7}, "of": of, "confusion": confusion}
    words = (
        "Class by class it has Dice 0.700 for glioma, no Dice for other: 25% of the tumour pixels found are"
    )
    assert f"{words} given another class." in told(ours, CLEAN)
    assert "Class by class" not in told(scores(0.8, 0.7, 0.9), CLEAN)
