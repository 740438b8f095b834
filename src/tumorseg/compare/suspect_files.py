"""Labels that may be wrong, to be looked at: a table, a contact sheet, and COCO that CVAT and others load."""

import math
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tumorseg import SPLITS
from tumorseg.compare.suspects import COLUMNS, Suspects
from tumorseg.data.coco import ANNOTATIONS
from tumorseg.data.slices import SplitArrays
from tumorseg.figures import DPI, PREDICTION, STYLE, TRUTH, axes_at, outline, save, show_slice
from tumorseg.files import write_csv, write_json

MOST = 24  # slices of the contact sheet; the table has all
ACROSS, SIDE, ABOVE, FOOT = 6, 1.9, 0.55, 0.4  # slices in a row; inches
ZOOM = 4  # an outline runs through centres of pixels: enlarging takes it out to their edges
CATEGORY = "tumour"


def write_suspects(folder: Path, suspects: Suspects, splits: dict[str, SplitArrays], whole: bool) -> None:
    """Write suspects.csv, suspects.png and suspects/<as shipped>/_annotations.coco.json.

    The COCO files hold what at least half of the nets see in each suspect slice, in its own pixels.

    Args:
        folder: Of the plots.
        suspects: As from `find_suspects`.
        splits: Valid and test.
        whole: Whether prepared slices are whole ones; cut or padded, outlines would be elsewhere in the
            slice, and no COCO is written.
    """
    write_csv(folder / "suspects.csv", suspects.table[COLUMNS])
    contact_sheet(folder / "suspects.png", suspects, splits)
    for split in SPLITS if whole else ():
        export = coco_of(suspects, split)
        if export["images"]:
            write_json(folder / "suspects" / split / ANNOTATIONS, export)


def coco_of(suspects: Suspects, as_shipped: str) -> dict[str, Any]:
    """The suspect slices that came in one split, each with what the nets see in it."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    here = np.flatnonzero(suspects.table.as_shipped == as_shipped)
    for id, row in enumerate(here.tolist(), start=1):
        about = suspects.table.iloc[row]
        size = {"width": int(about.width), "height": int(about.height)}
        images.append({"id": id, "file_name": about.file, **size})
        for polygon in outlines(suspects.consensus[row], about.width, about.height):
            corner, end = polygon.min(axis=0), polygon.max(axis=0)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": id,
                    "category_id": 1,
                    "segmentation": [polygon.ravel().round(2).tolist()],
                    "bbox": [*corner.round(2).tolist(), *(end - corner).round(2).tolist()],
                    "area": round(float(cv2.contourArea(polygon.astype(np.float32))), 2),
                    "iscrowd": 0,
                }
            )
    return {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": CATEGORY}]}


def outlines(mask: np.ndarray, width: int, height: int) -> list[np.ndarray]:
    """Outlines of the regions of a mask, bool (S, S), in a slice of that size: float (N, 2) each, x and y."""
    enlarged = cv2.resize(mask.astype(np.uint8), None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(enlarged, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    scale = np.array([width / enlarged.shape[1], height / enlarged.shape[0]])
    simple = [cv2.approxPolyDP(contour, ZOOM / 2, closed=True)[:, 0] for contour in contours]
    return [(points + 0.5) * scale for points in simple if len(points) > 2]


def contact_sheet(path: Path, suspects: Suspects, splits: dict[str, SplitArrays]) -> None:
    """Draw the likeliest suspects with their labels and with what each net sees in them."""
    shown = suspects.table.head(MOST)
    down = math.ceil(len(shown) / ACROSS)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(ACROSS * SIDE, down * (SIDE + ABOVE) + FOOT), dpi=DPI)
        for row in range(len(shown)):
            about = shown.iloc[row]
            left, bottom = SIDE * (row % ACROSS), FOOT + (down - 1 - row // ACROSS) * (SIDE + ABOVE)
            axis = axes_at(figure, left + 0.06, bottom, SIDE - 0.12, SIDE - 0.12)
            axis.axis("off")
            arrays = splits[about.split]
            title = f"{about.file}\n{about.fault}, label {about.label_dice:.2f}, nets {about.agreement:.2f}"
            show_slice(axis, arrays.images[about["index"]], title)
            for mask in suspects.predicted[row]:
                outline(axis, mask, PREDICTION, "solid")
            outline(axis, arrays.masks[about["index"]] > 0, TRUTH, "solid")
        if shown.empty:
            figure.text(0.5, 0.5, "no label that all nets disagree with", ha="center")
        else:
            handles = [
                Line2D([], [], color=TRUTH, label="annotated"),
                Line2D([], [], color=PREDICTION, label="seen by a net"),
            ]
            figure.legend(handles=handles, loc="lower center", ncols=2, frameon=False, fontsize=8)
        save(figure, path)
