import json
import math

import numpy as np
import pandas as pd
import pytest

from tumorseg.errors import UserError
from tumorseg.experiments.figure import draw_differences
from tumorseg.experiments.paired import paired_differences
from tumorseg.experiments.study_file import StudyResults, read_study
from tumorseg.experiments.table import NOTE, markdown, what_differs
from tumorseg.files import write_json


def slices(tp, fp=(0, 0, 0), fn=(0, 0, 0), files=("a", "b", "c"), groups=(0, 1, 2)):
    tp, fp, fn = (np.array(each) for each in (tp, fp, fn))
    total = 2 * tp + fp + fn
    dice = np.divide(2 * tp, total, out=np.full(3, np.nan), where=total > 0)
    table = pd.DataFrame({"file": files, "group": groups, "tp": tp, "fp": fp, "fn": fn, "dice": dice})
    return table.assign(tumor_pixels=[40, 50, 60])  # at native size


def pair(arms, reference="base", **steps):
    return paired_differences(arms, reference, {arm: ["normalise"] for arm in arms} | steps)


def test_differences_are_those_worked_by_hand():
    base = slices([1, 1, 2], fp=[1, 1, 0], fn=[1, 1, 4])  # pooled 8/16; 1/2, 1/2, 1/2
    better = slices([2, 2, 4], fp=[0, 0, 0], fn=[0, 0, 2])  # pooled 16/18; 1, 1, 4/5
    found = pair({"base": base, "better": better})["better"]
    assert found.pooled.difference == pytest.approx(16 / 18 - 1 / 2)
    assert found.mean.difference == pytest.approx(2.8 / 3 - 1 / 2)
    # A draw of the slice with the least difference alone, and of those with the most.
    assert found.mean.low == pytest.approx(0.3)
    assert found.mean.high == pytest.approx(0.5)
    # Three groups tell this much at most.
    assert found.pooled.p == 0.25


def test_slices_are_paired_by_file_whatever_their_order():
    base = slices([1, 5, 9], fn=[9, 5, 1])
    same = base.iloc[[2, 0, 1]].reset_index(drop=True)
    found = pair({"base": base, "same": same})["same"]
    assert found.pooled.model_dump() == {"difference": 0.0, "low": 0.0, "high": 0.0, "p": 1.0, "p_holm": 1.0}


def test_p_values_are_corrected_for_the_number_of_arms():
    base = slices([1, 1, 1], fn=[9, 9, 9])
    arms = {"base": base} | {name: slices([5, 6, 7], fn=[5, 4, 3]) for name in "xyz"}
    found = pair(arms)
    assert [found[name].pooled.p for name in "xyz"] == [0.25] * 3
    assert [found[name].pooled.p_holm for name in "xyz"] == [0.75] * 3


@pytest.mark.parametrize(
    "other",
    [
        slices([1, 1, 1], files=("a", "b", "d")),
        slices([1, 1, 1]).iloc[:2],
        slices([1, 1, 1], files=("a", "a", "b")),
    ],
)
def test_other_slices_cannot_be_paired(other):
    base = slices([1, 1, 1])
    assert pair({"base": base, "other": other}) == {}


def test_other_labels_of_the_same_slices_cannot_be_paired():
    base, other = slices([1, 1, 1]), slices([1, 1, 1]).assign(tumor_pixels=[40, 50, 61])
    assert pair({"base": base, "other": other}) == {}
    turned = base.iloc[[2, 0, 1]].reset_index(drop=True)
    assert [*pair({"base": base, "turned": turned})] == ["turned"]


def test_what_a_crop_has_cut_off_is_no_other_label():
    arms = {"base": slices([1, 1, 1]), "cut": slices([1, 1, 1]).assign(tumor_pixels=[40, 50, 59])}
    assert [*pair(arms, cut=["normalise", "crop"])] == ["cut"]
    both = {"base": ["crop", "normalise"], "cut": ["crop", "clahe"]}  # cut alike: so labels differ
    assert pair(arms, **both) == {}
    assert pair(arms, cut=["pad"]) == {}


