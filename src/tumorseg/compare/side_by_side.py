"""The same test slices as every model sees them."""

import textwrap
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from tumorseg.data.slices import SplitArrays
from tumorseg.figures import DPI, PREDICTION, STYLE, TRUTH, axes_at, outline, save
from tumorseg.metrics import mean_defined

ROWS = 6  # slices
LARGEST, WIDEST = 1.5, 13.0  # inches: the side of a slice, and the whole picture
BETWEEN, EDGE, HEAD, FOOT = 0.06, 0.1, 0.45, 0.35  # inches
SMALL_CHARACTER = 0.068  # inches that a character of 8 points takes, at most


def choose_rows(dice: np.ndarray, learned: list[bool]) -> np.ndarray:
    """Rows of ROWS slices, from the best to the worst at even steps of the mean Dice over models that learn.

    A slice without Dice, since no tumour is annotated and no model predicts any, is left out, unless all are.

    Args:
        dice: float (M, N), NaN where undefined.
        learned: By model: whether it learns; where none does, the mean is over all.
    """
    dice = dice[learned] if any(learned) else dice
    defined = ~np.isnan(dice)
    mean = mean_defined(dice, axis=0)
    rows = np.flatnonzero(defined.any(axis=0)) if defined.any() else np.arange(len(mean))
    order = rows[np.argsort(-mean[rows], kind="stable")]
    steps = np.unique(np.linspace(0, len(order) - 1, ROWS).round().astype(int))
    return np.asarray(order[steps])


def side_by_side(
    path: Path, test: SplitArrays, rows: np.ndarray, predictions: dict[str, np.ndarray], dice: np.ndarray
) -> None:
    """Draw slices with their annotation, and beside it what every model predicts in them, with its Dice.

    Args:
        path: PNG to write.
        test: The test slices.
        rows: Those to draw, R.
        predictions: By model: its predicted pixels in them, bool (R, S, S).
        dice: float (M, R), in the order of `predictions`.
    """
    columns = 1 + len(predictions)
    side = min(LARGEST, (WIDEST - 2 * EDGE + BETWEEN) / columns - BETWEEN)
    step = side + BETWEEN
    width, height = 2 * EDGE + columns * step - BETWEEN, HEAD + len(rows) * step - BETWEEN + FOOT
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), dpi=DPI)
        for column, name in enumerate(["annotation", *predictions]):
            left = EDGE + column * step
            # Names of several words break after an underscore.
            wrapped = textwrap.fill(name.replace("_", "_ "), int(side / SMALL_CHARACTER)).replace("_ ", "_")
            at = ((left + side / 2) / width, 1 - (HEAD - 0.05) / height)
            figure.text(*at, wrapped, ha="center", va="bottom", fontsize=8)
            for place, row in enumerate(rows):
                axis = axes_at(figure, left, FOOT + (len(rows) - 1 - place) * step, side, side)
                axis.axis("off")
                axis.imshow(test.images[row], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
                outline(axis, test.masks[row] > 0, TRUTH, "solid")
                if column:
                    outline(axis, predictions[name][place], PREDICTION, "solid")
                    value = dice[column - 1, place]
                    _caption(axis, "no Dice" if np.isnan(value) else f"{value:.2f}")
                else:
                    _caption(axis, test.table["file"][row][: int(side / SMALL_CHARACTER)])
        handles = [
            Line2D([], [], color=TRUTH, label="annotated"),
            Line2D([], [], color=PREDICTION, label="predicted, and its Dice"),
        ]
        figure.legend(handles=handles, loc="lower left", ncols=2, frameon=False, fontsize=8)
        save(figure, path)


def _caption(axis: Axes, text: str) -> None:
    """Words in the corner of a slice, legible whatever lies below them."""
    edge = [withStroke(linewidth=1.5, foreground="black")]
    axis.text(
        0.03, 0.97, text, transform=axis.transAxes, va="top", fontsize=7, color="white", path_effects=edge
    )
