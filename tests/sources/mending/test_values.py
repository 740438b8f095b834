"""Numbers, ids and crowd flags as exporters write them."""

import pytest
from support.mending import export, kinds, mended, outlined

from tumorseg.sources.mending.values import Ids, to_key, to_number, to_whole, whole_ids

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *((3, 3), (3.5, 3.5), ("3.5", 3.5), (" -2 ", -2), ("1e3", 1000), (".5", 0.5), ("7.", 7), (-0.0, 0)),
        *((True, None), (None, None), ("", None), ("1_000", None), ("1,5", None), ("nan", None), ("٣", None)),
        *((NAN, None), (INF, None), ("1e999", None), (2**60, None), ([1], None), ("9" * 99, None)),
    ],
)
def test_numbers(value, number):
    assert to_number(value) == number


def test_whole_numbers():
    values = [96, 96.0, "96", "96.0", 96.5, "x", None, True]
    assert [to_whole(value) for value in values] == [96, 96, 96, 96, None, None, None, None]


def test_ids_that_are_the_same_number_are_one():
    assert [to_key(value) for value in (3, 3.0, "3", " 3 ", "-3", "a3", "03", "")] == [
        *(3, 3, 3, 3, -3, "a3", "03", None)
    ]
    assert [to_key(value) for value in (None, True, 2.5, NAN, [3])] == [None] * 5


def test_ids_join_across_types_and_names_stand_in():
    ids: Ids[str] = Ids()
    ids.add(7, "seven", "a.png", "both")
    ids.add("000000000139", "padded", "both")
    ids.add_names("nameless", "c.png")
    assert [ids.find(value) for value in (7, "7", 7.0, "07", "a.png", "c.png")] == [
        *("seven", "seven", "seven", "seven", "seven", "nameless")
    ]
    assert [ids.find(value) for value in (139, "139", "000000000139")] == ["padded"] * 3
    assert [ids.find(value) for value in ("both", 8, None, "x", True)] == [None] * 5


def test_two_padded_ids_of_one_number_are_not_joined_by_it():
    ids: Ids[str] = Ids()
    ids.add("01", "one")
    ids.add("001", "other")
    assert (ids.find("01"), ids.find("001"), ids.find(1)) == ("one", "other", None)


def test_whole_ids_are_kept_only_if_all_can_be():
    assert whole_ids([5, -3, 0]) == [5, -3, 0]
    assert [whole_ids(keys) for keys in ([1, 1], [1, None], [1, "a"], [2**60])] == [None] * 4


@pytest.mark.parametrize(
    ("value", "read", "faults"),
    [
        *((0, 0, []), (1, 1, []), (..., 0, [])),
        *((value, 1, ["crowd_form"]) for value in (True, "1", 1.0)),
        *((value, 0, ["crowd_form"]) for value in (False, None, "0", 0.0, 2, "yes", [])),
    ],
)
def test_crowd_flags(value, read, faults):
    result = mended(export(annotations=[outlined(0, 0, iscrowd=value)]))
    assert (result.export["annotations"][0]["iscrowd"], kinds(result)) == (read, faults)
