"""The values of one mask picture: all of them as they are stored, or a line that says why not."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tumorseg.data.coco_schema import MAX_SIDE
from tumorseg.data.headers import Header, header_of
from tumorseg.data.read import channel_range, turned
from tumorseg.errors import UserError
from tumorseg.sources.tree import Tree, no_picture, suffix_of

if TYPE_CHECKING:
    from PIL.Image import Image

COLOUR = 1 << 24  # marks a value as red, green and blue
LOSSY = (".jpg", ".jpeg", ".jpe", ".jfif", ".webp")
# Pillow's words for kinds of pixel: of 8 bits a channel, and of numbers.
BYTES = ("1", "L", "P", "LA", "PA", "RGB", "RGBA")
NUMBERS = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
MAX_VALUE = 2**16 - 1
GREY = 63  # channels of a grey that a lossy file stores in colour differ by no more


def read_mask(tree: Tree, name: str, size: tuple[int, int]) -> np.ndarray:
    """The values of a mask, (H, W), turned as its picture is.

    They are grey levels, uint8 or uint16, or colours, also of a palette, as COLOUR | 0xRRGGBB, int32.

    Args:
        tree: The set.
        name: Of the mask.
        size: Width and height of its picture.

    Raises:
        UserError: It is no picture or several, of another size, or of a kind whose values would be changed.
    """
    from PIL import Image

    shown = f"{tree.shown}: {name!r}"
    try:
        with tree.opener(name) as file:
            header = header_of(file, shown)
            _check_size(header.size(tree.exif), size, shown)
            file.seek(0)
            with Image.open(file) as picture:
                values = _values(picture, header, suffix_of(name) in LOSSY, shown)
    except UserError:
        raise
    except Exception as error:  # whatever Pillow's plugins raise at damaged files
        raise UserError(f"{shown} is no picture ({no_picture(error)}); replace it") from None
    return turned(values, header.orientation) if tree.exif == "shown" else values


def _check_size(size: tuple[int, int], picture: tuple[int, int], shown: str) -> None:
    """Before the pixels are decoded: they may be many."""
    if size != picture:
        way_out = "resize it, by the nearest pixel"
        if size == picture[::-1]:
            way_out = "turn it as its picture is, or set source.exif"
        raise UserError(
            f"{shown} is {size[0]}×{size[1]} pixels, but its picture is {picture[0]}×{picture[1]}; {way_out}"
        )
    if max(size) > MAX_SIDE:
        raise UserError(
            f"{shown} is {size[0]}×{size[1]} pixels; up to {MAX_SIDE} a side are read: scale the set"
        )


def _values(picture: "Image", header: Header, lossy: bool, shown: str) -> np.ndarray:
    if header.mode in NUMBERS:
        return _whole(np.asarray(picture), shown)
    if header.mode not in BYTES:
        raise UserError(f"{shown} is stored as {header.mode}; save it in grey or as RGB")
    if header.bits > 8:
        raise UserError(
            f"{shown} has {header.bits} bits a channel, of which 8 would be lost; save it with 8, or in grey"
        )
    if header.mode in ("1", "L") and not header.alpha:
        return np.asarray(picture.convert("L"))
    pixels = np.asarray(picture.convert("RGBA" if header.alpha else "RGB"))
    if lossy and channel_range(pixels[..., :3]).max() > GREY:
        raise UserError(f"{shown} is in colour, which its format blurs; save the masks anew, as PNGs")
    values = np.asarray(picture.convert("L")) if lossy else _packed(pixels)
    if header.alpha and not _adds_nothing(pixels[..., 3], values):
        raise UserError(
            f"{shown} tells by its transparency what its colours do not; save it without, background in black"
        )
    return values


def _whole(values: np.ndarray, shown: str) -> np.ndarray:
    """Numbers of any type as uint16."""
    low, high = values.min(), values.max()
    if low >= 0 and high <= MAX_VALUE:  # NaN is not
        whole = values.astype(np.uint16)
        if np.array_equal(whole, values):
            return whole
    raise UserError(
        f"{shown} has values from {low:g} to {high:g} that are not all whole numbers from 0 to {MAX_VALUE}; "
        "give each class such a number"
    )


def _packed(pixels: np.ndarray) -> np.ndarray:
    """One number for each pixel, uint8 (H, W, 3 or 4), whatever its alpha."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    grey = (red == green) & (green == blue)
    if grey.all():
        return np.ascontiguousarray(red)
    values = red.astype(np.int32)
    for channel in (green, blue):
        values <<= 8
        values |= channel
    values |= COLOUR
    values[grey] = red[grey]
    return values


def _adds_nothing(alpha: np.ndarray, values: np.ndarray) -> bool:
    """Whether each value has one alpha, and 0 alone is transparent; or all have the same."""
    if alpha.min() == alpha.max():
        return True
    pairs = pd.unique((values.astype(np.int64) << 8 | alpha).ravel())
    of_values = pairs >> 8
    return len(set(of_values.tolist())) == len(pairs) and not of_values[pairs & 255 == 0].any()
