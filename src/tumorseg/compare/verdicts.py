"""Whether a model that learns beats the baselines, which learn nothing, in a sentence."""

import numpy as np
import pandas as pd

from tumorseg.compare.differences import Difference, between
from tumorseg.paired import ALPHA
from tumorseg.text import signed


def verdicts(learns: dict[str, bool], dice: dict[str, float], table: pd.DataFrame) -> dict[str, list[str]]:
    """What each model scores beside every baseline, on test: a line a baseline.

    Args:
        learns: By model: whether it learns.
        dice: By model: pooled Dice on test.
        table: As from `paired.differences`.
    """
    baselines = [name for name, learned in learns.items() if not learned]
    return {
        name: _verdict(name, baselines, dice, table) if learned else ["learns nothing: a level to beat"]
        for name, learned in learns.items()
    }


def _verdict(name: str, baselines: list[str], dice: dict[str, float], table: pd.DataFrame) -> list[str]:
    if not baselines:
        return ["no baseline to beat: every model of params.yaml learns"]
    parts = []
    for baseline in baselines:
        row = between(table, name, baseline)
        parts.append(
            f"{relation(row)} {baseline}: Dice {dice[name]:.2f} against {dice[baseline]:.2f}, "
            f"difference {signed(row.difference, 2)} {_chance(row)}"
        )
    return parts


def relation(row: Difference) -> str:
    """How the first of two models compares with the second, in words."""
    if np.isnan(row.p_holm):
        return "cannot be tested against"
    if row.p_holm >= ALPHA:
        return "cannot be told from"
    return "beats" if row.difference > 0 else "does not beat"


def _chance(row: Difference) -> str:
    if np.isnan(row.p_holm):
        return "(no interval: the test slices are too few)"
    p = "Holm p < 0.001" if row.p_holm < 0.001 else f"Holm p {row.p_holm:.{3 if row.p_holm < 0.1 else 2}f}"
    # One pair's interval and a p that is corrected for all of them may point to different sides of chance.
    apart = " (corrected for all pairs; the interval is of this pair alone)"
    disagree = (row.low > 0 or row.high < 0) != (row.p_holm < ALPHA)
    return f"[{signed(row.low, 2)}, {signed(row.high, 2)}], {p}{apart if disagree else ''}"
