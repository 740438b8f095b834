"""Pictures of a slice: PNG and JPEG bytes, the overlay, and the small ones of index.html."""

from pathlib import Path

import cv2
import numpy as np

from tumorseg.data.preprocess import to_channels
from tumorseg.files import atomic_file

# As `figures` has them, which is not imported since it takes matplotlib: the colour of what is predicted, and
# those of classes. Blue, green, red.
PREDICTION = (0x00, 0x9F, 0xE6)
CLASS_COLORS = [
    (0xE9, 0xB4, 0x56),
    (0x00, 0x9F, 0xE6),
    (0x73, 0x9E, 0x00),
    (0xA7, 0x79, 0xCC),
    (0x42, 0xE4, 0xF0),
    (0x00, 0x5E, 0xD5),
]
LEAST_SIDE = 512  # pixels an overlay has at least: a smaller slice is enlarged
STRIP = 24  # pixels of a line of warnings
SMALL, THUMBNAIL = 256, 64  # pixels at most a side, in index.html
# Of a picture in colour, whose size counts: half the bytes of OpenCV's defaults in nearly the same time.
COLOUR = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP]


def png(array: np.ndarray) -> bytes:
    """A picture as PNG, without date or other metadata."""
    return cv2.imencode(".png", array, COLOUR if array.ndim == 3 else [])[1].tobytes()


def to_bgr(image: np.ndarray) -> np.ndarray:
    """A slice in grey, or with its colours in the order that OpenCV writes them in."""
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)


def jpeg(array: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", array, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(data)


def draw_overlay(greys: np.ndarray, mask: np.ndarray, classes: list[str], lines: list[str]) -> np.ndarray:
    """A slice with the outlines of its mask, and lines of warnings below it.

    Args:
        greys: uint8 (H, W), or in colour (H, W, 3).
        mask: uint8 (H, W), 0 or the index of a class.
        classes: Their names; none where all tumour is 1.
        lines: ASCII.

    Returns:
        uint8 (H', W', 3), blue, green, red; enlarged by a whole number where it is small.
    """
    factor = max(1, -(-LEAST_SIDE // max(greys.shape[:2])))
    size = (factor * greys.shape[1], factor * greys.shape[0])
    picture = to_bgr(to_channels(cv2.resize(greys, size, interpolation=cv2.INTER_NEAREST), 3))
    for index in np.unique(mask[mask > 0]).tolist():
        color = CLASS_COLORS[(index - 1) % len(CLASS_COLORS)] if classes else PREDICTION
        part = cv2.resize((mask == index).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(part, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, outlines, -1, color, 1 + max(size) // 800)
    return np.vstack([picture, *(_strip(line, size[0]) for line in lines)])


def _strip(line: str, width: int) -> np.ndarray:
    """A line of text on black, smaller where it would not fit."""
    strip = np.zeros((STRIP, width, 3), np.uint8)
    (long, _), _ = cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
    scale = 0.5 * min(1, (width - 12) / max(long, 1))
    cv2.putText(strip, line, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, scale, (0x42, 0xE4, 0xF0), 1, cv2.LINE_AA)
    return strip


def shrink(array: np.ndarray, side: int) -> np.ndarray:
    """A picture with at most so many pixels a side."""
    scale = side / max(array.shape[:2])
    if scale >= 1:
        return array
    size = (max(1, round(scale * array.shape[1])), max(1, round(scale * array.shape[0])))
    return cv2.resize(array, size, interpolation=cv2.INTER_AREA)
