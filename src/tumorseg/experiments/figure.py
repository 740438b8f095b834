"""Pictures with a row for each arm; that of a study: how far each is from the reference."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tumorseg.experiments.study_file import StudyResults
from tumorseg.figures import BETTER, CHARACTER, DPI, NO_CATEGORY_COLOR, STYLE, WORSE, axes_at, save
from tumorseg.paired import ALPHA

PANEL, ROW, LINE = 4.2, 0.3, 0.17  # inches; LINE is one of the title
HEAD, FOOT = 0.55, 0.8  # inches for what stands over the axis, less the title; for what stands below
CAPTION = (
    "Valid Dice, pooled over all pixels, with its 95 % interval from a bootstrap over groups of slices. "
    f"Grey: may be chance (Holm-corrected p of {ALPHA} or more)."
)
NO_PAIRS = "No arm can be paired."


def draw_differences(path: Path, study: StudyResults) -> None:
    """Draw each arm that can be paired with the reference, in the order of the file.

    Args:
        path: PNG to write.
        study: What the study gave.
    """
    rows = {
        f"{name}  {arm.dice:.3f}": arm.difference.pooled for name, arm in study.arms.items() if arm.difference
    }
    base = study.arms.get(study.reference)
    beside = f"{study.reference}  {base.dice:.3f}" if base else study.reference
    with rows_of_arms(path, study.question, CAPTION if rows else NO_PAIRS, list(rows)) as axis:
        axis.axvline(0, color="#444444", linewidth=0.8)
        for place, row in enumerate(rows.values()):
            color = NO_CATEGORY_COLOR if not row.is_firm else BETTER if row.difference > 0 else WORSE
            draw_interval(axis, place, row.difference, (row.low, row.high), color)
        axis.set_title(f"difference to {beside}", fontsize=9, fontweight="normal")


def draw_interval(axis: Axes, row: int, value: float, ends: tuple[float, float], color: str) -> None:
    """Draw a score with its interval; without where that is not defined."""
    if not np.isnan(ends[0]):
        axis.hlines(row, *ends, color=color, linewidth=1.6)
    axis.plot(value, row, "o", color=color, markersize=5)


@contextmanager
def rows_of_arms(path: Path, title: str, caption: str, labels: list[str]) -> Iterator[Axes]:
    """Yield an axis with a row for each label, the first on top; write the picture in the end.

    Args:
        path: PNG to write.
        title: Stands over the picture, wrapped.
        caption: Stands below it, wrapped.
        labels: One a row.
    """
    left = CHARACTER * max(map(len, labels), default=10) + 0.2
    height = ROW * max(len(labels), 1)
    with matplotlib.rc_context(STYLE):
        across = left + PANEL + 0.2
        lines = textwrap.wrap(title, int(across / 0.085))
        figure = Figure(figsize=(across, LINE * len(lines) + HEAD + height + FOOT), dpi=DPI)
        up = figure.get_figheight()
        figure.text(0.12 / across, 1 - 0.14 / up, "\n".join(lines), va="top", fontsize=10, fontweight="bold")
        below = textwrap.fill(caption, int(across / 0.066))
        figure.text(0.12 / across, 0.1 / up, below, va="bottom", fontsize=8, color="#444444")
        axis = axes_at(figure, left, FOOT, PANEL, height)
        yield axis
        axis.set_ylim(max(len(labels), 1) - 0.5, -0.5)
        axis.set_yticks(range(len(labels)), labels)
        axis.margins(x=0.08)
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
        axis.grid(axis="x", color="#ECECEC", linewidth=0.8)
        axis.set_axisbelow(True)
        save(figure, path)
