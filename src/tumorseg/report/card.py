"""The picture of the statement: the score beside scores without learning, and the sentences."""

import math
import textwrap
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tumorseg.figures import CATEGORY_COLORS, DPI, STYLE, axes_at, save
from tumorseg.report.context import BASELINES
from tumorseg.scores_file import Interval, SplitScores
from tumorseg.text import interval_text

WIDTH, TITLE, ROW, BELOW, LINE = 7.5, 0.55, 0.34, 0.5, 0.19  # inches; heights but for the first
LEFT, RIGHT = 1.9, 1.8  # inches beside the axis: names, figures
CHARACTERS = 92  # of a line of the statement
NAME = 20  # characters of a name that fit beside the axis


def draw_statement(
    path: Path, name: str, test: SplitScores, baselines: dict[str, Any], sentences: list[str]
) -> None:
    """Draw the pooled Dice with its interval and the baselines on one axis, the sentences below.

    Args:
        path: PNG to write.
        name: Of the model.
        test: Its scores on test.
        baselines: As from `context_of`.
        sentences: As from `statement`.
    """
    nearest_mask, mean_mask = (baselines[key]["pooled"] for key in BASELINES)
    short = name if len(name) <= NAME else f"{name[: NAME - 1]}…"
    rows = {short: test.dice, "most similar slice's mask": nearest_mask, "mean training mask": mean_mask}
    lines = [line for sentence in sentences for line in ("", *textwrap.wrap(sentence, CHARACTERS))]
    text = LINE * (len(lines) + 0.5)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, TITLE + ROW * len(rows) + BELOW + text), dpi=DPI)
        height = figure.get_figheight()
        figure.text(0.02, 1 - 0.3 / height, f"{short} on test", fontsize=12, fontweight="bold")
        axis = axes_at(figure, LEFT, text + BELOW, WIDTH - LEFT - RIGHT, ROW * len(rows))
        _draw_scores(axis, rows, test.dice_interval)
        for line, words in enumerate(lines):
            figure.text(0.02, (text - LINE * line) / height, words, va="top", fontsize=9.5)
        save(figure, path)


def _draw_scores(axis: Axes, rows: dict[str, float], interval: Interval) -> None:
    """Draw the Dice of each row; the first is the model's, with its interval, the second a line to beat."""
    axis.hlines(0, interval.low, interval.high, color=CATEGORY_COLORS[0], linewidth=6, alpha=0.4)
    axis.axvline(list(rows.values())[1], color=CATEGORY_COLORS[1], linestyle="dotted", linewidth=1)
    for row, (dice, marker) in enumerate(zip(rows.values(), "oDs", strict=True)):
        axis.plot(dice, row, marker, color=CATEGORY_COLORS[row], markersize=7, clip_on=False)
        label = "undefined" if math.isnan(dice) else f"{dice:.3f}"
        if row == 0 and not math.isnan(interval.low):
            label += f"  ({interval_text(interval.low, interval.high)})"
        axis.text(1.04, row, label, va="center_baseline")
    axis.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5), xlabel="Dice, pooled; bar: 95% interval")
    axis.set_yticks(range(len(rows)), list(rows))
    axis.tick_params(axis="y", length=0, pad=8)
