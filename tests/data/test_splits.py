import numpy as np
import pandas as pd
import pytest

from tumorseg.data.splits import LEFT_OUT, assign, group_slices, resolve
from tumorseg.errors import UserError
from tumorseg.params import Blocks
from tumorseg.sections import Split

SHIPPED = {"strategy": "shipped", "folds": 4, "fold": 0}


def rule(gap: int = 3, **changes: object) -> tuple[Split, Blocks]:
    return Split(**SHIPPED | changes), Blocks(size=10, gap=gap)


def slices(count: int, **columns: object) -> pd.DataFrame:
    """Numbered slices of two categories and rising tumour size, as `prepare` describes them."""
    rows = {
        "file": [f"{number}_a.jpg" for number in range(count)],
        "as_shipped": "train",
        "category": np.where(np.arange(count) % 40 < 20, "0", "1"),
        "sequence": pd.array(range(count), dtype="Int64"),
        "tumor_pixels": 10 * (np.arange(count) % 17),
        "height": 32,
        "width": 32,
    }
    return pd.DataFrame(rows | columns)


def test_as_shipped_nothing_moves():
    table = slices(4, as_shipped=["train", "test", "valid", "train"])
    lookalikes = np.array([0, 0, 1, 2])
    assert group_slices(table, lookalikes, *rule()).tolist() == [0, 0, 1, 2]
    assert assign(table, lookalikes, *rule()).tolist() == ["train", "test", "valid", "train"]


def test_blocks_are_runs_of_numbers_whatever_the_order_of_the_slices():
    table = slices(4, sequence=pd.array([25, 9, 10, 29], dtype="Int64"))
    assert group_slices(table, np.zeros(4, int), *rule(strategy="blocks")).tolist() == [2, 0, 1, 2]


@pytest.mark.parametrize("fold", range(4))
def test_what_is_left_out_is_near_to_a_split_that_must_not_know_it_and_nothing_else(fold):
    table, groups = slices(200), np.arange(200) // 10
    split = assign(table, groups, *rule(strategy="blocks", fold=fold))
    dealt = assign(table, groups, *rule(strategy="blocks", fold=fold, gap=0))
    assert LEFT_OUT not in dealt
    assert (split == "test").sum() == 50  # a fourth, and none of it left out
    others = {"train": {"valid", "test"}, "valid": {"test"}, "test": set()}
    for number in range(200):
        near = {dealt[other] for other in range(200) if abs(other - number) <= 3}
        left_out = near & others[dealt[number]]
        assert split[number] == (LEFT_OUT if left_out else dealt[number])


@pytest.mark.parametrize("strategy", ["blocks", "similar"])
def test_every_slice_is_test_in_one_fold_and_valid_in_the_one_before(strategy):
    table = slices(200)
    groups = np.arange(200) // 10
    splits = [assign(table, groups, *rule(strategy=strategy, fold=fold, gap=0)) for fold in range(4)]
    for earlier, later in zip(splits, splits[1:] + splits[:1], strict=True):
        np.testing.assert_array_equal(earlier == "valid", later == "test")
    assert (np.sum([split == "test" for split in splits], axis=0) == 1).all()
    for split in splits:
        assert all(len(set(split[groups == group])) == 1 for group in range(20))


def test_folds_are_even_in_category_and_tumour_size():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(80), 5)  # of one category each, with tumours of about one size
    category, size = rng.choice(["a", "b"], 80, p=[0.7, 0.3]), rng.integers(1, 1000, 80)
    table = slices(400, category=category[groups], tumor_pixels=size[groups] + rng.integers(0, 50, 400))
    test = assign(table, groups, *rule(strategy="similar")) == "test"
    assert test.mean() == pytest.approx(0.25, abs=0.02)
    assert (table.category[test] == "a").mean() == pytest.approx((table.category == "a").mean(), abs=0.05)
    median = table.tumor_pixels.median()
    assert (table.tumor_pixels[test] > median).mean() == pytest.approx(0.5, abs=0.08)


