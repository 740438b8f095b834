"""Folds put together, with counts worked by hand."""

import numpy as np
import pandas as pd
import pytest
from support.folds import PREPARED, first_fold, prepared, scored, second_fold

from tumorseg.data.splits import assign, group_slices
from tumorseg.errors import UserError
from tumorseg.experiments.cv.pool import ROW, Fold, check_same, fold_of, pool
from tumorseg.params import Blocks, Split

LAST = scored("1.jpg", 0, 7, 1, 0, 8, category="1")  # the one test slice of the second fold


def test_each_slice_is_there_once_as_its_own_fold_scored_it():
    table = pool([first_fold(), second_fold()])
    columns = ["as_shipped", "file", "fold", "group", "tp", "fp", "fn"]
    assert table[columns].to_numpy().tolist() == [
        ["test", "1.jpg", 1, 7, 1, 0, 8],
        ["train", "1.jpg", 0, 3, 8, 2, 0],  # another slice of the same name
        ["valid", "2.jpg", 0, 3, 0, 0, 0],
    ]


def test_slices_that_a_fold_leaves_out_are_scored_in_their_own():
    first, second = first_fold(), second_fold(left_out=("train/1.jpg",))
    pd.testing.assert_frame_equal(pool([first, second]), pool([first, second_fold()]))


def test_a_gap_between_blocks_never_takes_a_slice_from_test():
    count = 90
    table = pd.DataFrame({"file": [f"{n}_a.jpg" for n in range(count)], "as_shipped": "train"})
    table = table.assign(category="0", sequence=pd.array(range(count), dtype="Int64"))
    table = table.assign(tumor_pixels=np.arange(count), height=32, width=32)
    blocks, tested, left_out = Blocks(size=10, gap=3), np.zeros(count, int), 0
    for fold in range(3):
        rule = Split(strategy="blocks", folds=3, fold=fold)
        split = assign(table, group_slices(table, np.zeros(count, int), rule, blocks), rule, blocks)
        tested += split == "test"
        left_out += (split == "left out").sum()
    assert left_out
    assert (tested == 1).all()


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ([first_fold()], "cv-x: slices that are test in no fold: 1, in several: 0; the data have changed"),
        (
            [first_fold(), second_fold(), second_fold()],
            "cv-x: slices that are test in no fold: 0, in several: 1",
        ),
        (
            [
                first_fold(),
                fold_of("cv-x-fold1", LAST, prepared("test/1.jpg", of=[*PREPARED, "train/9.jpg"])),
            ],
            "cv-x-fold1: its slices are not those of cv-x-fold0",
        ),
        ([first_fold(), second_fold(group=3)], "cv-x: slices of one group are test in different folds"),
    ],
)
def test_folds_that_do_not_fit_together_are_refused(folds, message):
    with pytest.raises(UserError) as error:
        pool(folds)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_scores_of_other_slices_than_the_fold_tests_are_refused():
    for test in ("valid/2.jpg",), ("test/1.jpg", "valid/2.jpg"):
        with pytest.raises(UserError, match="cv-x-fold1: its scores are not of its test slices"):
            fold_of("cv-x-fold1", LAST, prepared(*test))


def test_a_kept_fold_whose_set_is_not_known_goes_with_the_others():
    first, second = first_fold(), second_fold()
    kept = Fold(first.experiment, first.test[ROW])
    pd.testing.assert_frame_equal(pool([kept, second])[ROW], pool([first, second])[ROW])
    alone = pool([kept, Fold(second.experiment, second.test[ROW])])
    pd.testing.assert_frame_equal(alone, pool([kept, second])[alone.columns])
    with pytest.raises(UserError, match="cv-x: slices that are test in no fold: 1"):
        pool([Fold("cv-x-fold0", first.test[ROW].iloc[:1]), second])


def test_arms_on_other_folds_cannot_be_paired():
    here, there = pool([first_fold(), second_fold()]), pool([first_fold(), second_fold(group=9)])
    check_same({"one": here, "same": here.copy()})
    with pytest.raises(UserError, match="other: its slices, groups or folds are not those of one"):
        check_same({"one": here, "other": there})


def test_scores_that_are_not_defined_stay_so():
    table = pool([first_fold(), second_fold()])
    assert np.isnan(table["dice"][2])  # no tumour, none predicted
    assert scored("a", 0, 0, 0, 0, 0)["precision"].isna().all()