def test_what_cannot_be_paired_changes_nothing_for_the_others():
    base, up = slices([1, 1, 2], fn=[1, 2, 3]), slices([2, 2, 4], fn=[0, 1, 1])
    alone = pair({"base": base, "up": up})
    other = slices([9, 9, 9], files=("x", "y", "z"))
    assert pair({"other": other, "base": base, "up": up}) == alone


TEST = {"dice": 0.9, "low": 0.85, "high": 0.95, "mean_dice": 0.9, "mean_low": 0.85, "mean_high": 0.95}
ARM = {
    **{"set": {}, "experiment": "x-base", "model": "unet", "parameters": 1942289, "epochs": 15},
    **{"best_epoch": 9, "threshold": 0.5, "slices": 32, "groups": 8},
    **{"dice": 0.8, "mean_dice": 0.75, "dice_at_half": 0.5, "test": TEST},
}


def study(places=(), **differences) -> StudyResults:
    """A study whose arms differ from `base` by these, and ran in these places."""
    arms = {
        "base": {**ARM},
        **{name: {**ARM, "set": {"seed": 1}, "difference": each} for name, each in differences.items()},
    }
    for arm, (machine, threads) in zip(arms.values(), places, strict=False):
        arm |= {"machine": machine, "threads": threads}
    about = {"question": "What?", "set": {}, "reference": "base", "missing": [], "arms": arms}
    return StudyResults.model_validate(about)


def difference(value, p, half=0.01):
    row = {"difference": value, "low": value - half, "high": value + half, "p": p, "p_holm": p}
    return {"pooled": row, "mean": row}


def early() -> StudyResults:
    """Before the reference has run."""
    return StudyResults(question="What?", set={}, reference="base", missing=["base"], arms={"up": {**ARM}})


def test_the_table_says_what_is_more_than_chance_and_nothing_of_test():
    text = markdown(study(up=difference(0.0213, 0.0004), chance=difference(-0.0049, 0.3), other=None))
    _, _, base, up, chance, other = text.splitlines()
    assert base == "| `base` | `unet` | 1,942,289 | 15 | 0.800 | reference |  |  | 0.750 |  | 0.500 |"
    assert "`unet`, `seed: 1`" in up
    assert "| **+0.021** | +0.011 to +0.031 | < 0.001 | 0.750 | **+0.021** |" in up
    assert "| −0.005 | −0.015 to +0.005 | 0.300 | 0.750 | −0.005 |" in chance
    assert "none: cannot be paired" in other
    assert "test" not in text
    assert "0.9" not in text


def test_the_name_of_a_model_stands_for_the_entry_that_its_arm_makes():
    settings = {"+models.mine": {"width": 8}, "models.mine.epochs": 3, "+models.other": {"width": 4}}
    assert what_differs("mine", settings) == '`mine`, `models.mine.epochs: 3`, `+models.other: {"width": 4}`'
    settings = {"+ensembles.both": {"first": "mine", "second": "other"}, "seed": 1}
    assert what_differs("both", settings) == "`both`, `seed: 1`"


def test_the_table_says_why_nothing_is_compared_before_the_reference_has_run():
    assert "none: reference not run" in markdown(early())
    assert "paired" not in markdown(early())


def test_arms_and_columns_can_be_chosen():
    whole = study(up=difference(0.02, 0.01), down=difference(-0.02, 0.01))
    assert markdown(whole, ["down"], ["arm", "difference"]).splitlines() == [
        *("| arm | difference |", "| --- | ---: |", "| `down` | **−0.020** |"),
    ]


