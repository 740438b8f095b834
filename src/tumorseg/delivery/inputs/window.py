"""Which values become black and white, where there are more than 256 of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tumorseg.errors import UserError

LOW, HIGH = 0.5, 99.5  # percentiles that become black and white where nothing else is said
SAMPLES = 2**16  # pixels of a slice that are enough to guess by
SAMPLED = 32  # slices of a series or volume that are, evenly spaced


@dataclass(frozen=True)
class Window:
    """What --window asks for: `auto`, `dicom`, or `fixed` with its ends."""

    mode: Literal["auto", "dicom", "fixed"] = "auto"
    low: float = 0.0
    high: float = 0.0


def parse_window(text: str) -> Window:
    """The window that a user asks for.

    Args:
        text: auto: the file's own window, else percentiles; dicom: the file's own or an error; or
            LOW:HIGH, in the values of the file (HU for CT).
    """
    if text == "auto":
        return Window("auto")
    if text == "dicom":
        return Window("dicom")
    low, colon, high = text.partition(":")
    try:
        window = Window("fixed", float(low), float(high))
    except ValueError:
        window = Window("fixed")
    if not colon or not -np.inf < window.low < window.high < np.inf:
        raise UserError(f"--window: {text!r} is not auto, dicom or LOW:HIGH, such as 0:800")
    return window


def guess_window(slices: Iterable[np.ndarray]) -> tuple[float, float]:
    """Percentiles 0.5 and 99.5 of the pixels above the least value, over all the slices given.

    The least value is air, padding or what lies outside the scanned field. It may be most of a slice, and
    would take the percentiles with it. Single bright pixels (vessels, implants) are cut off likewise.
    """
    samples = [_sample(values) for values in slices]
    values = np.concatenate(samples) if samples else np.zeros(0)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    inside = values[values > values.min()]
    if not inside.size:  # of one value: as dark as can be
        return float(values[0]), float(values[0]) + 1
    low, high = np.percentile(inside, [LOW, HIGH])
    return (float(low), float(high)) if low < high else (float(values.min()), float(high))


def spread(count: int) -> list[int]:
    """Indices of at most `SAMPLED` slices of `count`, evenly spaced, the ends with them."""
    return sorted({round(each) for each in np.linspace(0, count - 1, min(count, SAMPLED))})


def _sample(values: np.ndarray) -> np.ndarray:
    flat = np.ravel(values)
    return flat[:: max(1, flat.size // SAMPLES)].astype(np.float64)
