"""What may be done to a slice before it is brought to the working size: `preprocess` in params.yaml.

Two kinds of steps: those that change greys take a slice, uint8 (H, W) or in colour (H, W, 3), and return one
of the same shape; those that change the place give a frame, in which slice and mask are cut alike. The
slice alone decides: a label must not give its own place away.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

CLIP, TILES = 2.0, (8, 8)  # of CLAHE: OpenCV's own example
LOW, HIGH = 1, 99  # percentiles of the head's pixels that become 0 and 255
COUNTED = 2**24  # pixels that OpenCV's histogram, in float32, counts exactly


@dataclass(frozen=True)
class Frame:
    """A rectangle of pixels of a slice; what of it lies outside the slice is padding."""

    top: int
    left: int
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    def inside(self, shape: tuple[int, ...]) -> tuple[slice, slice]:
        """Rows and columns of a slice of that shape which the frame holds."""
        return (
            slice(max(self.top, 0), min(self.top + self.height, shape[0])),
            slice(max(self.left, 0), min(self.left + self.width, shape[1])),
        )

    def within(self, shape: tuple[int, ...]) -> tuple[slice, slice]:
        """Rows and columns of the frame that hold them."""
        rows, columns = self.inside(shape)
        return (
            slice(rows.start - self.top, rows.stop - self.top),
            slice(columns.start - self.left, columns.stop - self.left),
        )

    def cut(self, array: np.ndarray) -> np.ndarray:
        """What the frame holds of an array (H, W, …); padding is 0."""
        inside = self.inside(array.shape)
        part = array[inside]
        if part.shape[:2] == self.shape:
            return part
        framed = np.zeros((*self.shape, *array.shape[2:]), array.dtype)
        framed[self.within(array.shape)] = part
        return framed

    def whole(self, array: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """An array (height, width) of the frame in a slice of that shape; 0 beyond the frame."""
        full = np.zeros(shape, array.dtype)
        full[self.inside(shape)] = array[self.within(shape)]
        return full


def crop(image: np.ndarray) -> Frame:
    """The smallest square round the head that the slice has room for; all of a slice of a single grey."""
    rows, columns = (np.flatnonzero(foreground(image).any(axis)) for axis in (1, 0))
    if not len(rows):
        return Frame(0, 0, *image.shape[:2])
    ends = [(rows[0], rows[-1] + 1, image.shape[0]), (columns[0], columns[-1] + 1, image.shape[1])]
    side = max(int(last - first) for first, last, _ in ends)
    (top, height), (left, width) = (_widened(first, last, side, room) for first, last, room in ends)
    return Frame(top, left, height, width)


def pad(image: np.ndarray) -> Frame:
    """The smallest square that holds the slice, in its middle."""
    height, width = image.shape[:2]
    side = max(height, width)
    return Frame(-((side - height) // 2), -((side - width) // 2), side, side)


def clahe(image: np.ndarray) -> np.ndarray:
    """Equalise contrast tile by tile, within limits (Zuiderveld 1994); in colour, of the lightness alone."""
    equalise = cv2.createCLAHE(CLIP, TILES).apply
    if image.ndim == 2:
        return equalise(image)
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = equalise(np.ascontiguousarray(lab[..., 0]))
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)


def normalise(image: np.ndarray) -> np.ndarray:
    """Stretch the grey levels of the head to the whole range; a head of a single grey stays as it is."""
    grey = to_grey(image)
    counts = _histogram(grey)
    counts[: int(_head_threshold(grey)) + 1] = 0
    if not counts.any():
        return image
    low, high = (_percentile(counts, percent) for percent in (LOW, HIGH))
    if low == high:
        return image
    stretched = (np.arange(256, dtype=np.uint8) - low) * (255 / max(high - low, 1))
    return cv2.LUT(image, stretched.round().clip(0, 255).astype(np.uint8))


FRAMES: dict[str, Callable[[np.ndarray], Frame]] = {"crop": crop, "pad": pad}
GREYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"clahe": clahe, "normalise": normalise}


def preprocess(image: np.ndarray, steps: Sequence[str]) -> tuple[np.ndarray, Frame]:
    """Apply the named steps in the order given; the slice then, and the frame that it is of the whole one."""
    frame = Frame(0, 0, *image.shape[:2])
    for step in steps:
        if step in GREYS:
            image = GREYS[step](image)
        else:
            part = FRAMES[step](image)
            image = part.cut(image)
            frame = Frame(frame.top + part.top, frame.left + part.left, *part.shape)
    return image, frame


def to_grey(image: np.ndarray) -> np.ndarray:
    """A slice in grey, uint8 (H, W); of a colour one (H, W, 3) its luma (ITU-R BT.601)."""
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def to_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """A slice as a net of so many channels takes it: in grey (H, W), or as (H, W, 3)."""
    if channels == 1:
        return to_grey(image)
    return image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)


def foreground(image: np.ndarray) -> np.ndarray:
    """The head's pixels, bool (H, W): brighter than half of Otsu's threshold (Otsu 1979).

    Half of it, since the threshold itself parts the bright rim of the head from the grey inside.
    """
    grey = to_grey(image)
    return grey > _head_threshold(grey)


def _head_threshold(grey: np.ndarray) -> float:
    return cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU | cv2.THRESH_DRYRUN)[0] / 2  # no pixel is written


def _histogram(grey: np.ndarray) -> np.ndarray:
    """How many pixels have each of the 256 greys, int64 (256,)."""
    rows = max(1, COUNTED // grey.shape[1])
    counts = np.zeros(256, np.int64)
    for start in range(0, len(grey), rows):
        part = cv2.calcHist([grey[start : start + rows]], [0], None, [256], [0, 256])
        counts += part.ravel().astype(np.int64)
    return counts


def _percentile(counts: np.ndarray, percent: float) -> float:
    """As `numpy.percentile` of the pixels that a histogram counts, bit for bit."""
    ends = counts.cumsum()
    place = (int(ends[-1]) - 1) * (percent / 100)
    below = int(place)
    first, second = (int(np.searchsorted(ends, rank, "right")) for rank in (below, below + 1))
    share, step = place - below, min(second, 255) - first
    return second - step * (1 - share) if share >= 0.5 else first + step * share


def _widened(first: int, last: int, side: int, room: int) -> tuple[int, int]:
    """Start and length of `side` pixels about [first, last), moved inward at the edge, at most `room`."""
    start = max(0, min((int(first) + int(last) - side) // 2, room - side))
    return start, min(start + side, room) - start
