"""What pictures of slices are drawn with: style, outlines, tints; samples of the data, and overlays.

Same arguments, same bytes: no date, no version and no global state goes into a PNG, so that DVC sees
no change where there is none.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tumorseg.files import atomic_file

DPI = 150
STYLE: dict[Any, Any] = {  # matplotlib's type lists its keys one by one
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same on every machine
    "font.size": 9,
    "text.parse_math": False,  # a $ in a file name is a $
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
# Okabe and Ito (2008): told apart with any colour vision, and on grey.
TRUTH, PREDICTION = "#56B4E9", "#E69F00"
CLASS_COLORS = [TRUTH, PREDICTION, "#009E73", "#CC79A7", "#F0E442", "#D55E00"]
CATEGORY_COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
NO_CATEGORY, NO_CATEGORY_COLOR = "none", "#999999"  # of slices without annotation
BETTER, WORSE = "#0072B2", "#D55E00"
CHARACTER = 0.078  # inches that a character of 9 points takes, at most
TINT = 0.35  # opacity of false negatives and false positives
TITLE_WIDTH = 26  # characters that fit over a slice
LEGEND: dict[str, Any] = {
    "loc": "lower center",
    "frameon": False,
    "fontsize": 8,
    "columnspacing": 1.2,
    "handlelength": 1.6,
}


def samples(
    path: Path, images: np.ndarray, masks: np.ndarray, titles: list[str], classes: list[str] | None = None
) -> None:
    """Draw slices with the outlines of their masks.

    Args:
        path: PNG to write.
        images: Slices, (N, H, W), uint8.
        masks: Tumour pixels, (N, H, W), 0 or 1, or 0 to the number of classes.
        titles: One for each slice.
        classes: Their names; each class has a colour then.
    """
    colors = class_colors(classes or ["annotated tumour"])
    with matplotlib.rc_context(STYLE):
        across = min(4, len(colors))
        figure, axes = _grid(len(images), min(len(images), 6), math.ceil(len(colors) / across))
        for axis, image, mask, title in zip(axes, images, masks, titles, strict=True):
            show_slice(axis, image, title)
            for index, color in enumerate(colors.values(), start=1):
                outline(axis, mask == index, color, "solid")
        handles = [Line2D([], [], color=color, label=name) for name, color in colors.items()]
        figure.legend(handles=handles, ncols=across, **LEGEND)
        save(figure, path)


def overlays(
    path: Path,
    images: np.ndarray,
    masks: np.ndarray,
    predictions: np.ndarray,
    titles: list[str],
    classes: list[str] | None = None,
) -> None:
    """Draw slices with the outlines of the annotated and the predicted tumour, and tint the mistakes.

    Up to three slices stand in one row. More stand in three rows of equal length (best, median and
    worst), filled row by row.

    Args:
        path: PNG to write.
        images: Slices, (N, H, W), uint8.
        masks: Annotated tumour pixels, (N, H, W), 0 or 1, or 0 to the number of classes.
        predictions: Predicted tumour pixels, likewise.
        titles: One for each slice.
        classes: Their names; each class has a colour then, for what is annotated and what is predicted.
    """
    pairs, handles = _legend(class_colors(classes or []))
    columns = len(images) if len(images) <= 3 else math.ceil(len(images) / 3)
    across = 4 if columns >= 3 else 2
    with matplotlib.rc_context(STYLE):
        figure, axes = _grid(len(images), columns, math.ceil(len(handles) / across))
        for axis, image, mask, prediction, title in zip(
            axes, images, masks, predictions, titles, strict=True
        ):
            for index, (truth, predicted) in enumerate(pairs, start=1):
                image = _tint(image, (mask == index) & (prediction == 0), truth)
                image = _tint(image, (mask != index) & (prediction == index), predicted)
            show_slice(axis, image, title)
            for index, (truth, predicted) in enumerate(pairs, start=1):
                outline(axis, mask == index, truth, "solid")
                outline(axis, prediction == index, predicted, "dashed")
        figure.legend(handles=handles, ncols=across, **LEGEND)
        save(figure, path)


def class_colors(classes: list[str]) -> dict[str, str]:
    """A colour for each class, in their order."""
    return {name: CLASS_COLORS[index % len(CLASS_COLORS)] for index, name in enumerate(classes)}


def category_colors(categories: Iterable[str]) -> dict[str, str]:
    """A colour for each category, in the order of their names; NO_CATEGORY comes last, in grey."""
    names = set(categories)
    colors = {
        name: CATEGORY_COLORS[index % len(CATEGORY_COLORS)]
        for index, name in enumerate(sorted(names - {NO_CATEGORY}))
    }
    return colors | ({NO_CATEGORY: NO_CATEGORY_COLOR} if NO_CATEGORY in names else {})


def _legend(colors: dict[str, str]) -> tuple[list[tuple[str, str]], list[Artist]]:
    """Colours of what is annotated and of what is predicted, class by class, and their legend."""
    if not colors:
        return [(TRUTH, PREDICTION)], [
            Line2D([], [], color=TRUTH, label="annotated"),
            Line2D([], [], color=PREDICTION, linestyle="dashed", label="predicted"),
            Patch(color=TRUTH, alpha=TINT, label="false negative"),
            Patch(color=PREDICTION, alpha=TINT, label="false positive"),
        ]
    return [(color, color) for color in colors.values()], [
        *(Line2D([], [], color=color, label=name) for name, color in colors.items()),
        Line2D([], [], color="black", label="annotated"),
        Line2D([], [], color="black", linestyle="dashed", label="predicted"),
        Patch(color="black", alpha=TINT, label="missed, false or mixed up"),
    ]


def _grid(count: int, columns: int, lines: int = 1) -> tuple[Figure, list[Axes]]:
    """Make a figure with `count` axes without frames, row by row, over room for a legend of `lines`."""
    rows, foot = math.ceil(count / columns), 0.4 + 0.17 * max(0, lines - 2)
    figure = Figure(figsize=(1.8 * columns, 2.1 * rows + foot), dpi=DPI)
    axes = []
    for index in range(count):
        row, column = divmod(index, columns)
        axes.append(axes_at(figure, 1.8 * column + 0.04, 2.1 * (rows - 1 - row) + foot, 1.72, 1.72))
        axes[-1].axis("off")
    return figure, axes


def show_slice(axis: Axes, image: np.ndarray, title: str) -> None:
    axis.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    # Names of exported files run to 50 characters; what tells them apart comes first.
    lines = [
        line if len(line) <= TITLE_WIDTH else f"{line[: TITLE_WIDTH - 1]}…" for line in title.split("\n")
    ]
    axis.set_title("\n".join(lines), fontsize=8, fontweight="normal", loc="center")


def outline(axis: Axes, mask: np.ndarray, color: str, linestyle: str) -> None:
    if not mask.any():
        return
    # The rim of zeros closes outlines that touch the border of the slice.
    height, width = mask.shape
    axis.contour(
        np.arange(-1, width + 1),
        np.arange(-1, height + 1),
        np.pad(mask.astype(float), 1),
        levels=[0.5],
        colors=color,
        linestyles=linestyle,
        linewidths=1.3,
    )
    axis.set_xlim(-0.5, width - 0.5)
    axis.set_ylim(height - 0.5, -0.5)


def _tint(image: np.ndarray, pixels: np.ndarray, color: str) -> np.ndarray:
    """A slice, grey or in colour, in colour with these pixels tinted; uint8 (H, W, 3)."""
    tinted = np.array(np.broadcast_to(image.reshape(*pixels.shape, -1), (*pixels.shape, 3)))
    tint = 255 * np.array(matplotlib.colors.to_rgb(color))
    tinted[pixels] = ((1 - TINT) * tinted[pixels] + TINT * tint).round()
    return tinted


def axes_at(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """New axes at a place in inches. An automatic layout differs in its last bits from run to run."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def save(figure: Figure, path: Path) -> None:
    with atomic_file(path) as temporary:
        figure.savefig(temporary, dpi=DPI, metadata={"Software": None})
