"""What a cross-validation gave, as a file, as tables and as a picture."""

import json
import math

import pytest

from tumorseg.cli.table import table
from tumorseg.errors import UserError
from tumorseg.experiments.cv.figure import draw_scores
from tumorseg.experiments.cv.file import CrossValidationResults, read_cross_validation
from tumorseg.experiments.cv.table import differences, markdown, parts, scores
from tumorseg.experiments.render import read, render
from tumorseg.experiments.study_file import StudyResults
from tumorseg.files import write_json

PART = {"slices": 12, "dice": 0.7, "low": 0.6, "high": 0.8}


def fold(number: int, dice: float, **changes) -> dict:
    about = {"experiment": f"x-fold{number}", "slices": 12, "groups": 4, "left_out": 0, "threshold": 0.5}
    about |= {"parameters": 1942289, "params": "f" * 64, "code": "abc"}
    ran = {"epochs": 10, "best_epoch": 8, "machine": "EPYC", "threads": 2}
    return {"dice": dice, "low": dice - 0.15, "high": dice + 0.15, **about, **ran, **changes}


def arm(dice: float, **changes) -> dict:
    return {
        **{"set": {"seed": 1}, "model": "unet", "parameters": 1942289, "dice": dice, "low": dice - 0.05},
        **{"high": dice + 0.05, "mean_dice": 0.66, "mean_low": 0.6, "mean_high": 0.7, "iou": 0.5},
        **{"precision": 0.81, "recall": 0.62, "lesion_recall": 0.9, "box_hit_rate": 0.7},
        **{"category": {"0": PART}, "size": {"small": {**PART, "low": math.nan, "high": math.nan}}},
        **{"folds": [fold(0, dice - 0.1), fold(1, dice + 0.1), fold(2, dice)]},
        **changes,
    }


def pair(arm: str, other: str, value: float, p: float) -> dict:
    row = {"difference": value, "low": value - 0.01, "high": value + 0.01, "p": p, "p_holm": p}
    return {"arm": arm, "other": other, "pooled": row, "mean": row}


def results(**changes) -> CrossValidationResults:
    about = {
        "question": "Which?",
        "data": "phantom",
        "set": {},
        "strategy": "blocks",
        "folds": 3,
        "slices": 36,
        "groups": 12,
    }
    whole = {
        **{
            **about,
            "missing": {},
            "partial": {},
            "arms": {"low": arm(0.6), "top": arm(0.72), "same": arm(0.601)},
        },
        "pairs": [
            pair("low", "top", -0.12, 0.001),
            pair("low", "same", -0.001, 0.8),
            pair("top", "same", 0.119, 0.002),
        ],
    }
    return CrossValidationResults.model_validate(whole | changes)


def test_the_table_of_scores_has_the_best_first_with_interval_and_folds():
    _, _, top, same, low = scores(results()).splitlines()
    assert top == (
        "| `top` | `unet`, `seed: 1` | 1,942,289 | **0.720** | 0.670 to 0.770 | 0.620 to 0.820 | 0.660 "
        "| 0.500 | 0.810 | 0.620 | 0.70 |"
    )
    assert same.startswith("| `same` ")
    assert low.startswith("| `low` ")


def test_the_table_of_differences_is_read_by_row():
    header, _, top, same, low = differences(results()).splitlines()
    assert header == "| arm | `top` | `same` | `low` |"
    assert top == "| `top` |  | **+0.119** | **+0.120** |"
    assert same == "| `same` | **−0.119** |  | +0.001 |"
    assert low == "| `low` | **−0.120** | −0.001 |  |"


def test_categories_and_sizes_have_their_intervals():
    arms = {"low": arm(0.6, size={"small": {**PART, "slices": 11}}), "top": arm(0.72)}
    header, _, top, *_ = parts(results(arms=arms)).splitlines()
    assert header == "| arm | `0` (12) | small (11 to 12) |"
    assert top == "| `top` | 0.700 (0.600 to 0.800) | 0.700 (too few groups) |"


def test_it_is_said_what_the_scores_are_of_and_how_much_narrower_the_interval_is():
    text = markdown(results())
    assert "All 36 slices of `phantom`, in 12 groups, dealt into 3 folds by `blocks`" in text
    assert "0.300 wide in the mean, that of all folds together 0.100: 3.0 times narrower." in text
    assert "left out" not in text
    assert "Several machines" not in text
    assert "versions of the code" not in text


