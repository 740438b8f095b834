import pandas as pd

from tumorseg.audit.leak import near_in_sequence, repeats


def test_repeats_by_hand():
    table = pd.DataFrame({"split": ["train", "train", "train", "test", "valid"], "key": list("aabbc")})
    assert repeats(table, "key") == {"across": 2, "within": 1}


def test_near_in_sequence_by_hand():
    found = near_in_sequence(pd.Series([10, 50]), pd.Series([7, 13, 14, 90]), pd.Series([13, 90]))
    # Of four training numbers, two are within 3 of the number 10, none of 50.
    assert found == {"count": 1, "share": 0.5, "by_chance": 0.25}
