"""The slices of all folds as one table, each as it was scored in the one fold where it is test."""

from dataclasses import dataclass

import pandas as pd

from tumorseg.errors import UserError

SLICE = ["as_shipped", "file"]  # what names a slice of the set
AGAIN = "the data have changed between folds: dvc exp remove these experiments, and run them again"


@dataclass(frozen=True)
class Fold:
    """What one fold has scored."""

    experiment: str
    test: pd.DataFrame  # its test slices as `evaluation` scored them: file, index, group, counts and scores
    prepared: pd.DataFrame  # every slice of the set, as from `Result.prepared`

    @property
    def left_out(self) -> int:
        """Slices that are in no split of this fold, as too near another one."""
        return int(self.prepared["split"].isna().sum())


def pool(folds: list[Fold]) -> pd.DataFrame:
    """Every slice of the set once.

    Returns:
        The columns of `Fold.test`, with `as_shipped` and `fold`, in the order of SLICE.

    Raises:
        UserError: The folds are not of one set of slices, a slice is test in none of them or in several, or
            slices of one group are test in different folds.
    """
    every = sorted(_keys(folds[0].prepared))
    rows = pd.concat([_test(each).assign(fold=number) for number, each in enumerate(folds)])
    name = folds[0].experiment.rpartition("-")[0]
    for each in folds[1:]:
        if sorted(_keys(each.prepared)) != every:
            raise UserError(f"{each.experiment}: its slices are not those of {folds[0].experiment}; {AGAIN}")
    tested = _keys(rows)
    if sorted(tested) != every:
        twice = len(tested) - len(set(tested))
        missing = len(set(every) - set(tested))
        raise UserError(f"{name}: {missing} slices are test in no fold, {twice} in several; {AGAIN}")
    if (rows.groupby("group")["fold"].nunique() > 1).any():
        raise UserError(f"{name}: slices of one group are test in different folds; {AGAIN}")
    return rows.sort_values(SLICE, ignore_index=True)


def _test(fold: Fold) -> pd.DataFrame:
    """The fold's test rows, with the split that each was shipped in."""
    prepared = fold.prepared[fold.prepared["split"] == "test"].astype({"index": int})
    rows = fold.test.merge(prepared[["index", *SLICE]], on=["index", "file"], validate="one_to_one")
    if len(rows) != len(fold.test) or len(rows) != len(prepared):
        raise UserError(f"{fold.experiment}: its scores are not of its test slices; {AGAIN}")
    return rows


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
