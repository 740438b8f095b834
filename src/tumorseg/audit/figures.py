"""The pictures of the audit: one page that sums it up, and the closest pairs across splits."""

import textwrap
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from tumorseg.audit.findings import Finding
from tumorseg.audit.leak import BINS
from tumorseg.audit.survey import Survey
from tumorseg.data.similarity import SIBLING
from tumorseg.figures import (
    DPI,
    STYLE,
    TRUTH,
    axes_at,
    category_colors,
    outline,
    save,
    show_slice,
)

WIDTH, PANEL = 10.0, 3.1  # inches: of the page; height of a row of panels
HEADLINES, HEADLINE = 0.7, 0.5  # inches: height of the page's two title lines, and of one
ABOVE, BELOW = 0.35, 0.55  # inches over the axes of a panel, and below
PAIR, FOOT = (4.1, 2.7), 0.4  # inches: width and height of a pair, height of the legend
LINE = 0.175  # inches a line of the findings takes
CHARACTERS = 134  # of a line of the findings that fit beside the severity
SEVERITY_COLORS = {"high": "#D55E00", "medium": "#B07700", "low": "#0072B2", "info": "#666666"}
SPLIT_COLORS = {"valid": "#E69F00", "test": "#0072B2"}
SHAPE_NAMES = {
    "rectangle": "rectangles",
    "polygon": "other polygons",
    "run_lengths": "other run lengths",
    "box": "bare boxes",
}
PAIRS_A_ROW = 3


def overview(path: Path, survey: Survey, facts: dict[str, Any], findings: list[Finding]) -> None:
    """Draw the findings in words, and what they rest on in five panels.

    Args:
        path: PNG to write.
        survey: What was looked at.
        facts: The figures, of `facts.measure`.
        findings: Severest first.
    """
    lines = [textwrap.wrap(finding.message, CHARACTERS) for finding in findings]
    text = LINE * (sum(map(len, lines)) + 0.4 * len(lines) + 1)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, HEADLINES + text + 2 * PANEL), dpi=DPI)
        first, second = _headlines(facts)
        figure.text(0.012, 1 - 0.3 / figure.get_figheight(), first, fontsize=12, fontweight="bold")
        figure.text(0.012, 1 - 0.54 / figure.get_figheight(), second, fontsize=10)
        _findings(axes_at(figure, 0.12, 2 * PANEL, WIDTH - 0.24, text), findings, lines)
        upper, lower, height = PANEL + BELOW, BELOW, PANEL - BELOW - ABOVE
        _similarity(axes_at(figure, 0.6, upper, 4.9, height), survey)
        _shapes(axes_at(figure, 7.1, upper, 2.75, height), facts["labels"]["shapes"])
        _places(axes_at(figure, 0.6, lower, height, height), survey)
        _order(axes_at(figure, 4.0, lower, 2.35, height), survey)
        _contrast(axes_at(figure, 7.1, lower, 2.75, height), survey)
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
        figure = Figure(figsize=(PAIR[0] * columns, PAIR[1] * down + HEADLINE + FOOT), dpi=DPI)
        title = "The closest pairs across splits: a slice and its most similar training slice"
        title = textwrap.fill(title, 40 * columns)
        figure.text(0.5, 1 - 0.1 / figure.get_figheight(), title, va="top", ha="center", fontweight="bold")
        for place, row in enumerate(rows):
            item = survey.slices.loc[row]
            left, bottom = PAIR[0] * (place % columns), FOOT + PAIR[1] * (down - 1 - place // columns)
            heading = axes_at(figure, left, bottom, *PAIR)
            heading.axis("off")
            heading.text(0.5, 0.91, f"correlation {item.similarity:.3f}", ha="center", fontweight="bold")
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


def _headlines(facts: dict[str, Any]) -> tuple[str, str]:
    images, labels, strategy = facts["images"], facts["labels"], facts["split"]["strategy"]
    return (
        f"Audit of {images['images']} slices ({images['train']} train, {images['valid']} valid, "
        f"{images['test']} test), {labels['annotations']} annotations",
        f"split.strategy {strategy}: {facts['groups']['groups']} groups of slices"
        + (f", {images['left_out']} slices left out" if images["left_out"] else ""),
    )


def _findings(axis: Axes, findings: list[Finding], lines: list[list[str]]) -> None:
    """Write the findings below one another, each behind its severity."""
    axis.set(xlim=(0, 1), ylim=(sum(map(len, lines)) + 0.4 * len(lines) + 1, 0))
    axis.axis("off")
    top = 1.0
    for finding, wrapped in zip(findings, lines, strict=True):
        color = SEVERITY_COLORS[finding.severity]
        axis.text(0, top, finding.severity, color=color, fontweight="bold")
        for line in wrapped:
            axis.text(0.075, top, line)
            top += 1
        top += 0.4
    if not findings:
        axis.text(0, top, "nothing found")


def _similarity(axis: Axes, survey: Survey) -> None:
    edges = np.linspace(0, 1, BINS + 1)
    for split, color in SPLIT_COLORS.items():
        values = survey.of(split).similarity.clip(0, 1)
        heights = 100 * np.histogram(values, edges)[0] / max(1, len(values))
        axis.stairs(heights, edges, color=color, fill=True, alpha=0.3)
        axis.stairs(heights, edges, color=color, linewidth=1.4, label=split)
    axis.set_ylim(0, 1.12 * axis.dataLim.ymax)  # room for the words at the top
    axis.axvline(SIBLING, color="black", linestyle="dashed", linewidth=1)
    lowest = survey.slices.similarity[survey.slices["split"] != "train"].min()
    axis.set_xlim(max(0, min(SIBLING, lowest) - 0.1), 1)
    axis.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axis.annotate(
        "siblings from here on",
        (SIBLING, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-4, -2),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=8,
    )
    axis.set_title("How near the closest training slice is")
    axis.set(xlabel="correlation with the most similar training slice", ylabel="% of the split's slices")
    axis.legend(loc="best", frameon=False)


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
