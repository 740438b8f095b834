"""The picture of a study: how far each arm is from the reference, with its interval."""

import textwrap
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tumorseg.experiments.study_file import Difference, StudyResults
from tumorseg.figures import BETTER, CHARACTER, DPI, NO_CATEGORY_COLOR, STYLE, WORSE, axes_at, save
from tumorseg.paired import ALPHA

PANEL, ROW, LINE = 4.2, 0.3, 0.17  # inches; LINE is one of the title
HEAD, FOOT = 0.55, 0.8  # inches for what stands over the axis, less the title; for what stands below
CAPTION = (
    "Valid Dice, pooled over all pixels, with its 95 % interval from a bootstrap over groups of slices. "
    f"Grey: may be chance (Holm-corrected p of {ALPHA} or more)."
)


def draw_differences(path: Path, study: StudyResults) -> None:
    """Draw each arm that can be paired with the reference, in the order of the file.

    Args:
        path: PNG to write.
        study: What the study gave.
    """
    rows = {
        f"{name}  {arm.dice:.3f}": arm.difference.pooled for name, arm in study.arms.items() if arm.difference
    }
    left = CHARACTER * max(map(len, rows), default=10) + 0.2
    height = ROW * max(len(rows), 1)
    with matplotlib.rc_context(STYLE):
        across = left + PANEL + 0.2
        title = textwrap.wrap(study.question, int(across / 0.085))
        figure = Figure(figsize=(across, LINE * len(title) + HEAD + height + FOOT), dpi=DPI)
        up = figure.get_figheight()
        figure.text(0.12 / across, 1 - 0.14 / up, "\n".join(title), va="top", fontsize=10, fontweight="bold")
        caption = textwrap.fill(CAPTION if rows else "No arm can be paired.", int(across / 0.066))
        figure.text(0.12 / across, 0.1 / up, caption, va="bottom", fontsize=8, color="#444444")
        axis = axes_at(figure, left, FOOT, PANEL, height)
        _draw_rows(axis, list(rows.values()))
        axis.set_yticks(range(len(rows)), list(rows))
        base = study.arms.get(study.reference)
        beside = f"{study.reference}  {base.dice:.3f}" if base else study.reference
        axis.set_title(f"difference to {beside}", fontsize=9, fontweight="normal")
        save(figure, path)


def _draw_rows(axis: Axes, rows: list[Difference]) -> None:
    axis.axvline(0, color="#444444", linewidth=0.8)
    for place, row in enumerate(rows):
        color = NO_CATEGORY_COLOR if not row.is_firm else BETTER if row.difference > 0 else WORSE
        if not np.isnan(row.low):
            axis.hlines(place, row.low, row.high, color=color, linewidth=1.6)
        axis.plot(row.difference, place, "o", color=color, markersize=5)
    axis.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axis.margins(x=0.08)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    axis.grid(axis="x", color="#ECECEC", linewidth=0.8)
    axis.set_axisbelow(True)
