"""The folds that a cross-validation's files in docs/results hold, so that they need not be run again."""

from pathlib import Path

import pandas as pd
from pandas.api.types import is_integer_dtype, is_numeric_dtype

from tumorseg.errors import UserError
from tumorseg.evaluation.tables import COUNTS
from tumorseg.experiments.cv.file import read_cross_validation
from tumorseg.experiments.cv.pool import ROW, Fold
from tumorseg.experiments.cv.score import FoldResult
from tumorseg.experiments.experiment import Experiment
from tumorseg.metrics import scores
from tumorseg.reading import reading
from tumorseg.text import counted

TEXT = {"as_shipped": str, "file": str, "category": str, "arm": str}
WAY_OUT = "leave --keep out to run all folds anew"


def kept_folds(file: Path, arms: dict[str, list[Experiment]]) -> dict[str, FoldResult]:
    """Folds that were run with the params of these experiments, whatever the code was.

    Args:
        file: docs/results/NAME.json; NAME.csv is beside it. Where it is missing, nothing is kept.
        arms: By arm: its folds, in order.

    Returns:
        By name of the experiment.

    Raises:
        UserError: The files are malformed, or do not go together.
    """
    if not file.exists():
        return {}
    results = read_cross_validation(file)
    rows = _read_rows(file.with_suffix(".csv"))
    whole = (arm.folds for arm in results.arms.values())
    held = {each.experiment: each for folds in (*results.partial.values(), *whole) for each in folds}
    kept = {}
    for arm, experiments in arms.items():
        for number, each in enumerate(experiments):
            about = held.get(each.name)
            if about is None or about.params != each.digest():
                continue
            test = rows[(rows["arm"] == arm) & (rows["fold"] == number)]
            if len(test) != about.slices or test["group"].nunique() != about.groups:
                raise UserError(
                    f"{file.with_suffix('.csv')}: its rows of {each.name} are not the "
                    f"{counted(about.slices, 'slice')} in {counted(about.groups, 'group')} of {file.name}; "
                    f"{WAY_OUT}"
                )
            kept[each.name] = FoldResult(Fold(each.name, test[ROW]), about)
    return kept


def _read_rows(path: Path) -> pd.DataFrame:
    """The rows of every slice and arm, with the Dice to its last digit."""
    with reading(path, WAY_OUT):
        table = pd.read_csv(path, dtype=TEXT, keep_default_na=False, na_values={"box_iou": "", "dice": ""})
        if absent := [name for name in (*ROW, "fold", "arm") if name not in table]:
            raise ValueError(f"has no column {absent[0]}")
        for name in (name for name in (*ROW, "fold") if name not in TEXT):
            column, real = table[name], name in ("dice", "box_iou")
            if not (is_numeric_dtype(column) if real else is_integer_dtype(column)) or (column < 0).any():
                raise ValueError(f"{name}: must be {'a number' if real else 'whole'}, 0 or more")
    return table.assign(dice=scores(*table[COUNTS].to_numpy().T)["dice"])
