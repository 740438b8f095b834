import numpy as np
import pandas as pd
import pytest

from tumorseg.evaluation.summary import size_classes, summarise_best, summarise_split
from tumorseg.metrics import count_pixels, ratio, scores

COUNTS = ["tp", "fp", "fn", "tn"]


def table_of(counts: list[tuple[int, int, int, int]], **columns: list) -> pd.DataFrame:
    """Slices with these pixel counts; other columns as given, or of no account."""
    table = pd.DataFrame(counts, columns=COUNTS)
    table = table.assign(**scores(*table.to_numpy().T))
    rest = {"hd95": 1.0, "nsd": 0.5, "box_iou": 0.5, "lesions": 1, "lesions_found": 1, "false_lesions": 0}
    rest |= {"average_precision": 0.5, "category": "0", "group": range(len(table))}
    return table.assign(**(rest | columns))


def test_intervals_of_two_groups_by_hand():
    # Replicates of two groups are twice the first, both, or twice the second, in 1/4, 1/2 and 1/4 of the
    # cases: the central 95 % reach from one group's value to the other's.
    slices = [(6, 2, 2, 90), (2, 0, 2, 96), (1, 4, 1, 94)]
    table = table_of(slices, group=[5, 5, 9], hd95=[2.0, 4.0, np.nan], nsd=[0.5, 0.7, 0.1])
    result = summarise_best(table)
    pooled = result["interval"]["pooled"]
    assert pooled["dice"] == pytest.approx({"low": 2 / 7, "high": 16 / 22})
    assert pooled["precision"] == pytest.approx({"low": 1 / 5, "high": 8 / 10})
    assert pooled["recall"] == pytest.approx({"low": 1 / 2, "high": 8 / 12})
    mean = result["interval"]["mean"]
    assert mean["dice"] == pytest.approx({"low": 2 / 7, "high": (12 / 16 + 4 / 6) / 2})
    assert mean["nsd"] == pytest.approx({"low": 0.1, "high": 0.6})
    assert mean["hd95"] == {"low": 3, "high": 3}  # replicates without the first group have none
    # The median of both groups is 0.5, of the first alone 0.6.
    assert result["interval"]["median"]["nsd"] == pytest.approx({"low": 0.1, "high": 0.6})


def test_an_interval_is_wider_where_slices_belong_together():
    rng = np.random.default_rng(0)
    tp = rng.integers(0, 100, 20).repeat(5)
    slices = [(n, 10, 100 - n, 1000) for n in tp]
    width = {}
    for name, group in (("together", np.arange(100) // 5), ("apart", np.arange(100))):
        bounds = summarise_best(table_of(slices, group=group))["interval"]["mean"]["dice"]
        width[name] = bounds["high"] - bounds["low"]
    assert width["together"] == pytest.approx(5**0.5 * width["apart"], rel=0.1)


def test_one_group_has_no_interval():
    result = summarise_best(table_of([(6, 2, 2, 90), (2, 0, 2, 96)], group=[3, 3]))
    bounds = [
        bound for each in result["interval"].values() for pair in each.values() for bound in pair.values()
    ]
    assert np.isnan(bounds).all()
    assert result["pooled"]["dice"] == 16 / 22


def test_thirds_by_annotated_area():
    area = np.array([0, 10, 20, 30, 40, 50, 60, 0, 35])
    table = table_of([(n // 2, 7, n - n // 2, 100 - n) for n in area])
    # Of 10, 20, 30, 35, 40, 50 and 60, a third is up to 30, two thirds up to 40.
    small, medium, large = (["small"], ["medium"], ["large"])
    assert size_classes(table).tolist() == ["", *3 * small, *medium, *2 * large, "", *medium]


def test_equal_areas_are_of_one_third():
    sizes = size_classes(table_of([(5, 0, 0, 95)] * 4 + [(50, 0, 0, 50)]))
    assert sizes.tolist() == ["small"] * 4 + ["large"]


def test_parts_by_hand():
    slices = [(6, 2, 2, 90), (0, 4, 4, 92), (30, 0, 10, 60), (0, 3, 0, 97)]
    table = table_of(slices, category=["a", "b", "a", "b"], group=[0, 1, 0, 2])
    by = summarise_best(table)["by"]
    first, second = by["category"]["a"], by["category"]["b"]
    assert first["slices"] == second["slices"] == 2
    assert first["dice_pooled"] == pytest.approx(72 / 86)
    assert first["dice_mean"] == pytest.approx((12 / 16 + 60 / 70) / 2)
    assert first["recall"] == 36 / 48
    assert np.isnan([*first["interval"].values()]).all()  # one group
    assert second["interval"] == {"low": 0, "high": 0}
    # 4, 8 and 40 pixels are annotated.
    assert [by["size"][name]["slices"] for name in ("small", "medium", "large")] == [1, 1, 1]
    assert by["size"]["large"]["dice_mean"] == 60 / 70


def test_the_interval_of_a_part_is_of_its_own_slices():
    slices = [(6, 2, 2, 90), (2, 0, 2, 96), (1, 4, 1, 94)]
    table = table_of(slices, category=["a", "a", "b"])
    bounds = summarise_best(table)["by"]["category"]["a"]["interval"]
    # Replicates hold the first alone, the second alone, or both: the slice of "b" counts for nothing.
    assert bounds == pytest.approx({"low": 4 / 6, "high": 12 / 16})


def test_false_area_is_of_empty_slices_alone():
    things = summarise_best(table_of([(6, 2, 2, 90), (0, 3, 0, 97), (0, 0, 0, 100)]))["empty"]
    assert things == {"images": 2, "false_positive_share": 3 / 200}
    assert np.isnan(summarise_best(table_of([(6, 2, 2, 90)]))["empty"]["false_positive_share"])


def test_a_box_is_hit_from_a_half():
    table = table_of([(6, 2, 2, 90)] * 4, box_iou=[0.5, 0.49, 1.0, np.nan])
    assert summarise_best(table)["boxes"] == {"hit_rate": pytest.approx(2 / 3), "images": 3}


def test_lesions_are_counted_over_all_slices():
    columns = {"lesions": [2, 0, 1], "lesions_found": [1, 0, 1], "false_lesions": [0, 3, 1]}
    result = summarise_best(table_of([(6, 2, 2, 90)] * 3, **columns))["lesions"]
    assert result == pytest.approx(
        {"annotated": 3, "found": 2, "recall": 2 / 3, "false_positives_per_image": 4 / 3}
    )


def test_a_split_is_scored_at_half_too():
    quantised, masks = np.array([[[200, 127]], [[128, 0]]], np.uint8), np.array([[[1, 1]], [[0, 0]]])
    split = summarise_split(table_of([(2, 0, 0, 0), (0, 1, 0, 1)]), count_pixels(quantised, masks))
    assert [split["at_half"]["pooled"][name] for name in COUNTS] == [1, 1, 1, 1]
    assert [split["at_best"]["pooled"][name] for name in COUNTS] == [2, 1, 0, 1]
    assert split["at_half"]["mean"]["dice"] == pytest.approx((2 / 3 + 0) / 2)
    assert split["at_half"]["undefined"]["recall"] == 1
    assert split["slices"] == split["groups"] == 2


def test_a_ratio_of_nothing_is_nan():
    assert np.isnan(ratio(0, 0))
    assert ratio(1, 4) == 0.25
