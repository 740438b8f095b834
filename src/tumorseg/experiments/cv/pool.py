"""The slices of all folds as one table, each as it was scored in the one fold where it is test."""

from dataclasses import dataclass

import pandas as pd

from tumorseg.errors import UserError
from tumorseg.evaluation.tables import COUNTS

SLICE = ["as_shipped", "file"]  # what names a slice of the set
# What is kept of a slice, and what its scores follow from.
ROW = [*SLICE, "group", "category", *COUNTS, "dice", "box_iou", "lesions", "lesions_found", "false_lesions"]
AGAIN = "the data have changed between folds: dvc exp remove these experiments, and run them again"


@dataclass(frozen=True)
class Fold:
    """What one fold has scored."""

    experiment: str
    test: pd.DataFrame  # its test slices as `evaluation` scored them, with `as_shipped`: ROW, and more
    every: list[tuple[str, str]] | None = None  # SLICE of all slices of the set, in order; None: not known


def fold_of(experiment: str, test: pd.DataFrame, prepared: pd.DataFrame) -> Fold:
    """A fold from what its experiment left.

    Args:
        experiment: Its name.
        test: As from `Result.slices`.
        prepared: As from `Result.prepared`.

    Raises:
        UserError: The two do not go together.
    """
    tested = prepared[prepared["split"] == "test"].astype({"index": int})
    rows = test.merge(tested[["index", *SLICE]], on=["index", "file"], validate="one_to_one")
    if len(rows) != len(test) or len(rows) != len(tested):
        raise UserError(f"{experiment}: its scores are not of its test slices; {AGAIN}")
    return Fold(experiment, rows, sorted(_keys(prepared)))


def pool(folds: list[Fold]) -> pd.DataFrame:
    """Every slice of the set once.

    Returns:
        The columns of `Fold.test`, and `fold`, in the order of SLICE.

    Raises:
        UserError: The folds are not of one set of slices, a slice is test in none of them or in several, or
            slices of one group are test in different folds.
    """
    rows = pd.concat([each.test.assign(fold=number) for number, each in enumerate(folds)])
    name = folds[0].experiment.rpartition("-")[0]
    tested = _keys(rows)
    first, *others = [each for each in folds if each.every] or [Fold(name, rows, sorted(set(tested)))]
    for each in others:
        if each.every != first.every:
            raise UserError(f"{each.experiment}: its slices are not those of {first.experiment}; {AGAIN}")
    every = first.every or []
    if sorted(tested) != every:
        twice = len(tested) - len(set(tested))
        missing = len(set(every) - set(tested))
        raise UserError(f"{name}: slices that are test in no fold: {missing}, in several: {twice}; {AGAIN}")
    if (rows.groupby("group")["fold"].nunique() > 1).any():
        raise UserError(f"{name}: slices of one group are test in different folds; {AGAIN}")
    return rows.sort_values(SLICE, ignore_index=True)


def _keys(table: pd.DataFrame) -> list[tuple[str, str]]:
    return list(table[SLICE].itertuples(index=False, name=None))


def check_same(arms: dict[str, pd.DataFrame]) -> None:
    """Raise a `UserError` where arms cannot be paired: their slices, groups or folds are not the same.

    Args:
        arms: By arm: as from `pool`.
    """
    (first, base), *others = arms.items()
    columns = [*SLICE, "group", "fold"]
    for name, table in others:
        if not table[columns].equals(base[columns]):
            raise UserError(f"{name}: its slices, groups or folds are not those of {first}; {AGAIN}")