def test_slices_left_out_missing_folds_and_machines_are_said():
    folds = [fold(0, 0.6, left_out=14), fold(1, 0.6, left_out=9), fold(2, 0.6, threads=4, code="def")]
    text = markdown(
        results(arms={"low": arm(0.6, folds=folds)}, pairs=[], missing={"top": [1, 2], "same": [0, 1, 2]})
    )
    assert "0 to 14 slices are left out, as too near another split; all are tested in their own fold" in text
    assert "Not shown, as not all folds have been run: `top` (without 1, 2), `same` (none yet)." in text
    assert "differ: EPYC, threads: 2 (2 runs); EPYC, threads: 4 (1 run)." in text
    assert "`git rev-parse COMMIT:src` names them: abc (2 folds), def (1 fold)." in text
    assert "By how much" not in text  # one arm has no pairs
    folds = [fold(number, 0.6, left_out=9) for number in range(3)]
    assert " train and valid, 9 slices are left out" in markdown(results(arms={"low": arm(0.6, folds=folds)}))
    folds = [fold(number, 0.6, left_out=1) for number in range(3)]
    text = markdown(results(arms={"low": arm(0.6, folds=folds)}, groups=1))
    assert " train and valid, 1 slice is left out" in text
    assert "in 1 group, dealt" in text


def test_all_folds_together_may_have_the_wider_interval():
    folds = [fold(number, 0.6, low=0.59, high=0.61) for number in range(3)]
    text = markdown(results(arms={"low": arm(0.6, folds=folds)}, pairs=[]))
    assert "0.020 wide in the mean, that of all folds together 0.100.\n" in text
    assert "narrower" not in text


def test_a_score_that_is_not_defined_is_no_number():
    unknown = {"dice": math.nan, "low": math.nan, "high": math.nan}
    none = arm(math.nan, size={"small": {"slices": 0, **unknown}}, recall=math.nan)
    none |= {"folds": [fold(number, math.nan) for number in range(3)]}
    some = arm(0.6, folds=[fold(0, math.nan), fold(1, 0.5), fold(2, 0.7)])
    both = results(arms={"none": none, "some": some}, pairs=[])
    assert "| **0.600** | 0.550 to 0.650 | 0.500 to 0.700 |" in scores(both)
    assert "| **–** | too few groups | – | 0.660 | 0.500 | 0.810 | – | 0.70 |" in scores(both)
    assert parts(both).splitlines()[-1].endswith("| – |")
    assert "nan" not in markdown(both)


def test_where_groups_are_too_few_for_an_interval_nothing_is_said_of_its_width():
    folds = [fold(number, 0.6, low=math.nan, high=math.nan) for number in range(3)]
    assert "narrower" not in markdown(results(arms={"low": arm(0.6, folds=folds)}, pairs=[]))


def test_what_is_written_is_read_again_and_printed(tmp_path, capsys):
    write_json(tmp_path / "cv_x.json", results().model_dump(exclude_none=True))
    again = read_cross_validation(tmp_path / "cv_x.json")
    assert math.isnan(again.arms["top"].size["small"].low)
    assert again.arms["top"].folds == results().arms["top"].folds
    table(tmp_path / "cv_x.json")
    assert capsys.readouterr().out == markdown(again) + "\n"


def test_a_study_is_told_from_a_cross_validation(root):
    study = read(root / "docs" / "results" / "phantom_augment.json")
    assert isinstance(study, StudyResults)
    assert render(root / "docs" / "results" / "phantom_augment.json").startswith("| arm | what differs |")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values.pop("arms"), "arms: Field required"),
        (lambda values: values.update(arms={}), "arms: Dictionary should have at least 1 item"),
        (
            lambda values: values["arms"]["top"].update(folds=[]),
            "arms.top.folds: List should have at least 1",
        ),
        (lambda values: values["arms"]["top"].update(dice="high"), "arms.top.dice: Input should be a valid"),
        (lambda values: values["pairs"][0].pop("pooled"), "pairs[0].pooled: Field required"),
        (lambda values: values.update(folds="all"), "folds: Input should be a valid integer"),
        (lambda values: values.update(extra=1), "extra: Extra inputs"),
        (
            lambda values: values["arms"]["top"].update(size={}),
            "arms.top.size: its names are not those of low",
        ),
        (
            lambda values: values["arms"]["same"]["category"].update({"1": PART}),
            "arms.same.category: its names are not those of low",
        ),
    ],
)
def test_a_malformed_file_is_one_line_that_names_file_field_and_way_out(tmp_path, change, message):
    values = json.loads(results().model_dump_json())
    change(values)
    (tmp_path / "cv_x.json").write_text(json.dumps(values))
    with pytest.raises(UserError) as error:
        render(tmp_path / "cv_x.json")
    line = str(error.value)
    assert line.startswith(f"{tmp_path / 'cv_x.json'}: {message}")
    assert line.endswith("; run tumorseg cv studies/cv_x.yaml")
    assert "\n" not in line


def test_a_file_that_is_nested_without_end_is_one_line(tmp_path):
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(UserError, match=r"deep\.json: .*; run tumorseg study studies/deep\.yaml") as error:
        read(tmp_path / "deep.json")
    assert "\n" not in str(error.value)


def test_the_picture_never_differs(tmp_path):
    for name in ("one", "two"):
        draw_scores(tmp_path / f"{name}.png", results())
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    nothing = arm(math.nan, low=math.nan, high=math.nan, folds=[fold(0, math.nan)] * 3)
    draw_scores(tmp_path / "none.png", results(arms={"low": nothing}, pairs=[]))
    assert (tmp_path / "none.png").stat().st_size > 1000
