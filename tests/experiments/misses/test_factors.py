import numpy as np
import pandas as pd
import pytest

from tumorseg.experiments.misses.factors import auc, categories, factors, markdown, thirds
from tumorseg.experiments.misses.facts import FACTS
from tumorseg.experiments.misses.picture import choose


def table() -> pd.DataFrame:
    """Six slices of 100 pixels, each a group: the three smaller tumours are missed, the others found."""
    tp = np.array([0, 2, 4, 16, 18, 20])
    made = pd.DataFrame({"tp": tp, "fp": 0, "fn": 20 - tp, "tn": 80, "group": range(6)})
    made["dice"] = 2 * tp / (tp + 20)
    made["recall"], made["category"] = tp / 20, ["0", "0", "0", "0", "1", "1"]
    return made.assign(
        **{"size": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], "off_centre": [1, 0, 1, 0, 1, 0], "likeness": 0.5},
        **{"contrast": np.nan, "label_agreement": [0.9, 0.8, np.nan, 0.3, 0.2, 0.1]},
    )


def test_the_fact_that_tells_missed_slices_best_comes_first():
    rows = factors(table())
    by = {row["factor"]: row for row in rows}
    assert {rows[0]["factor"], rows[1]["factor"]} == {"size", "label_agreement"}
    assert list(by) == [*list(by)[:2], "off_centre", "likeness", "contrast"]
    assert (by["size"]["auc"], by["label_agreement"]["auc"], by["likeness"]["auc"]) == (0, 1, 0.5)
    assert by["off_centre"]["auc"] == pytest.approx(6 / 9)  # of 9 pairs 4 are above, 4 equal, 1 below
    assert by["size"]["spearman"] == pytest.approx(1)
    assert np.isnan(by["likeness"]["spearman"])
    assert by["size"]["auc_by"]["0"] == 0
    assert np.isnan(by["size"]["auc_by"]["1"])  # none is missed
    assert np.isnan(by["contrast"]["auc"])


def test_dice_of_thirds_and_categories_by_hand():
    made = table()
    size = next(row for row in factors(made) if row["factor"] == "size")["thirds"]
    assert [part["slices"] for part in size.values()] == [2, 2, 2]
    assert [part["missed"] for part in size.values()] == [1, 0.5, 0]
    assert size["lowest"]["dice"] == pytest.approx(4 / 42)  # TP 2 and FN 38
    assert size["lowest"]["low"] <= 4 / 42 <= size["lowest"]["high"]
    by = categories(made)
    assert {name: part["missed"] for name, part in by.items()} == {"0": 0.75, "1": 0}
    text = markdown(factors(made), by)
    assert "| `1` | 2 |" in text
    assert "AUC within `0`" in text
    assert "0.095 (" in text


def test_what_is_not_defined_is_no_number():
    made = table().assign(group=0)
    text = markdown(factors(made), categories(made))
    (contrast,) = [line for line in text.splitlines() if line.startswith("| `contrast`")]
    assert contrast.endswith("| – | – | – | – | – | – | – |")
    assert "| `1` | 2 | 0.974 (too few groups), 0% missed |" in text  # TP 38 and FN 2
    assert "nan" not in text


def test_thirds_leave_out_what_is_unknown_and_keep_equals_together():
    found = thirds(pd.Series([1.0, 2, 2, 2, 3, np.nan]))
    assert found.tolist() == ["lowest", "lowest", "lowest", "lowest", "highest", ""]
    assert thirds(pd.Series([np.nan])).tolist() == [""]


def test_an_auc_needs_both_kinds():
    assert np.isnan(auc(pd.Series([1.0, 2]), pd.Series([True, True])))
    assert auc(pd.Series([1.0, 2, np.nan]), pd.Series([False, True, False])) == 1


def test_the_worst_slices_of_the_third_with_most_misses_are_shown():
    made = table()
    chosen = choose(made, factors(made))
    third, places = chosen["size"]
    assert (third, places.tolist()) == ("lowest", [0, 1])
    assert chosen["contrast"][1].tolist() == []
    assert set(chosen) == set(FACTS)
