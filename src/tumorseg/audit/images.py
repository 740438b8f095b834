"""Images one by one: what their files hold, and which are empty or unlike the others."""

import hashlib
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageMode

from tumorseg.data.headers import header_of
from tumorseg.data.read import channel_range

BLANK = 1.0  # standard deviation, in grey levels, up to which a slice shows nothing
OUTLIER = 5.0  # robust z-score: 1 slice in 1.7 million if they were normally distributed
TINGE = 24  # grey levels between channels; a grey picture that was saved as a JPEG in colour has up to 8
LOOKED_AT = 200  # images that are decoded to look for colour
FAR = 1.25  # times as long as wide, or the reverse, from which an image is far from square


@dataclass(frozen=True)
class Colour:
    """How many images have several channels, how many of them were decoded, how many of those show colour."""

    several: int
    looked_at: int
    colourful: int


def read_header(path: Path) -> dict[str, object]:
    """What an image file says of itself: digest (SHA-256 of its bytes), size, channels, bits a channel, and
    the EXIF orientation that viewers turn it by (1: as it is stored; 2 to 8).

    Only the header is decoded; `prepare.prepare` has refused files that are cut off.

    Raises:
        UserError: As of `header_of`.
    """
    content = path.read_bytes()
    header = header_of(content, path)
    return {
        "digest": hashlib.sha256(content).hexdigest(),
        "size": f"{header.width}x{header.height}",
        "channels": len(ImageMode.getmode(header.mode).bands),
        "bits": header.bits,
        "orientation": header.orientation,
    }


def look_for_colour(paths: list[Path], channels: np.ndarray, readers: Executor) -> Colour:
    """Decode some of the images that have several channels, spread over all, and say which show colour.

    Args:
        paths: N files.
        channels: int (N,), of each.
        readers: Threads to read with.
    """
    several = np.flatnonzero(channels > 1)
    places = np.unique(np.linspace(0, len(several) - 1, min(len(several), LOOKED_AT)).round().astype(int))
    chosen = several[places] if len(several) else several
    colourful = list(readers.map(is_colourful, [paths[index] for index in chosen]))
    return Colour(several=len(several), looked_at=len(chosen), colourful=sum(colourful))


def is_colourful(path: Path) -> bool:
    """Whether a hundredth of an image's pixels is no grey: its channels are TINGE or more apart."""
    with Image.open(path) as image:
        image.draft("RGB", (256, 256))  # a JPEG is decoded at an eighth of its sides, at least at this size
        pixels = np.asarray(image.convert("RGB"))
    apart = channel_range(pixels)
    return bool(np.count_nonzero(apart >= TINGE) > apart.size / 100)


def robust_z(values: pd.Series) -> pd.Series:
    """(value − median) / (1.4826 MAD), which is the z-score of normally distributed values.

    0 for the median itself, infinite for others where more than half of the values are equal.
    """
    distance = values - values.median()
    with np.errstate(divide="ignore", invalid="ignore"):
        return (distance / (1.4826 * distance.abs().median())).fillna(0.0)


def is_outlier(values: pd.Series) -> pd.Series:
    """Which values are OUTLIER or more robust standard deviations from the median; NaN are not."""
    return robust_z(values).abs() >= OUTLIER
