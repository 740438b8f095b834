import math

import pytest

from tumorseg.text import counted, interval_text, markdown_table, signed, value_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.046, "+0.05"), (-0.444, "−0.44"), (-0.001, "−0.00"), (0.001, "+0.00"), (0, "+0.00")),
        *((-0.0, "+0.00"), (math.nan, "–")),
    ],
)
def test_two_decimals_and_a_sign_that_rounding_keeps(value, text):
    assert signed(value, 2) == text


def test_an_interval_that_holds_zero_shows_it():
    assert [signed(end, 3) for end in (-0.0003, 0.01)] == ["−0.000", "+0.010"]


def test_an_interval_has_three_decimals():
    assert interval_text(0.71149, 0.7) == "0.711 to 0.700"
    assert interval_text(math.nan, math.nan) == "too few groups"


def test_what_is_not_defined_is_a_dash_and_no_number():
    assert [value_text(0.71149), value_text(0.716, 2), value_text(math.nan)] == ["0.711", "0.72", "–"]


def test_one_is_singular_and_nothing_is_not():
    assert [counted(number, "slice") for number in (0, 1, 2)] == ["0 slices", "1 slice", "2 slices"]


def test_a_table_has_a_rule_and_columns_to_the_right():
    rows = [["unet", "0.87"], ["resnet", "0.82"]]
    assert markdown_table(["model", "Dice"], rows, right={"Dice"}).splitlines() == [
        *("| model | Dice |", "| --- | ---: |", "| unet | 0.87 |", "| resnet | 0.82 |"),
    ]
