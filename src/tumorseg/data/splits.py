"""Which slices are train, valid and test: as they were shipped, or dealt anew so that little leaks.

A group is a set of slices that must not be parted: lookalikes, or a run of file numbers. Groups are dealt
into folds by scikit-learn's StratifiedGroupKFold, which evens out category and tumour size; the fold
`fold` is test, the next one valid, the others train. Nothing is drawn: same slices, same folds.
"""

import warnings

import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.errors import UserError
from tumorseg.params import Blocks
from tumorseg.sections import Split
from tumorseg.types import Strategy

LEFT_OUT = "left out"
FEWEST_FOLDS = 3  # train, valid and test
SIZES = 3  # classes of tumour size that are dealt evenly


def resolve(rule: Split, as_shipped: pd.Series, lookalikes: np.ndarray) -> Split:
    """The rule with a strategy that says what to do, in place of `auto`.

    `auto` is `shipped` where each of train, valid and test was shipped with slices, else `similar`, with no
    more folds than there are groups. The reason is printed.

    Args:
        rule: As params.yaml has it.
        as_shipped: The split that each slice was shipped as, str (N,).
        lookalikes: int (N,), as from `similarity.groups`.
    """
    if rule.strategy != "auto":
        return rule
    missing = [part for part in SPLITS if part not in set(as_shipped)]
    strategy: Strategy = "similar" if missing else "shipped"
    why = (
        f"no annotated slice was shipped as {' or '.join(missing)}" if missing else "all splits were shipped"
    )
    print(f"split.strategy: auto is {strategy}, as {why}", flush=True)
    rule = rule.model_copy(update={"strategy": strategy})
    count = len(np.unique(lookalikes))
    if strategy == "similar" and max(FEWEST_FOLDS, rule.fold + 1) <= count < rule.folds:
        print(f"split.folds: {count}, not {rule.folds}: there are only {count} groups of slices", flush=True)
        rule = rule.model_copy(update={"folds": count})
    return rule


def group_slices(table: pd.DataFrame, lookalikes: np.ndarray, rule: Split, blocks: Blocks) -> np.ndarray:
    """The group of every slice, int (N,): runs of file numbers under `blocks`, or else `lookalikes`.

    Args:
        table: N rows with `file` and `sequence`, the number that the file name begins with.
        lookalikes: int (N,), as from `similarity.groups`.

    Raises:
        UserError: `blocks`, and a file name begins with no number.
    """
    if rule.strategy != "blocks":
        return lookalikes
    unnumbered = table.file[table.sequence.isna()]
    if len(unnumbered):
        raise UserError(
            "params.yaml: split.strategy: blocks needs file names that begin with a number; choose similar "
            f"or shipped: {len(unnumbered)} of {len(table)} do not, such as {unnumbered.iloc[0]}"
        )
    return pd.factorize(table.sequence.to_numpy(np.int64) // blocks.size, sort=True)[0]


def assign(table: pd.DataFrame, groups: np.ndarray, rule: Split, blocks: Blocks) -> np.ndarray:
    """The split of every slice: train, valid, test or LEFT_OUT, as str (N,).

    Under `blocks`, a train slice at most `blocks.gap` file numbers from a valid or test slice is left out,
    and so is a valid slice that near to a test slice. Test keeps all of its slices.

    Args:
        table: N rows with `as_shipped`, `category`, `sequence`, `tumor_pixels`, `height` and `width`.
        groups: int (N,), as from `group_slices`.

    Raises:
        UserError: A split has no slice as shipped, there are fewer groups than folds, or the gap leaves no
            train or valid slice.
    """
    if rule.strategy == "shipped":
        split = table.as_shipped.to_numpy(str)
        for part in SPLITS:
            if part not in split:
                raise UserError(
                    f"params.yaml: split.strategy: no annotated slice was shipped as {part}; choose auto, "
                    "similar or blocks, which deal all slices anew"
                )
        return split
    _check_count(len(np.unique(groups)), table, rule)
    folds = _deal(table, groups, rule.folds)
    split = np.full(len(table), "train", dtype="<U8")
    split[folds == (rule.fold + 1) % rule.folds] = "valid"
    split[folds == rule.fold] = "test"
    if rule.strategy == "blocks":
        numbers = table.sequence.to_numpy(np.int64)
        for part, others in (("train", ("valid", "test")), ("valid", ("test",))):
            near = _distance(numbers, numbers[np.isin(split, others)]) <= blocks.gap
            split[(split == part) & near] = LEFT_OUT
    for part in ("train", "valid"):
        if part not in split:
            raise UserError(
                f"params.yaml: datasets: blocks.gap: every {part} slice is within {blocks.gap} file numbers "
                "of another split's; choose a smaller gap, or a larger size"
            )
    return split


def _check_count(groups: int, table: pd.DataFrame, rule: Split) -> None:
    """Raise a `UserError` where there are fewer groups than folds, with what can be done about it."""
    if groups >= rule.folds:
        return
    if groups >= FEWEST_FOLDS:
        fold = " -S split.fold=0" if rule.fold >= groups else ""
        raise UserError(
            f"params.yaml: split.folds: {rule.folds} folds of only {groups} groups of slices; choose fewer, "
            f"as with -S split.folds={groups}{fold}"
        )
    shipped = "choose shipped, or " if set(SPLITS) <= set(table.as_shipped) else ""
    why, way_out = {
        "similar": ("slices that look alike", "add slices that look less alike, such as of more patients"),
        "blocks": ("runs of file numbers", "make blocks.size of the dataset smaller"),
    }[rule.strategy]
    raise UserError(
        f"params.yaml: split.strategy: {rule.strategy} keeps {why} together, and all slices are {groups} "
        f"such group{'s' if groups > 1 else ''}, too few for train, valid and test; {shipped}{way_out}"
    )


def _deal(table: pd.DataFrame, groups: np.ndarray, folds: int) -> np.ndarray:
    """The fold of every slice, int (N,)."""
    from sklearn.model_selection import StratifiedGroupKFold

    share = table.tumor_pixels / (table.height * table.width)
    size = np.ceil(share.rank(method="first") / len(table) * SIZES).astype(int)
    strata = pd.factorize(table.category + " " + size.astype(str), sort=True)[0]
    if np.bincount(strata).max() < folds:  # too few slices to be evened out: scikit-learn refuses
        strata = np.zeros_like(strata)
    dealt = np.empty(len(table), dtype=int)
    with warnings.catch_warnings():
        # A rare category cannot be in every fold; the others are evened out all the same.
        warnings.filterwarnings("ignore", "The least populated class")
        for fold, (_, rows) in enumerate(StratifiedGroupKFold(folds).split(strata, strata, groups)):
            dealt[rows] = fold
    return dealt


def _distance(numbers: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How far each number is from the nearest of `others`."""
    ordered = np.sort(others)
    after = np.searchsorted(ordered, numbers)
    nearest = [ordered[np.clip(place, 0, len(ordered) - 1)] for place in (after - 1, after)]
    return np.min([np.abs(numbers - each) for each in nearest], axis=0)
