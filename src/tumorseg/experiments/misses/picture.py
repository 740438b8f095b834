"""The picture of missed slices: of each fact, the worst of the third in which most are missed."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tumorseg.experiments.misses.factors import MISSED, thirds
from tumorseg.figures import DPI, PREDICTION, STYLE, TRUTH, axes_at, outline, save, show_slice

ACROSS, SIDE, ABOVE, FOOT = 6, 1.9, 0.75, 0.4  # slices in a row; inches


def choose(table: pd.DataFrame, rows: list[dict[str, Any]]) -> dict[str, tuple[str, np.ndarray]]:
    """By fact: the third with the largest share of missed slices, and where in `table` its worst ones are.

    Args:
        table: As of `factors.factors`.
        rows: Its result.
    """
    chosen = {}
    for row in rows:
        shares = {name: np.nan_to_num(part["missed"], nan=-1) for name, part in row["thirds"].items()}
        third = max(shares, key=lambda name: shares[name])
        inside = ((thirds(table[row["factor"]]) == third) & (table["dice"] < MISSED)).to_numpy()
        places = np.flatnonzero(inside)
        order = table["dice"].to_numpy()[places].argsort(kind="stable")
        chosen[row["factor"]] = (third, places[order][:ACROSS])
    return chosen


def draw(
    path: Path,
    table: pd.DataFrame,
    chosen: dict[str, tuple[str, np.ndarray]],
    slices: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> None:
    """Draw a row a fact.

    Args:
        path: PNG to write.
        table: As of `factors.factors`, with `file`.
        chosen: As from `choose`.
        slices: By place in `table`: image, label and prediction (bool) of each that is chosen.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(ACROSS * SIDE, len(chosen) * (SIDE + ABOVE) + FOOT), dpi=DPI)
        for down, (name, (third, places)) in enumerate(chosen.items()):
            bottom = FOOT + (len(chosen) - 1 - down) * (SIDE + ABOVE)
            heading = axes_at(figure, 0.06, bottom, SIDE, SIDE + ABOVE)
            heading.axis("off")
            words = f"{name}: missed slices of the {third} third" if len(places) else f"{name}: none missed"
            heading.text(0, 0.92, words, fontweight="bold", transform=heading.transAxes)
            for column, place in enumerate(places.tolist()):
                axis = axes_at(figure, column * SIDE + 0.06, bottom, SIDE - 0.12, SIDE - 0.12)
                axis.axis("off")
                row = table.iloc[place]
                image, label, prediction = slices[place]
                show_slice(axis, image, f"{row['file']}\nDice {row['dice']:.2f}, here {row[name]:.3f}")
                outline(axis, prediction, PREDICTION, "dashed")
                outline(axis, label, TRUTH, "solid")
        handles = [
            Line2D([], [], color=TRUTH, label="annotated"),
            Line2D([], [], color=PREDICTION, linestyle="dashed", label="predicted"),
        ]
        figure.legend(handles=handles, loc="lower center", ncols=2, frameon=False, fontsize=8)
        save(figure, path)
