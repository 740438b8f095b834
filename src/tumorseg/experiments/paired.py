"""Paired differences between the arms of a study and its reference, on the validation split.

The machinery of `tumorseg.paired`, an arm at a time: slices are drawn in groups, the same ones
for both. Test is left for the one model that is delivered in the end: a choice made on it would cost it its
worth.
"""

from typing import Any

import numpy as np
import pandas as pd

from tumorseg.paired import STATISTICS, Scored, differences, holm, observed, sample


def paired_differences(slices: dict[str, pd.DataFrame], reference: str) -> dict[str, dict[str, Any] | None]:
    """By how much each arm is above the reference, in Dice.

    Args:
        slices: By arm: its valid rows: file, group, tp, fp, fn, dice.
        reference: One of the arms.

    Returns:
        By arm but the reference: for each statistic (pooled over all pixels; mean of the slices) the
        difference, `low` and `high` of its 95 % interval, p and p_holm (Holm's correction over the arms).
        None where an arm's valid slices are others than the reference's, so that nothing can be paired.
    """
    base = slices[reference]
    by_arm = {
        arm: _difference(arm, table, reference, base) for arm, table in slices.items() if arm != reference
    }
    paired = [difference for difference in by_arm.values() if difference]
    for statistic in STATISTICS:
        corrected = holm(np.array([each[statistic]["p"] for each in paired], float))
        for each, p in zip(paired, corrected, strict=True):
            each[statistic]["p_holm"] = float(p)
    return by_arm


def _difference(arm: str, table: pd.DataFrame, reference: str, base: pd.DataFrame) -> dict[str, Any] | None:
    if not base["file"].is_unique or sorted(table["file"]) != sorted(base["file"]):
        return None
    table = table.set_index("file").loc[base["file"]]
    both = [table, base]
    scored = Scored(
        [arm, reference],
        # The reference's groups: those of lookalikes may differ a little with the image size.
        groups=base["group"].to_numpy(np.int64),
        counts=np.array([each[["tp", "fp", "fn"]].to_numpy(np.int64) for each in both]),
        dice=np.array([each["dice"].to_numpy(float) for each in both]),
    )
    groups = len(np.unique(scored.groups))
    rows = differences(scored.names, observed(scored), sample(scored), groups)
    of = rows.set_index("statistic").to_dict("index")
    return {
        statistic: {key: float(of[statistic][key]) for key in ("difference", "low", "high", "p")}
        for statistic in STATISTICS
    }
