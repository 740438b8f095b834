"""Whether a model that learns beats the baselines, which learn nothing, in a sentence."""

import numpy as np
import pandas as pd

from tumorseg.compare.differences import between

ALPHA = 0.05  # a Holm-corrected p-value below it is more than chance


def verdicts(learns: dict[str, bool], dice: dict[str, float], table: pd.DataFrame) -> dict[str, list[str]]:
    """What each model scores beside every baseline, on test: a line a baseline.

    Args:
        learns: By model: whether it learns.
        dice: By model: pooled Dice on test.
        table: As from `differences.differences`.
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
            f"difference {signed(row['difference'])} {_chance(row)}"
        )
    return parts


def relation(row: pd.Series) -> str:
    """What a row of `between` says of its first model."""
    if np.isnan(row["p_holm"]):
        return "cannot be tested against"
    if row["p_holm"] >= ALPHA:
        return "cannot be told from"
    return "beats" if row["difference"] > 0 else "does not beat"


def _chance(row: pd.Series) -> str:
    if np.isnan(row["p_holm"]):
        return "(no interval: the test slices are too few)"
    p = (
        "Holm p < 0.001"
        if row["p_holm"] < 0.001
        else f"Holm p {row['p_holm']:.{3 if row['p_holm'] < 0.1 else 2}f}"
    )
    return f"[{signed(row['low'])}, {signed(row['high'])}], {p}"


def signed(value: float, digits: int = 2) -> str:
    """So many decimals and a sign: +0.05, −0.44, +0.00."""
    return f"{round(value, digits) + 0:+.{digits}f}".replace("-", "−")  # −0.0 + 0 is 0.0
