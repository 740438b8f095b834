"""What may be done to a slice before it is brought to the working size: `preprocess` in params.yaml.

Every function takes a slice in grey and its mask, both uint8 (H, W), and returns both; a mask is only ever
cropped.
"""

from collections.abc import Callable

import cv2
import numpy as np

CLIP, TILES = 2.0, (8, 8)  # of CLAHE: OpenCV's own example
LOW, HIGH = 1, 99  # percentiles of the head's pixels that become 0 and 255

Pair = tuple[np.ndarray, np.ndarray]


def crop(image: np.ndarray, mask: np.ndarray) -> Pair:
    """Cut to the smallest square round the head that the slice has room for.

    A slice of a single grey stays whole. Where the head is, the slice alone says: a label must not give
    its own place away.
    """
    rows, columns = (np.flatnonzero(foreground(image).any(axis)) for axis in (1, 0))
    if not len(rows):
        return image, mask
    ends = [(rows[0], rows[-1] + 1, image.shape[0]), (columns[0], columns[-1] + 1, image.shape[1])]
    side = max(last - first for first, last, _ in ends)
    cut = tuple(_widen(first, last, side, room) for first, last, room in ends)
    return image[cut], mask[cut]


def clahe(image: np.ndarray, mask: np.ndarray) -> Pair:
    """Equalise contrast tile by tile, within limits (Zuiderveld 1994)."""
    return cv2.createCLAHE(CLIP, TILES).apply(image), mask


def normalise(image: np.ndarray, mask: np.ndarray) -> Pair:
    """Stretch the grey levels of the head to the whole range; one of a single grey stays as it is."""
    head = image[foreground(image)]
    if not len(head):
        return image, mask
    low, high = np.percentile(head, [LOW, HIGH])
    stretched = (image - low) * (255 / max(high - low, 1))
    return stretched.round().clip(0, 255).astype(np.uint8), mask


FUNCTIONS: dict[str, Callable[[np.ndarray, np.ndarray], Pair]] = {
    "crop": crop,
    "clahe": clahe,
    "normalise": normalise,
}


def preprocess(image: np.ndarray, mask: np.ndarray, steps: list[str]) -> Pair:
    """Apply the named steps in the order given."""
    for step in steps:
        image, mask = FUNCTIONS[step](image, mask)
    return image, mask


def foreground(image: np.ndarray) -> np.ndarray:
    """The head's pixels, bool (H, W): brighter than half of Otsu's threshold (Otsu 1979).

    Half of it, since the threshold itself parts the bright rim of the head from the grey inside.
    """
    return image > cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)[0] / 2


def _widen(first: int, last: int, side: int, room: int) -> slice:
    """`side` pixels about [first, last), moved inward at the edge, at most all of `room`."""
    start = max(0, min((first + last - side) // 2, room - side))
    return slice(start, min(start + side, room))
