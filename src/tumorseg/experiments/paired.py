"""Paired differences between the arms of a study and its reference, on the validation split.

The machinery of `tumorseg.paired`: slices are drawn in groups, the same ones for all arms. Test is left for
the one model that is delivered in the end: a choice made on it would cost it its worth.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumorseg.experiments.study_file import Differences
from tumorseg.paired import STATISTICS, Scored, differences, holm, observed, sample

KEYS = ["difference", "low", "high", "p", "p_holm"]


def paired_differences(
    slices: dict[str, pd.DataFrame], reference: str, steps: dict[str, Sequence[str]]
) -> dict[str, Differences]:
    """By how much each arm is above the reference, in Dice, with Holm's correction over the arms.

    Args:
        slices: By arm: its valid rows: file, group, tumor_pixels, tp, fp, fn, dice.
        reference: One of the arms.
        steps: By arm: its `preprocess`.

    Returns:
        By arm but the reference. Arms whose valid slices or labels are others than the reference's are left
        out, since nothing can be paired.
    """
    base = slices[reference]
    same = [
        arm
        for arm, table in slices.items()
        if arm != reference
        and _have_same_slices(table, base)
        # What is cut off is no tumour of the slice, so labels can be compared within the same frame alone.
        and (_frame(steps[arm]) != _frame(steps[reference]) or _have_same_labels(table, base))
    ]
    names = [*same, reference]  # of a pair, the second is the one that the first is above
    tables = [slices[arm].set_index("file").loc[base["file"]] for arm in names]
    scored = Scored(
        names,
        # The reference's groups: those of lookalikes may differ a little with the image size.
        groups=base["group"].to_numpy(np.int64),
        counts=np.array([table[["tp", "fp", "fn"]].to_numpy(np.int64) for table in tables]),
        dice=np.array([table["dice"].to_numpy(float) for table in tables]),
    )
    rows = differences(names, observed(scored), sample(scored), base["group"].nunique())
    found = {}
    for statistic in STATISTICS:
        part = rows[(rows["statistic"] == statistic) & (rows["other"] == reference)].set_index("model")
        found[statistic] = part.assign(p_holm=holm(part["p"].to_numpy(float)))[KEYS].to_dict("index")
    return {arm: Differences.model_validate({key: each[arm] for key, each in found.items()}) for arm in same}


def _have_same_slices(table: pd.DataFrame, base: pd.DataFrame) -> bool:
    """Whether both are of the same slices, in whatever order."""
    return base["file"].is_unique and sorted(table["file"]) == sorted(base["file"])


def _have_same_labels(table: pd.DataFrame, base: pd.DataFrame) -> bool:
    """Whether the same slices have as much annotated tumour, at their native size."""
    one, other = (each.set_index("file")["tumor_pixels"] for each in (table, base))
    return bool((one.loc[other.index] == other).all())


def _frame(steps: Sequence[str]) -> tuple[str, ...]:
    """The steps that say which part of a slice is kept: those up to the last crop."""
    last = max((place for place, step in enumerate(steps) if step == "crop"), default=-1)
    return tuple(steps[: last + 1])
