"""The pictures of the audit: what the findings rest on, and the closest pairs across splits."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tumorseg.audit.ceiling import FARTHEST, FEW
from tumorseg.audit.survey import Survey
from tumorseg.data.similarity import COPY, SIBLING
from tumorseg.figures import (
    BETTER,
    CATEGORY_COLORS,
    DPI,
    STYLE,
    TRUTH,
    WORSE,
    axes_at,
    category_colors,
    outline,
    save,
    show_slice,
)

WIDTH, PANEL = 7.1, 2.8  # inches: of all panels; height of a row of them
ABOVE, BELOW = 0.35, 0.55  # inches over the axes of a panel, and below
PAIR, FOOT = (4.1, 2.7), 0.4  # inches: width and height of a pair, height of the legend
SHAPE_NAMES = {
    "rectangle": "rectangles",
    "polygon": "other polygons",
    "run_lengths": "other run lengths",
    "box": "bare boxes",
}
PAIRS_A_ROW = 3
MEDIANS = 12  # bins of similarity


def panels(path: Path, survey: Survey, shapes: dict[str, int]) -> None:
    """Draw what the findings rest on, in four panels.

    Args:
        path: PNG to write.
        survey: What was looked at.
        shapes: The number of annotations of each shape, of `facts.measure`.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 2 * PANEL), dpi=DPI)
        upper, lower, height = PANEL + BELOW, BELOW, PANEL - BELOW - ABOVE
        _places(axes_at(figure, 0.9, upper, height, height), survey)
        _shapes(axes_at(figure, 4.6, upper, 2.3, height), shapes)
        _order(axes_at(figure, 0.9, lower, 2.35, height), survey)
        _contrast(axes_at(figure, 4.1, lower, 2.8, height), survey)
        save(figure, path)


