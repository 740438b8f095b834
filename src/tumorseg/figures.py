"""Everything drawn with matplotlib: what the data are, and where the predictions differ from them.

Same arguments, same bytes: no date, no version and no global state goes into a PNG, so that DVC sees
no change where there is none.
"""

import math
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tumorseg import SPLITS
from tumorseg.files import atomic_file

DPI = 150
STYLE = {
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
CATEGORY_COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
NO_CATEGORY, NO_CATEGORY_COLOR = "none", "#999999"
TINT = 0.35  # opacity of false negatives and false positives
TITLE_WIDTH = 26  # characters that fit over a slice
LEGEND = {"loc": "lower center", "frameon": False, "fontsize": 8, "columnspacing": 1.2, "handlelength": 1.6}


def composition(path: Path, table: pd.DataFrame) -> None:
    """Draw how many images, annotations and tumour pixels each split and category holds.

    Args:
        path: PNG to write.
        table: A row a split and category: split, category, images, annotations, tumor_pixels, pixels
            (all pixels of those images). The category of images without annotation is "none".
    """
    splits = [split for split in SPLITS if split in set(table["split"])]
    categories = sorted(set(table["category"]) - {NO_CATEGORY})
    if NO_CATEGORY in set(table["category"]):
        categories.append(NO_CATEGORY)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.4), dpi=DPI, layout="constrained")
        axes = figure.subplot_mosaic([["images", "annotations"], ["pixels", "pixels"]], height_ratios=[3, 2])
        _grouped_bars(axes["images"], table, splits, categories, "images", "Images")
        _grouped_bars(axes["annotations"], table, splits, categories, "annotations", "Annotations")
        _pixel_shares(axes["pixels"], table, splits)
        handles = [
            Patch(color=_category_color(category, categories), label=_category_label(category))
            for category in categories
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), frameon=False)
        save(figure, path)


def samples(path: Path, images: np.ndarray, masks: np.ndarray, titles: list[str]) -> None:
    """Draw slices with the outlines of their masks.

    Args:
        path: PNG to write.
        images: Slices, (N, H, W), uint8.
        masks: Tumour pixels, (N, H, W), 0 or 1.
        titles: One for each slice.
    """
    with matplotlib.rc_context(STYLE):
        figure, axes = _grid(len(images), columns=min(len(images), 6))
        for axis, image, mask, title in zip(axes, images, masks, titles, strict=True):
            show_slice(axis, image, title)
            outline(axis, mask, TRUTH, "solid")
        handles = [Line2D([], [], color=TRUTH, label="annotated tumour")]
        figure.legend(handles=handles, **LEGEND)
        save(figure, path)


def overlays(
    path: Path, images: np.ndarray, masks: np.ndarray, predictions: np.ndarray, titles: list[str]
) -> None:
    """Draw slices with the outlines of the annotated and the predicted tumour, and tint the mistakes.

    Up to three slices stand in one row. More stand in three rows of equal length (best, median and
    worst), filled row by row.

    Args:
        path: PNG to write.
        images: Slices, (N, H, W), uint8.
        masks: Annotated tumour pixels, (N, H, W), 0 or 1.
        predictions: Predicted tumour pixels, (N, H, W), 0 or 1.
        titles: One for each slice.
    """
    columns = len(images) if len(images) <= 3 else math.ceil(len(images) / 3)
    with matplotlib.rc_context(STYLE):
        figure, axes = _grid(len(images), columns)
        for axis, image, mask, prediction, title in zip(
            axes, images, masks, predictions, titles, strict=True
        ):
            missed, false = (mask == 1) & (prediction == 0), (mask == 0) & (prediction == 1)
            show_slice(axis, _tint(_tint(image, missed, TRUTH), false, PREDICTION), title)
            outline(axis, mask, TRUTH, "solid")
            outline(axis, prediction, PREDICTION, "dashed")
        handles = [
            Line2D([], [], color=TRUTH, label="annotated"),
            Line2D([], [], color=PREDICTION, linestyle="dashed", label="predicted"),
            Patch(color=TRUTH, alpha=TINT, label="false negative"),
            Patch(color=PREDICTION, alpha=TINT, label="false positive"),
        ]
        figure.legend(handles=handles, ncols=4 if columns >= 3 else 2, **LEGEND)
        save(figure, path)


def _grouped_bars(
    axis: Axes, table: pd.DataFrame, splits: list[str], categories: list[str], column: str, title: str
) -> None:
    counts = table.pivot_table(index="split", columns="category", values=column, aggfunc="sum")
    counts = counts.reindex(index=splits, columns=categories).fillna(0)
    width = 0.8 / len(categories)
    for i, category in enumerate(categories):
        positions = np.arange(len(splits)) + (i - (len(categories) - 1) / 2) * width
        bars = axis.bar(positions, counts[category], width, color=_category_color(category, categories))
        labels = [f"{count:,.0f}" if count else "" for count in counts[category]]
        axis.bar_label(bars, labels, padding=2, fontsize=8)
    axis.set_title(title)
    axis.set_xticks(range(len(splits)), splits)
    axis.tick_params(axis="x", length=0)
    axis.margins(y=0.1)


def _pixel_shares(axis: Axes, table: pd.DataFrame, splits: list[str]) -> None:
    sums = table.groupby("split")[["tumor_pixels", "pixels"]].sum().loc[splits]
    shares = 100 * sums["tumor_pixels"] / sums["pixels"]
    axis.barh(splits, shares, color=TRUTH, label="tumour")
    axis.barh(splits, 100 - shares, left=shares, color="#D9D9D9", label="background")
    for row, share in enumerate(shares):
        label = f"tumour {share:.2f} %, background {100 - share:.2f} %"
        axis.text(share + 2, row, label, va="center", fontsize=8)
    axis.set_title("Pixels")
    axis.set_xlabel("% of all pixels")
    axis.set_xlim(0, 100)
    axis.tick_params(axis="y", length=0)
    axis.invert_yaxis()


def _category_label(category: str) -> str:
    return "no annotation" if category == NO_CATEGORY else f"category {category}"


def _category_color(category: str, categories: list[str]) -> str:
    if category == NO_CATEGORY:
        return NO_CATEGORY_COLOR
    return CATEGORY_COLORS[categories.index(category) % len(CATEGORY_COLORS)]


def _grid(count: int, columns: int) -> tuple[Figure, list[Axes]]:
    """Make a figure with `count` axes without frames, row by row, over room for a legend."""
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(1.8 * columns, 2.1 * rows + 0.4), dpi=DPI)
    axes = []
    for index in range(count):
        row, column = divmod(index, columns)
        axes.append(axes_at(figure, 1.8 * column + 0.04, 2.1 * (rows - 1 - row) + 0.4, 1.72, 1.72))
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
