"""Labels that are upright boxes as outlines: what GrabCut takes for the tumour within the box.

The outline is a guess from the greys, which no annotator has seen. docs/boxes.md says how good it is where
the truth is known.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tumorseg.data.raster import Runs

FILE = "outlines.csv"  # beside the masks and beside the arrays; only where boxes are outlined
COLUMNS = ["as_shipped", "file", "annotation", "width", "height", "fill", "by"]
# Chosen on phantoms of the seeds 1 to 3: python bench/outlines.py masks.
SIDE = 128  # pixels a side at most, to which the box and what is round it are shrunk
MARGIN = 0.2  # of the box's sides: what is looked at round it, as background
CORE = 0.7  # of the ellipse that fills the box: is tumour, whatever the greys
ROUNDS = 2  # of GrabCut
PLACE = 76  # greys that the centre and the rim of the ellipse are apart, as another channel
LEAST = 8  # pixels a side: in a smaller box there is too little to tell tumour from what is round it


@dataclass(frozen=True)
class Box:
    """An upright rectangle of whole pixels, all within the slice."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Outline:
    """What became of a box."""

    box: Box
    mask: np.ndarray  # bool (box.height, box.width)
    by: str  # "grabcut", or "ellipse" where the box is too small for it

    @property
    def fill(self) -> float:
        """The share of the box that it fills."""
        return float(self.mask.mean())

    def runs(self, height: int) -> Runs:
        """Its pixels in a slice of that height."""
        framed = np.pad(self.mask.T, ((0, 0), (1, 1))).astype(np.int8)
        steps = np.diff(framed, axis=1)
        columns, first = np.nonzero(steps == 1)
        _, end = np.nonzero(steps == -1)
        starts = (self.box.left + columns) * height + self.box.top + first
        return Runs(starts.astype(np.int64), (end - first).astype(np.int64))


def has_outlines(masks: Path) -> bool:
    """Whether boxes were outlined in a folder of masks."""
    return (masks / FILE).exists()


def copy_outlines(masks: Path, folder: Path) -> None:
    """Take the table of outlines, where there is one, along with what is made of the masks."""
    if has_outlines(masks):
        shutil.copyfile(masks / FILE, folder / FILE)


def upright_box(runs: Runs, height: int) -> Box | None:
    """The box that runs of pixels in a slice of that height fill, or None where they fill none."""
    if not runs.area:
        return None
    columns, rows = np.divmod(runs.pixels(), height)
    left, top = int(columns[0]), int(rows.min())
    box = Box(left, top, int(columns[-1]) + 1 - left, int(rows.max()) + 1 - top)
    return box if box.width * box.height == runs.area else None


def outline(image: np.ndarray, box: Box) -> Outline:
    """The tumour that a box was drawn round, as the greys show it.

    It holds the core of the ellipse that fills the box, and lies within the box.

    Args:
        image: The slice, uint8 (H, W).
        box: Within it.
    """
    if min(box.width, box.height) < LEAST:
        return Outline(box, _radius(box, box, (box.height, box.width)) <= 1, "ellipse")
    return Outline(box, _grabcut(image, box), "grabcut")


def _grabcut(image: np.ndarray, box: Box) -> np.ndarray:
    """Bool (box.height, box.width), by GrabCut (Rother, Kolmogorov and Blake 2004, as OpenCV has it).

    Greys alone lose a tumour that has the greys of its surroundings, so that the distance from the centre
    of the box is a channel as well: what is uncertain goes by the ellipse.
    """
    around = _enlarged(box, *image.shape)
    rows = slice(around.top, around.top + around.height)
    crop = image[rows, around.left : around.left + around.width]
    height, width = min(SIDE, around.height), min(SIDE, around.width)
    greys = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA)
    radius = _radius(box, around, greys.shape)
    place = (128 + PLACE * np.clip(radius - 1, -1, 1)).astype(np.uint8)
    trimap = np.where(radius <= 1, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    trimap[radius <= CORE] = cv2.GC_FGD
    trimap[~_within(box, around, greys.shape)] = cv2.GC_BGD
    cv2.setRNGSeed(0)  # this thread's: the clusters that GrabCut begins with are drawn
    models = np.zeros((1, 65)), np.zeros((1, 65))
    # It takes three channels: greys count twice.
    channels = cv2.merge([greys, place, greys])
    cv2.grabCut(channels, trimap, (0, 0, 0, 0), *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    tumor = _one_piece(trimap & 1, int(radius.argmin()))  # GC_FGD and GC_PR_FGD are odd
    full = cv2.resize(tumor.astype(np.float32), crop.shape[::-1], interpolation=cv2.INTER_LINEAR) >= 0.5
    down, right = box.top - around.top, box.left - around.left
    return full[down : down + box.height, right : right + box.width]


def _one_piece(tumor: np.ndarray, centre: int) -> np.ndarray:
    """The part of a mask, uint8, 0 or 1, that holds the pixel `centre`, counted row by row, without holes."""
    _, parts = cv2.connectedComponents(tumor, connectivity=4)
    piece = (parts == parts.flat[centre]).astype(np.uint8)
    rim, _ = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(piece, rim, -1, 1, cv2.FILLED)


def _enlarged(box: Box, height: int, width: int) -> Box:
    """The box and the margin round it, as far as it lies in a slice of that size."""
    across, down = (max(2, round(MARGIN * side)) for side in (box.width, box.height))
    left, top = max(0, box.left - across), max(0, box.top - down)
    right, bottom = min(width, box.left + box.width + across), min(height, box.top + box.height + down)
    return Box(left, top, right - left, bottom - top)


def _centres(box: Box, around: Box, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of pixels' centres, of `around` at that size: −1 to 1 from side to side of `box`."""
    rows, columns = ((np.arange(count) + 0.5) / count for count in shape)
    down = (rows * around.height + around.top - box.top) / box.height
    across = (columns * around.width + around.left - box.left) / box.width
    return 2 * down[:, None] - 1, 2 * across[None, :] - 1


def _radius(box: Box, around: Box, shape: tuple[int, ...]) -> np.ndarray:
    """The distance from the centre of `box`, 1 on the ellipse that fills it."""
    return np.asarray(np.hypot(*_centres(box, around, shape)))


def _within(box: Box, around: Box, shape: tuple[int, ...]) -> np.ndarray:
    down, across = _centres(box, around, shape)
    return np.asarray((abs(down) < 1) & (abs(across) < 1))