def test_the_table_explains_an_interval_and_a_p_value_that_seem_to_contradict_each_other():
    plain = difference(0.02, 0.01)
    assert NOTE not in markdown(study(up=plain, chance=difference(0.0, 0.5)))
    text = markdown(study(up=plain, many=difference(0.02, 0.08), more=difference(-0.02, 0.06)))
    assert "+0.010 to +0.030 | 0.010 |" in text
    assert "+0.010 to +0.030 | 0.080 ¹ |" in text
    assert text.endswith(f" |\n\n{NOTE}")
    reverse = markdown(study(up=difference(0.02, 0.04, half=0.021)))
    assert "−0.001 to +0.041 | 0.040 ¹ |" in reverse


def test_the_table_says_where_arms_ran_if_not_all_on_one_machine():
    pair = {"up": difference(0.02, 0.01), "down": difference(-0.02, 0.01)}
    assert markdown(study(**pair)).count("\n") == 4  # of experiments whose commits do not say
    one, four = ("EPYC", 2), ("EPYC", 4)
    assert markdown(study([one, one, one], **pair)).count("\n") == 4
    last = markdown(study([one, one, four], **pair)).splitlines()[-1]
    assert last.endswith("may differ: EPYC, threads: 2 (`base`, `up`); EPYC, threads: 4 (`down`).")


def test_the_picture_is_drawn_with_and_without_pairs_and_never_differs(tmp_path):
    some = study(up=difference(0.02, 0.01), down=difference(-0.02, 0.01), chance=difference(0.0, 1.0))
    for name in ("one", "two"):
        draw_differences(tmp_path / f"{name}.png", some)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    draw_differences(tmp_path / "none.png", early())
    assert (tmp_path / "none.png").stat().st_size > 1000


def test_what_is_written_is_read_again_with_values_that_are_null(tmp_path):
    whole = study(up=difference(math.nan, math.nan), other=None)
    whole.arms["up"].set["train.patience"] = None
    write_json(tmp_path / "x.json", whole.model_dump(exclude_none=True))
    again = read_study(tmp_path / "x.json")
    assert math.isnan(again.arms["up"].difference.mean.low)
    assert again.arms["up"].set == {"seed": 1, "train.patience": None}
    assert "`train.patience: null`" in markdown(again)
    assert again.arms["other"] == whole.arms["other"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda study: study.pop("arms"), "arms: Field required"),
        (lambda study: study.update(reference="bass"), "reference: 'bass' is not one of base, up"),
        (
            lambda study: study["arms"]["up"].update(dice="high"),
            "arms.up.dice: Input should be a valid number",
        ),
        (lambda study: study["arms"]["up"]["test"].pop("low"), "arms.up.test.low: Field required"),
        (lambda study: study["arms"]["up"]["difference"].update(mean=3), "arms.up.difference.mean: Input"),
        (lambda study: study["arms"].update(up=[]), "arms.up: Input should be an object"),
        (lambda study: study["arms"]["up"].update(dise=0.8), "arms.up.dise: Extra inputs"),
    ],
)
def test_a_malformed_file_is_one_line_that_names_file_field_and_way_out(tmp_path, change, message):
    values = json.loads(study(up=difference(0.02, 0.01)).model_dump_json())
    change(values)
    (tmp_path / "zoo.json").write_text(json.dumps(values))
    with pytest.raises(UserError) as error:
        read_study(tmp_path / "zoo.json")
    line = str(error.value)
    assert line.startswith(f"{tmp_path / 'zoo.json'}: {message}")
    assert line.endswith("; run tumorseg study studies/zoo.yaml")
    assert "\n" not in line


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff\xfe", b"null"])
def test_what_is_no_study_is_refused(tmp_path, content):
    (tmp_path / "zoo.json").write_bytes(content)
    with pytest.raises(UserError, match=r"zoo\.json: .*; run tumorseg study") as error:
        read_study(tmp_path / "zoo.json")
    assert "\n" not in str(error.value)


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"none\.json: not found; run tumorseg study studies/none\.yaml"):
        read_study(tmp_path / "none.json")
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        read_study(tmp_path)
