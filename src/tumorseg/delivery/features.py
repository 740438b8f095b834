"""What tells one kind of slice from another: figures of a slice uint8 (S, S) at the working size.

S is at least 32. They are few and plain, so that a contract can hold what the training slices had of each.
"""

import cv2
import numpy as np

from tumorseg.data.preprocess import foreground

PERCENTS = (2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98)
DARK, MIDDLE, BRIGHT = 1, 6, 11  # places of 5, 50 and 95 per cent therein
WHOLE = (5, 25, 50, 75, 90)  # per cent, of the whole slice
FULL = 255
RIM = 0.03  # of the side: the border of a slice
LEAST = 0.02  # of a row or column: the head's share from which it belongs to the head
FAINT = 1e-3  # added to a grain before its logarithm
SIDE, CELLS, ANGLES = 64, 8, 8  # of `gradients`: pixels a side, cells a side, directions


def measure(image: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
    """Where a slice's greys and its head lie. A slice without a head has zeros.

    Returns:
        Figures: `dark`, `middle` and `bright`, greys of the head, in [0, 255]; `saturated`, the share of its
        pixels that are 255; `border`, mean grey of the rim; `head_area`, a share of the slice; `row` and
        `column`, the head's centre; `top`, `bottom`, `left`, `right`, its ends, in sides; and grains, see
        `_grains`. And tones, float (35,): how the greys of the head, the slice and its middle are spread,
        the head's area and the grains.
    """
    head, quarter = foreground(image), len(image) // 4
    greys = image[head] if head.any() else np.zeros(1, np.uint8)
    inner = image[quarter:-quarter, quarter:-quarter]
    parts = ((greys, PERCENTS), (image, WHOLE), (inner, PERCENTS))
    quantiles = [np.percentile(pixels, percents) for pixels, percents in parts]
    grains = _grains(image, head)
    figures = {
        "dark": float(quantiles[0][DARK]),
        "middle": float(quantiles[0][MIDDLE]),
        "bright": float(quantiles[0][BRIGHT]),
        "saturated": float((greys == FULL).mean()),
        "border": _border(image),
        **_place(head),
        **grains,
    }
    shares = [each / FULL for each in quantiles]
    return figures, np.concatenate([*shares, [head.mean()], list(grains.values())])


def gradients(image: np.ndarray) -> np.ndarray:
    """Directions of edges, cell by cell, float32 (512,), of length 1 (Dalal and Triggs 2005).

    Edges are lines, without light and dark side, and of root magnitude: a linear change of greys leaves them.
    A slice of one grey gives zeros.
    """
    reduced = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(reduced.astype(np.float32), (3, 3), 0)
    across, down = cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1)
    angle = (np.arctan2(down, across) % np.pi) * (ANGLES / np.pi)
    rows, columns = np.indices((SIDE, SIDE)) // (SIDE // CELLS)
    place = (rows * CELLS + columns) * ANGLES + np.minimum(angle.astype(int), ANGLES - 1)
    magnitudes = np.hypot(across, down)
    counts = np.bincount(place.ravel(), magnitudes.ravel(), CELLS * CELLS * ANGLES)
    roots = np.sqrt(counts).astype(np.float32)
    return roots / max(float(np.linalg.norm(roots)), FAINT)


def _border(image: np.ndarray) -> float:
    rim = max(1, round(RIM * len(image)))
    inner = image[rim:-rim, rim:-rim]
    return (float(image.sum()) - float(inner.sum())) / (image.size - inner.size)


def _place(head: np.ndarray) -> dict[str, float]:
    names = ("head_area", "row", "column", "top", "bottom", "left", "right")
    spread = [head.mean(axis=axis) for axis in (1, 0)]  # the head's share of each row, of each column
    ends = [np.flatnonzero(share > LEAST) / len(head) for share in spread]
    if not all(map(len, ends)):
        return dict.fromkeys(names, 0.0)
    places = np.arange(len(head)) / len(head)
    centres = [float(share @ places / share.sum()) for share in spread]
    values = [head.mean(), *centres, ends[0][0], ends[0][-1], ends[1][0], ends[1][-1]]
    return dict(zip(names, map(float, values), strict=True))


def _grains(image: np.ndarray, head: np.ndarray) -> dict[str, float]:
    """Logarithms of what a 3×3 median takes away, in the head and in the air; and of the step between rows.

    Each is the mean, as a share of the range of greys, so that contrast does not count.
    """
    low, high = np.percentile(image, (5, 98))
    spread = max(high - low, 1)
    taken = cv2.absdiff(image, cv2.medianBlur(image, 3))
    means = {
        "grain_of_head": taken[head].mean() if head.any() else 0,
        "grain_of_air": taken[~head].mean() if not head.all() else 0,
        "step": np.abs(np.diff(image.astype(np.int16), axis=0)).mean(),
    }
    return {name: float(np.log(value / spread + FAINT)) for name, value in means.items()}
