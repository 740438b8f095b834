"""Images one by one: what their files hold, and which are empty or unlike the others."""

import hashlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, UnidentifiedImageError

from tumorseg.errors import UserError

BLANK = 1.0  # standard deviation, in grey levels, up to which a slice shows nothing
OUTLIER = 5.0  # robust z-score: 1 slice in 1.7 million if they were normally distributed
BITS = {"1": 1, "I": 32, "F": 32}  # of Pillow's modes; the others but I;16 have 8


def read_header(path: Path) -> dict[str, object]:
    """What an image file says of itself: digest (SHA-256 of its bytes), size, channels, bits a channel.

    Only the header is decoded; `prepare.prepare` has refused files that are cut off.

    Raises:
        UserError: The file is no image that Pillow knows.
    """
    content = path.read_bytes()
    try:
        image = Image.open(BytesIO(content))
    except UnidentifiedImageError:
        raise UserError(f"{path}: its header is of no common image format; save it as PNG or JPEG") from None
    return {
        "digest": hashlib.sha256(content).hexdigest(),
        "size": f"{image.width}x{image.height}",
        "channels": len(image.getbands()),
        "bits": 16 if image.mode.startswith("I;16") else BITS.get(image.mode, 8),
    }


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
