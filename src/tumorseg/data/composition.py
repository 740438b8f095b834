"""The picture of what the splits are made of: images, annotations and tumour pixels."""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from tumorseg import SPLITS
from tumorseg.figures import DPI, NO_CATEGORY, STYLE, TRUTH, category_colors, save


def composition(path: Path, table: pd.DataFrame) -> None:
    """Draw how many images, annotations and tumour pixels each split and category holds.

    Args:
        path: PNG to write.
        table: A row a split and category: split, category, images, annotations, tumor_pixels, pixels
            (all pixels of those images). The category of images without annotation is "none".
    """
    splits = [split for split in SPLITS if split in set(table["split"])]
    colors = category_colors(table["category"])
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.4), dpi=DPI, layout="constrained")
        axes = figure.subplot_mosaic([["images", "annotations"], ["pixels", "pixels"]], height_ratios=[3, 2])
        _grouped_bars(axes["images"], table, splits, colors, "images", "Images")
        _grouped_bars(axes["annotations"], table, splits, colors, "annotations", "Annotations")
        _pixel_shares(axes["pixels"], table, splits)
        handles = [Patch(color=color, label=_category_label(category)) for category, color in colors.items()]
        figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), frameon=False)
        save(figure, path)


def _grouped_bars(
    axis: Axes, table: pd.DataFrame, splits: list[str], colors: dict[str, str], column: str, title: str
) -> None:
    counts = table.pivot_table(index="split", columns="category", values=column, aggfunc="sum")
    counts = counts.reindex(index=splits, columns=list(colors)).fillna(0)
    width = 0.8 / len(colors)
    for i, (category, color) in enumerate(colors.items()):
        positions = np.arange(len(splits)) + (i - (len(colors) - 1) / 2) * width
        bars = axis.bar(positions, counts[category], width, color=color)
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