def test_each_fold_has_a_small_a_medium_and_a_large_tumour_for_the_size_of_its_slice():
    # Pixels of the tumour, and sides of the slice: the share is 1/64 to 12/64, in an order that neither has.
    share = np.array([10, 3, 8, 5, 6, 12, 1, 4, 7, 11, 9, 2])
    height, width = np.array([8, 80, 8, 24] * 3), np.array([80, 8, 8, 16] * 3)
    pixels = share * height * width // 64
    table = slices(12, tumor_pixels=pixels, height=height, width=width, category="0")
    for fold in range(4):
        split = assign(table, np.arange(12), *rule(strategy="similar", fold=fold))
        assert sorted((share[split == "test"] - 1) // 4) == [0, 1, 2]


def test_as_many_groups_as_folds_are_enough():
    split = assign(slices(20), np.arange(20) // 5, *rule(strategy="similar"))
    assert [(split == part).sum() for part in ("train", "valid", "test")] == [10, 5, 5]


def test_a_category_of_one_slice_is_dealt_without_a_word(recwarn):
    table = slices(40, category=["rare"] + ["0"] * 39)
    assign(table, np.arange(40) // 2, *rule(strategy="similar"))
    assert not recwarn.list


def test_slices_too_few_to_be_evened_out_are_dealt_all_the_same():
    # Six slices of two categories and three sizes: no kind has as many members as there are folds.
    table = slices(6, category=["0", "1", "0", "1", "0", "1"])
    split = assign(table, np.arange(6), *rule(strategy="similar"))
    assert sorted(set(split)) == ["test", "train", "valid"]


def test_a_split_shipped_without_a_slice_is_an_error():
    with pytest.raises(
        UserError, match=r"split\.strategy: no annotated slice was shipped as valid; choose auto"
    ):
        assign(slices(3, as_shipped=["train", "test", "train"]), np.arange(3), *rule())


@pytest.mark.parametrize(
    ("shipped", "strategy", "why"),
    [
        (["train", "valid", "test"], "shipped", "all splits were shipped"),
        (["train", "train", "valid"], "similar", "no annotated slice was shipped as test"),
        (["train", "train", "train"], "similar", "no annotated slice was shipped as valid or test"),
    ],
)
def test_auto_keeps_splits_that_were_shipped_and_makes_others(shipped, strategy, why, capsys):
    chosen = resolve(rule(strategy="auto")[0], pd.Series(shipped), np.arange(9))
    assert chosen == rule(strategy=strategy)[0]
    assert capsys.readouterr().out == f"split.strategy: auto is {strategy}, as {why}\n"


@pytest.mark.parametrize("strategy", ["shipped", "blocks", "similar"])
def test_what_is_asked_for_is_kept_without_a_word(strategy, capsys):
    asked = rule(strategy=strategy)[0]
    assert resolve(asked, pd.Series(["train"]), np.zeros(1)) is asked
    assert capsys.readouterr().out == ""


def test_auto_deals_a_small_set_into_as_many_folds_as_it_has_groups(capsys):
    asked, shipped = rule(strategy="auto", folds=8)[0], pd.Series(["train"] * 9)
    assert resolve(asked, shipped, np.arange(9) % 5).folds == 5
    assert "split.folds: 5, not 8: there are only 5 groups of slices" in capsys.readouterr().out
    assert resolve(asked, shipped, np.arange(9) % 2).folds == 8  # too few for three splits: refused later
    assert resolve(asked, shipped, np.arange(9) % 3).folds == 3
    for fold, folds in ((4, 5), (5, 8), (6, 8)):  # of five groups the last fold is 4
        later = rule(strategy="auto", folds=8, fold=fold)[0]
        assert resolve(later, shipped, np.arange(9) % 5).folds == folds
    every = pd.Series(["train", "valid", "test"] * 3)
    assert resolve(asked, every, np.arange(9) % 5).folds == 8  # as shipped, nothing is dealt


def test_blocks_need_numbers():
    table = slices(3, file=["1_a.jpg", "b.jpg", "c.jpg"], sequence=pd.array([1, None, None], dtype="Int64"))
    with pytest.raises(UserError, match=r"split\.strategy: blocks needs .* 2 of 3 do not, such as b\.jpg"):
        group_slices(table, np.arange(3), *rule(strategy="blocks"))


@pytest.mark.parametrize(
    ("fold", "way_out"), [(0, "-S split.folds=3"), (3, "-S split.folds=3 -S split.fold=0")]
)
def test_fewer_groups_than_folds_are_an_error_whose_way_out_works(fold, way_out):
    with pytest.raises(UserError, match=rf"split\.folds: 4 folds of only 3 groups .*, as with {way_out}$"):
        assign(slices(30), np.arange(30) // 10, *rule(strategy="similar", fold=fold))
    split = assign(slices(30), np.arange(30) // 10, *rule(strategy="similar", folds=3))
    assert set(split) == {"train", "valid", "test"}


@pytest.mark.parametrize(
    ("strategy", "groups", "why", "way_out"),
    [
        ("similar", 2, "slices that look alike together, and all slices are 2 such groups", "add slices"),
        ("similar", 1, "slices that look alike together, and all slices are 1 such group", "add slices"),
        ("blocks", 2, "runs of file numbers together, and all slices are 2 such groups", "make blocks"),
    ],
)
def test_one_or_two_groups_are_too_few_for_any_number_of_folds(strategy, groups, why, way_out):
    for shipped, choice in (("train", ""), (["train", "valid", "test"] * 4, "choose shipped, or ")):
        table = slices(12, as_shipped=shipped)
        message = rf"split\.strategy: {strategy} keeps {why}, too few .*; {choice}{way_out}"
        with pytest.raises(UserError, match=message):
            assign(table, np.arange(12) % groups, *rule(strategy=strategy, folds=3))


def test_a_gap_that_leaves_nothing_to_train_on_is_an_error():
    with pytest.raises(UserError, match=r"blocks\.gap: every train slice is within 40 file numbers"):
        assign(slices(40), np.arange(40) // 10, *rule(strategy="blocks", gap=40))
