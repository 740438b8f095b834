import json
import math

import numpy as np
import pandas as pd
import pytest

from tumorseg.errors import UserError
from tumorseg.experiments.figure import draw_differences
from tumorseg.experiments.paired import paired_differences
from tumorseg.experiments.table import markdown, read_table


def slices(tp, fp=(0, 0, 0), fn=(0, 0, 0), files=("a", "b", "c"), groups=(0, 1, 2)):
    tp, fp, fn = (np.array(each) for each in (tp, fp, fn))
    total = 2 * tp + fp + fn
    dice = np.divide(2 * tp, total, out=np.full(3, np.nan), where=total > 0)
    return pd.DataFrame({"file": files, "group": groups, "tp": tp, "fp": fp, "fn": fn, "dice": dice})


def test_differences_are_those_worked_by_hand():
    base = slices([1, 1, 2], fp=[1, 1, 0], fn=[1, 1, 4])  # pooled 8/16; 1/2, 1/2, 1/2
    better = slices([2, 2, 4], fp=[0, 0, 0], fn=[0, 0, 2])  # pooled 16/18; 1, 1, 4/5
    found = paired_differences({"base": base, "better": better}, "base")["better"]
    assert found["pooled"]["difference"] == pytest.approx(16 / 18 - 1 / 2)
    assert found["mean"]["difference"] == pytest.approx(2.8 / 3 - 1 / 2)
    # A draw of the slice with the least difference alone, and of those with the most.
    assert found["mean"]["low"] == pytest.approx(0.3)
    assert found["mean"]["high"] == pytest.approx(0.5)
    # Three groups tell this much at most.
    assert found["pooled"]["p"] == 0.25


def test_slices_are_paired_by_file_whatever_their_order():
    base = slices([1, 5, 9], fn=[9, 5, 1])
    same = base.iloc[[2, 0, 1]].reset_index(drop=True)
    found = paired_differences({"base": base, "same": same}, "base")["same"]
    assert found["pooled"] == {"difference": 0.0, "low": 0.0, "high": 0.0, "p": 1.0, "p_holm": 1.0}


def test_p_values_are_corrected_for_the_number_of_arms():
    base = slices([1, 1, 1], fn=[9, 9, 9])
    arms = {"base": base} | {name: slices([5, 6, 7], fn=[5, 4, 3]) for name in "xyz"}
    found = paired_differences(arms, "base")
    assert [found[name]["pooled"]["p"] for name in "xyz"] == [0.25] * 3
    assert [found[name]["pooled"]["p_holm"] for name in "xyz"] == [0.75] * 3


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
    assert paired_differences({"base": base, "other": other}, "base") == {"other": None}


def study(**differences):
    arm = {
        "set": {},
        "model": "unet",
        "parameters": 1942289,
        "epochs": 15,
        "dice": 0.8,
        "mean_dice": 0.75,
        "dice_at_half": 0.5,
    }
    arms = {
        "base": {**arm, "difference": math.nan},
        **{name: {**arm, "set": {"seed": 1}, "difference": each} for name, each in differences.items()},
    }
    return {"question": "What?", "set": {}, "reference": "base", "missing": [], "arms": arms}


def difference(value, p):
    row = {"difference": value, "low": value - 0.01, "high": value + 0.01, "p": p, "p_holm": p}
    return {"pooled": row, "mean": row}


def test_the_table_says_what_is_more_than_chance_and_nothing_of_test():
    text = markdown(study(up=difference(0.0213, 0.0004), chance=difference(-0.0049, 0.3), other=math.nan))
    _, _, base, up, chance, other = text.splitlines()
    assert base == "| `base` | `unet` | 1,942,289 | 15 | 0.800 | reference |  |  | 0.750 |  | 0.500 |"
    assert "`unet`, `seed: 1`" in up
    assert "| **+0.021** | +0.011 to +0.031 | < 0.001 | 0.750 | **+0.021** |" in up
    assert "| −0.005 | −0.015 to +0.005 | 0.300 | 0.750 | −0.005 |" in chance
    assert "none: other slices" in other
    assert "test" not in text


def test_the_table_says_why_nothing_is_compared_before_the_reference_has_run():
    early = study(up=math.nan)
    del early["arms"]["base"]
    early["missing"] = ["base"]
    assert "none: reference not run" in markdown(early)
    assert "other slices" not in markdown(early)


def test_the_table_says_where_arms_ran_if_not_all_on_one_machine():
    arms = study(up=difference(0.02, 0.01), down=difference(-0.02, 0.01))
    assert markdown(arms).count("\n") == 4  # as studies of old, which do not say
    for arm in arms["arms"].values():
        arm |= {"machine": "EPYC", "threads": 2}
    assert markdown(arms).count("\n") == 4
    arms["arms"]["down"]["threads"] = 4
    last = markdown(arms).splitlines()[-1]
    assert last.endswith("may differ: EPYC, threads: 2 (`base`, `up`); EPYC, threads: 4 (`down`).")


def test_the_picture_is_drawn_with_and_without_pairs_and_never_differs(tmp_path):
    some = study(up=difference(0.02, 0.01), down=difference(-0.02, 0.01), chance=difference(0.0, 1.0))
    for name in ("one", "two"):
        draw_differences(tmp_path / f"{name}.png", some)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    none = study()
    del none["arms"]["base"]
    draw_differences(tmp_path / "none.png", none)
    assert (tmp_path / "none.png").stat().st_size > 1000


def test_what_is_no_study_is_refused(tmp_path):
    (tmp_path / "study.json").write_text(json.dumps({"a": 1}))
    for path, message in [("study.json", "not a study.json"), ("none.json", "not found")]:
        with pytest.raises(UserError, match=message):
            read_table(tmp_path / path)
