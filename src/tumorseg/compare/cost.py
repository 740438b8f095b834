"""The picture of what Dice costs, in parameters and in training compute."""

import math
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import Bbox

from tumorseg.figures import CATEGORY_COLORS, DPI, STYLE, axes_at, save

PANELS = {
    "parameters": "parameters",
    "training_pflops": "training compute, PFLOP (3 × forward pass × train slices × epochs)",
}
PANEL, LEFT, GAP, BELOW, ABOVE = (4.5, 3.6), 0.65, 0.3, 0.5, 0.4  # inches
LEARNS, BASELINE = CATEGORY_COLORS[:2]
POINT = DPI / 72  # pixels
DISTANCES = (7, 16, 28, 42, 58)  # points from a marker to its label; the nearest that is free is taken
PLACES = 9  # places along its line that the label of a baseline may have

Board = dict[str, dict[str, Any]]
Place = tuple[float, float, str, str]  # pixels, and how a text is aligned there


def cost(path: Path, board: Board, learns: dict[str, bool]) -> None:
    """Draw pooled Dice on test, with its interval, against what each model that learns costs.

    Models that learn nothing are horizontal lines, since their Dice is free.

    Args:
        path: PNG to write.
        board: By model: its figures, as `compare_models` gathers them.
        learns: By model: whether it learns.
    """
    ends = [row[key] for row in board.values() for key in ("test_dice", "test_dice_low", "test_dice_high")]
    ends = [end for end in ends if not math.isnan(end)] or [0.0, 1.0]
    with matplotlib.rc_context(STYLE):
        size = (LEFT + 2 * PANEL[0] + GAP + 0.15, BELOW + PANEL[1] + ABOVE)
        figure = Figure(figsize=size, dpi=DPI)
        FigureCanvasAgg(figure)  # it knows how large a text is
        for number, (field, label) in enumerate(PANELS.items()):
            axis = axes_at(figure, LEFT + number * (PANEL[0] + GAP), BELOW, *PANEL)
            axis.set(xscale="log", xlabel=label, ylim=(max(0, min(ends) - 0.06), min(1, max(ends) + 0.06)))
            axis.tick_params(labelleft=not number)
            draw_marks(axis, board, learns, field)
            draw_names(axis, board, learns, field)
        figure.axes[0].set_ylabel("Dice on test, pooled, and its 95 % interval")
        save(figure, path)


def draw_marks(axis: Axes, board: Board, learns: dict[str, bool], field: str) -> None:
    costs = [row[field] for name, row in board.items() if learns[name]]
    axis.set_xlim(min(costs, default=1) / 3, max(costs, default=1) * 3)
    axis.tick_params(axis="x", which="both", bottom=bool(costs), labelbottom=bool(costs))
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axis.xaxis.set_major_formatter(EngFormatter(sep="") if field == "parameters" else "{x:g}")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    axis.grid(color="#ECECEC", linewidth=0.8)
    axis.set_axisbelow(True)
    for name, row in board.items():
        dice, low, high = row["test_dice"], row["test_dice_low"], row["test_dice_high"]
        if learns[name]:
            axis.vlines(row[field], low, high, color=LEARNS, linewidth=1.2)
            axis.plot(row[field], dice, "o", color=LEARNS, markersize=5)
        else:
            axis.axhspan(low, high, color=BASELINE, alpha=0.1, linewidth=0)
            axis.axhline(dice, color=BASELINE, linewidth=1.2, linestyle="dashed")


def draw_names(axis: Axes, board: Board, learns: dict[str, bool], field: str) -> None:
    """Write every model's name where it covers neither a mark nor another name, while there is room."""

    def pixels(x: float, low: float, high: float, margin: float) -> Bbox:
        return Bbox(axis.transData.transform([(x, low), (x, high)])).padded(margin * POINT)

    taken, marks = [], {}
    for name, row in board.items():
        x = row[field] if learns[name] else axis.get_xlim()[0]
        marks[name] = pixels(x, row["test_dice"], row["test_dice"], 3 if learns[name] else 1)
        if learns[name]:
            taken += [marks[name], pixels(x, row["test_dice_low"], row["test_dice_high"], 2)]
        else:
            line = marks[name]
            taken.append(Bbox.from_extents(axis.bbox.x0, line.y0, axis.bbox.x1, line.y1))
    # Baselines first, since they may move along their lines alone.
    for name in sorted(board, key=lambda name: learns[name]):
        x, y = (marks[name].p0 + marks[name].p1) / 2
        color = LEARNS if learns[name] else BASELINE
        text = axis.text(x, y, name, fontsize=8, color=color, transform=None)
        places = _around(x, y) if learns[name] else _along(axis.bbox, y)
        taken.append(_settle(text, places, taken, axis.bbox))
        end = text.get_position()
        if learns[name] and math.dist((x, y), end) > 1.1 * DISTANCES[0] * POINT:
            axis.add_artist(Line2D([x, end[0]], [y, end[1]], color=LEARNS, linewidth=0.5, transform=None))


def _around(x: float, y: float) -> list[Place]:
    """Places for the label of a point, from near to far."""
    places = []
    for distance in DISTANCES:
        for dx, dy in ((1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1), (0, -1)):
            step = distance * POINT * (0.7 if dx and dy else 1)
            horizontal = {1: "left", -1: "right", 0: "center"}[dx]
            vertical = {1: "bottom", -1: "top", 0: "center"}[dy]
            places.append((x + dx * step, y + dy * step, horizontal, vertical))
    return places


def _along(panel: Bbox, y: float) -> list[Place]:
    """Places for the label of a horizontal line, from the right to the left, above it and below."""
    margin = 2 * POINT
    return [
        (x, y + side * margin, "right", "bottom" if side > 0 else "top")
        for x in np.linspace(panel.x1 - margin, panel.x0 + panel.width / 3, PLACES)
        for side in (1, -1)
    ]


def _settle(text: Text, places: list[Place], taken: list[Bbox], panel: Bbox) -> Bbox:
    """Move a text to the first place that is free, or else to the one that covers least; what it takes up."""

    def move(place: Place) -> Bbox:
        text.set(x=place[0], y=place[1], ha=place[2], va=place[3])
        return text.get_window_extent()

    covered = []
    for place in places:
        box = move(place)
        overlaps = (Bbox.intersection(box, other) for other in taken)
        inside = Bbox.intersection(box, panel)
        outside = box.width * box.height - (inside.width * inside.height if inside else 0)
        covered.append(sum(o.width * o.height for o in overlaps if o) + outside)
        if covered[-1] < 1:
            break
    return move(places[int(np.argmin(covered))])
