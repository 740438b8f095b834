import pytest

from tumorseg.text import interval_text, markdown_table, signed


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.046, "+0.05"), (-0.444, "−0.44"), (-0.001, "−0.00"), (0.001, "+0.00"), (0, "+0.00"), (-0.0, "+0.00")],
)
def test_two_decimals_and_a_sign_that_rounding_keeps(value, text):
    assert signed(value, 2) == text


def test_an_interval_that_holds_zero_shows_it():
    assert [signed(end, 3) for end in (-0.0003, 0.01)] == ["−0.000", "+0.010"]


def test_an_interval_has_three_decimals():
    assert interval_text(0.71149, 0.7) == "0.711 to 0.700"


def test_a_table_has_a_rule_and_columns_to_the_right():
    rows = [["unet", "0.87"], ["resnet", "0.82"]]
    assert markdown_table(["model", "Dice"], rows, right={"Dice"}).splitlines() == [
        *("| model | Dice |", "| --- | ---: |", "| unet | 0.87 |", "| resnet | 0.82 |"),
    ]