def closest_pairs(path: Path, survey: Survey, rows: list[int]) -> None:
    """Draw slices of valid or test beside their most similar training slices, with annotated outlines.

    Args:
        path: PNG to write.
        survey: What was looked at.
        rows: Of `survey.slices`; one or more.
    """
    columns = min(len(rows), PAIRS_A_ROW)
    down = -(-len(rows) // columns)
    train = survey.arrays["train"]
    with matplotlib.rc_context(STYLE):
        across, up = PAIR[0] * columns, PAIR[1] * down + FOOT
        figure = Figure(figsize=(across, up), dpi=DPI)
        for place, row in enumerate(rows):
            item = survey.slices.loc[row]
            left, bottom = PAIR[0] * (place % columns), FOOT + PAIR[1] * (down - 1 - place // columns)
            above = (left + PAIR[0] / 2) / across, (bottom + 0.91 * PAIR[1]) / up
            figure.text(*above, f"correlation {item.similarity:.3f}", ha="center", fontweight="bold")
            sides = (
                (survey.arrays[str(item.split)], item["index"], item.split),
                (train, item.nearest, "train"),
            )
            for side, (arrays, index, split) in enumerate(sides):
                axis = axes_at(figure, left + 0.1 + 2 * side, bottom + 0.1, 1.9, 1.9)
                axis.axis("off")
                show_slice(axis, arrays.images[index], f"{split}\n{arrays.table.file[index]}")
                outline(axis, arrays.masks[index] > 0, TRUTH, "solid")
        handles = [Line2D([], [], color=TRUTH, label="annotated tumour")]
        figure.legend(handles=handles, loc="lower center", frameon=False)
        save(figure, path)


def label_agreement(path: Path, pairs: pd.DataFrame, agreement: dict[str, Any]) -> None:
    """Draw the Dice of the masks of two slices against their similarity, and by their distance in a stack.

    Args:
        path: PNG to write.
        pairs: As from `agreement.agreements`.
        agreement: As of `facts.measure`.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, PANEL + BELOW), dpi=DPI)
        height = PANEL - ABOVE
        _by_similarity(axes_at(figure, 0.65, BELOW, 3.3, height), pairs, agreement["alike_from"])
        _by_distance(axes_at(figure, 4.6, BELOW, 2.35, height), agreement)
        save(figure, path)


def _by_similarity(axis: Axes, pairs: pd.DataFrame, alike_from: float) -> None:
    """Every pair, and the median from bin to bin."""
    edges = np.linspace(SIBLING, COPY, MEDIANS + 1)
    axis.set(xlim=(SIBLING, COPY), ylim=(0, 1.02))
    axis.set(xlabel="correlation of two slices", ylabel="Dice of their masks")
    axis.set_title("How far labels agree")
    axis.axvspan(alike_from, COPY, color="#F0F0F0", linewidth=0)
    axis.scatter(pairs["similarity"], pairs["dice"], s=7, color=TRUTH, linewidths=0, label="pair of slices")
    bins = np.searchsorted(edges, pairs["similarity"], "right") - 1
    medians = pairs["dice"].groupby(bins).median().reindex(range(MEDIANS)).to_numpy()
    axis.stairs(medians, edges, baseline=None, color=CATEGORY_COLORS[1], linewidth=1.6, label="median")
    axis.legend(edgecolor="none", framealpha=0.85, fontsize=8, loc="lower right", markerscale=2.5)


def _by_distance(axis: Axes, agreement: dict[str, Any]) -> None:
    """Dice pooled over all pairs so far apart, and what it would be at distance 0, with its interval."""
    apart, ceiling = agreement["by_distance"], agreement["ceiling"]
    axis.set(xlim=(-0.7, FARTHEST + 0.3), ylim=(0, 1.02), xticks=range(FARTHEST + 1))
    axis.set(xlabel="slices apart in a stack", title="By distance")
    if np.isnan(ceiling["net"]["dice"]):
        axis.text(0.04, 0.1, f"fewer than {FEW} runs of slices:\nno estimate", transform=axis.transAxes)
    else:
        points = [
            ("net", -0.25, BETTER, "a net that knows all"),
            ("labels", 0, WORSE, "two labels of a slice"),
        ]
        for name, x, color, label in points:
            ends = ceiling[name]
            axis.vlines(x, ends["low"], ends["high"], color=color, linewidth=1.4)
            axis.plot(x, ends["dice"], "o", color=color, markersize=5, label=label)
        at = [ceiling["labels"]["dice"], apart["1"]["pooled"]]
        axis.plot([0, 1], at, color=WORSE, linewidth=1, linestyle="dashed")
    found = [each["pooled"] for each in apart.values()]
    axis.plot([int(each) for each in apart], found, "o-", color=TRUTH, markersize=5, label="labels, pooled")
    axis.legend(frameon=False, fontsize=8, loc="lower left")


def _shapes(axis: Axes, shapes: dict[str, int]) -> None:
    total = max(1, sum(shapes.values()))
    names = [SHAPE_NAMES[shape] for shape in shapes]
    bars = axis.barh(names, [100 * count / total for count in shapes.values()], color=TRUTH)
    axis.bar_label(bars, [f"{count:,d}" for count in shapes.values()], padding=3, fontsize=8)
    axis.set(xlim=(0, 112), xticks=range(0, 101, 25), xlabel="% of annotations")
    axis.set_title("How tumours are annotated")
    axis.tick_params(axis="y", length=0)
    axis.invert_yaxis()


def _places(axis: Axes, survey: Survey) -> None:
    """Centres of the annotations over the mean training slice."""
    mean = np.mean(survey.arrays["train"].images, axis=0)
    mean = mean / 255 if mean.ndim == 3 else mean  # in colour, from 0 to 1
    axis.imshow(mean, cmap="gray", vmin=0, vmax=255, extent=(0, 1, 1, 0))
    for category, color in category_colors(survey.annotations.category).items():
        part = survey.annotations[survey.annotations.category == category]
        axis.scatter(part.x, part.y, s=6, color=color, linewidths=0, label=f'"{category}"')
    axis.set(xlim=(0, 1), ylim=(1, 0), xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    axis.set_title("Where tumours lie")
    axis.set_xlabel("centres, on the mean training slice")
    axis.legend(labelcolor="white", frameon=False, markerscale=2.5, handletextpad=0, fontsize=8)


def _order(axis: Axes, survey: Survey) -> None:
    """Which category slices have, along their file numbers."""
    axis.set_title("Category by file number")
    colors = category_colors(survey.slices.category)
    if survey.slices.sequence.isna().any():
        axis.axis("off")
        axis.text(0, 0.9, "file names carry no numbers", va="top", transform=axis.transAxes)
        return
    for row, (category, color) in enumerate(colors.items()):
        numbers = survey.slices.sequence[survey.slices.category == category].astype(float)
        axis.vlines(numbers, row - 0.35, row + 0.35, color=color, linewidth=0.5)
    axis.set_yticks(
        range(len(colors)), [f'"{name}"' if name != "none" else "without\nannotation" for name in colors]
    )
    axis.set(ylim=(len(colors) - 0.5, -0.5), xlabel="number that the file name begins with")
    axis.tick_params(axis="y", length=0)


def _contrast(axis: Axes, survey: Survey) -> None:
    slices = survey.slices
    odd = slices.outlier | slices.blank
    parts: tuple[tuple[pd.DataFrame, dict[str, Any]], ...] = (
        (slices[~odd], {"s": 5, "color": TRUTH, "label": "slices"}),
        (slices[odd], {"s": 22, "color": "#D55E00", "marker": "X", "label": "outliers and blanks"}),
    )
    for part, style in parts:
        if len(part):
            axis.scatter(part["mean"], part["std"], linewidths=0, **style)
    axis.set_title("Brightness and contrast")
    axis.set(xlabel="mean grey level", ylabel="standard deviation")
    if odd.any():
        axis.legend(frameon=False, fontsize=8)
