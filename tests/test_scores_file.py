"""The reader of metrics/details/<model>.json: values as evaluation wrote them, faults in one line."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.prior import MASKS, evaluate

from tumorseg.errors import UserError
from tumorseg.scores_file import headline, parse_scores, read_scores

AGAIN = "run dvc repro -f -s evaluate@unet (of an ensemble: ensemble@unet)"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as `evaluate_model` writes it."""
    root = tmp_path_factory.mktemp("scores")
    evaluate(root, MASKS)
    return root / "out" / "scores.json"


def test_what_evaluation_writes_is_read(path):
    scores = read_scores(path)
    assert scores.threshold == 52 / 256
    assert scores.valid.dice == 16 / 17
    assert scores.test.dice == 8 / 20
    assert scores.test.dice_interval.low <= scores.test.dice <= scores.test.dice_interval.high
    assert scores.test.at_best.median.nsd == 0
    assert scores.test.classes is None
    assert np.isnan(scores.test.at_half.pooled.precision)  # null in the file: nothing is predicted at 0.5


def test_the_headline_is_few_flat_figures_and_written_beside(path):
    scores = read_scores(path)
    figures = headline("prior", scores)
    assert list(figures) == [
        *("name", "valid_dice", "dice", "low", "high", "dataset", "split", "mean_dice"),
        *("precision", "recall", "parameters"),
    ]
    assert figures == json.loads((path.parent / "headlines" / "prior.json").read_text())
    assert (figures["name"], figures["dataset"], figures["split"]) == ("prior", "made_up", "shipped")
    assert (figures["valid_dice"], figures["dice"], figures["recall"]) == (16 / 17, 8 / 20, 4 / 8)


def drop(*keys: str) -> Callable[[dict], None]:
    """A change that leaves a field out."""

    def change(values: dict) -> None:
        for key in keys[:-1]:
            values = values[key]
        del values[keys[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (drop("threshold"), "threshold: missing"),
        (
            drop("test", "at_best", "interval", "pooled", "dice", "low"),
            "test.at_best.interval.pooled.dice.low: missing",
        ),
        (
            lambda values: values["valid"].update(slices="many"),
            "valid.slices: input should be a valid integer, unable to parse string as an integer",
        ),
    ],
)
def test_a_bad_field_is_named_in_one_line(path, change, fault):
    values = json.loads(path.read_text())
    change(values)
    with pytest.raises(UserError) as error:
        parse_scores(json.dumps(values), Path("metrics/details/unet.json"))
    assert str(error.value) == f"metrics/details/unet.json: {fault}; {AGAIN}"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "not JSON: EOF while parsing an object"),
        ("[]", "input should be an object"),
        (None, "not found"),
    ],
)
def test_what_is_no_scores_file_is_refused_in_one_line(tmp_path, text, fault):
    path = tmp_path / "unet.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError) as error:
        read_scores(path)
    assert str(error.value).startswith(f"{path}: {fault}")
    assert str(error.value).endswith(f"; {AGAIN}")
    assert "\n" not in str(error.value)
