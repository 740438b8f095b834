"""Pictures of models against models and of models against ranks."""

import textwrap
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from tumorseg.compare.differences import between
from tumorseg.figures import BETTER, CHARACTER, DPI, STYLE, WORSE, axes_at, save
from tumorseg.paired import ALPHA
from tumorseg.text import signed

CELL = (0.64, 0.36)  # inches
NARROWEST = 5.2  # inches: below it, captions would take many lines
FOOT = 0.62  # inches for a caption of two lines
SLANT = np.sqrt(0.5)  # of labels turned by 45°
CHANCE = "#E6E6E6"
DARK = 0.7  # cells of more than this part of the scale take white text


def difference_map(path: Path, names: list[str], table: pd.DataFrame) -> None:
    """Draw by how much each model (row) is above each other one (column), in pooled Dice on test.

    Args:
        path: PNG to write.
        names: In the order to draw.
        table: As from `paired.differences`.
    """
    count = len(names)
    values, firm = np.zeros((count, count)), np.zeros((count, count), bool)
    for i, j in zip(*np.where(~np.eye(count, dtype=bool)), strict=True):
        row = between(table, names[i], names[j])
        values[i, j], firm[i, j] = row.difference, row.p_holm < ALPHA
    limit = np.nanmax(np.abs(values)) or 1
    colors = LinearSegmentedColormap.from_list("difference", [WORSE, "white", BETTER])(
        0.5 + values / limit / 2
    )
    colors[~firm] = matplotlib.colors.to_rgba(CHANCE)
    colors[np.eye(count, dtype=bool)] = 1
    texts = [[signed(values[i, j], 2) if i != j else "" for j in range(count)] for i in range(count)]
    caption = (
        "Dice on test, row less column. Blue: the row is better. Orange: the column is. Grey: may be chance "
        f"(Holm-corrected p of {ALPHA} or more, or untested)."
        if count > 1
        else "There is only one model: nothing to compare it with."
    )
    above = CHARACTER * SLANT * max(map(len, names)) + 0.15
    with matplotlib.rc_context(STYLE):
        figure, axis = _map(names, caption, above, right=above)
        _cells(axis, colors, texts, white=firm & (np.abs(values) > DARK * limit), grey=~firm)
        axis.set_xticks(range(count), names, rotation=45, ha="left", rotation_mode="anchor")
        save(figure, path)


def rank_map(path: Path, names: list[str], shares: np.ndarray) -> None:
    """Draw how often each model has each rank by pooled Dice, over the replicates of the test slices.

    Args:
        path: PNG to write.
        names: In the order to draw.
        shares: As from `differences.rank_shares`.
    """
    count = len(names)
    colors = LinearSegmentedColormap.from_list("share", ["white", BETTER])(np.nan_to_num(shares))
    texts = [[percent(share) for share in row] for row in shares]
    caption = (
        "The test slices are too few to be drawn anew."
        if np.isnan(shares).any()
        else "Share of the draws of groups of test slices in which a model has a rank by Dice."
    )
    with matplotlib.rc_context(STYLE):
        figure, axis = _map(names, caption, above=0.3, right=0.2)
        _cells(axis, colors, texts, white=shares > DARK, grey=np.zeros((count, count), bool))
        axis.set_xticks(range(count), [str(rank) for rank in range(1, count + 1)])
        save(figure, path)


def _map(names: list[str], caption: str, above: float, right: float) -> tuple[Figure, Axes]:
    """A figure, and axes on it for a square of cells with a row a model."""
    count = len(names)
    left = CHARACTER * max(map(len, names)) + 0.2
    width, height = CELL[0] * count, CELL[1] * count
    across = max(NARROWEST, left + width + right)
    figure = Figure(figsize=(across, above + height + FOOT), dpi=DPI)
    up = figure.get_figheight()
    wrapped = textwrap.fill(caption, int((across - 0.24) / 0.066))
    figure.text(0.12 / across, (FOOT - 0.14) / up, wrapped, va="top", fontsize=8, color="#444444")
    axis = axes_at(figure, left, FOOT, width, height)
    axis.set_yticks(range(count), names)
    axis.tick_params(length=0, labeltop=True, labelbottom=False)
    axis.spines[:].set_visible(False)
    return figure, axis


def _cells(
    axis: Axes, colors: np.ndarray, texts: list[list[str]], white: np.ndarray, grey: np.ndarray
) -> None:
    count = len(colors)
    axis.imshow(colors, aspect="auto", interpolation="nearest")
    for edge in np.arange(count + 1) - 0.5:
        axis.axhline(edge, color="white", linewidth=2)
        axis.axvline(edge, color="white", linewidth=2)
    for i in range(count):
        for j in range(count):
            color = "white" if white[i, j] else "#6A6A6A" if grey[i, j] else "black"
            axis.text(j, i, texts[i][j], ha="center", va="center", fontsize=8, color=color)


def percent(share: float) -> str:
    if not share > 0:  # NaN included
        return ""
    if share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"
