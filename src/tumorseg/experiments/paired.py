"""Paired differences between the arms of a study and its reference, on the validation split.

The machinery of `tumorseg.paired`: slices are drawn in groups, the same ones for all arms. Test is left for
the one model that is delivered in the end: a choice made on it would cost it its worth.
"""

import numpy as np
import pandas as pd

from tumorseg.experiments.study_file import Differences
from tumorseg.paired import STATISTICS, Scored, differences, holm, observed, sample

KEYS = ["difference", "low", "high", "p", "p_holm"]


def paired_differences(slices: dict[str, pd.DataFrame], reference: str) -> dict[str, Differences]:
    """By how much each arm is above the reference, in Dice, with Holm's correction over the arms.

    Args:
        slices: By arm: its valid rows: file, group, tp, fp, fn, dice.
        reference: One of the arms.

    Returns:
        By arm but the reference. Arms whose valid slices are others than the reference's are left out, since
        nothing can be paired.
    """
    base = slices[reference]
    same = [arm for arm, table in slices.items() if arm != reference and _are_same(table, base)]
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


def _are_same(table: pd.DataFrame, base: pd.DataFrame) -> bool:
    """Whether both are of the same slices, in whatever order."""
    return base["file"].is_unique and sorted(table["file"]) == sorted(base["file"])
