"""Every kind of mask picture: its values as they are stored, or a line that says why not."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from support.sets import png, put

from tumorseg.errors import UserError
from tumorseg.sources.containers import folder_tree
from tumorseg.sources.layouts.mask_values import COLOUR, read_mask
from tumorseg.types import Exif

CLASSES = np.array([[0, 0, 1], [2, 2, 0]], np.uint8)  # 3 pixels wide, 2 high
DEEP = CLASSES.astype(np.uint16) * 300  # no byte holds 300 and 600
RED, GREEN = (255, 0, 0, 255), (0, 255, 0, 255)


def saved(pixels: np.ndarray | Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    picture.save(file, kind, **options)
    return file.getvalue()


def values_of(
    content: bytes,
    folder: Path,
    name: str = "1_mask.png",
    size: tuple[int, int] = (3, 2),
    exif: Exif = "stored",
) -> np.ndarray:
    put(folder / "set" / name, content)
    tree = folder_tree(folder / "set", "set")
    return read_mask(type(tree)(tree.shown, tree.names, tree.opener, exif), name, size)


def rgba(*colours: tuple[int, int, int, int]) -> bytes:
    """A picture of 3 × 2 pixels."""
    return saved(np.array(colours, np.uint8).reshape(2, 3, 4), "PNG")


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (png(CLASSES), CLASSES),
        (png(DEEP), DEEP),
        (saved(DEEP, "TIFF"), DEEP),
        (saved(DEEP.astype(">u2"), "TIFF"), DEEP),
        (saved(DEEP.astype(np.int32), "TIFF"), DEEP),
        (saved(DEEP.astype(np.float32), "TIFF"), DEEP),
        (saved(CLASSES > 0, "PNG"), (CLASSES > 0) * 255),
        (saved(np.dstack([CLASSES] * 3), "PNG"), CLASSES),
        (
            saved(np.dstack([CLASSES, CLASSES * 0, CLASSES * 0]), "PNG"),
            [[0, 0, 0x010000], [0x020000] * 2 + [0]],
        ),
    ],
    ids=["8", "16", "tiff16", "tiff16 big", "tiff32", "float", "1", "rgb of greys", "colours"],
)
def test_values_are_those_stored(content: bytes, values: np.ndarray, tmp_path: Path) -> None:
    found = values_of(content, tmp_path, "1_mask.tif")
    colours = found > COLOUR
    assert np.array_equal(np.where(colours, found - COLOUR * colours, found), values)
    assert found.dtype in (np.uint8, np.uint16, np.int32)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            saved(CLASSES.astype(np.float32) * 0.4, "TIFF"),
            r"has values from 0 to 0\.8 that",
        ),
        (saved(np.where(CLASSES, np.float32(1), np.float32(np.nan)), "TIFF"), "has values from nan to nan"),
        (saved(CLASSES.astype(np.int32) - 1, "TIFF"), "has values from -1 to 1 that are not all whole"),
        (
            saved(CLASSES.astype(np.int32) * 40_000, "TIFF"),
            "has values from 0 to 80000 that",
        ),
        (png(np.dstack([CLASSES.astype(np.uint16)] * 3)), "has 16 bits a channel, of which 8 would be lost"),
        (saved(Image.fromarray(np.dstack([CLASSES] * 4), "CMYK"), "TIFF"), "is stored as CMYK"),
        (
            saved(CLASSES, "TIFF", save_all=True, append_images=[Image.fromarray(CLASSES)]),
            "holds 2 pictures; save each",
        ),
        (b"hello", "is no image; replace it"),
        (png(CLASSES)[:50], "is no (sound image|picture) "),
    ],
    ids=["float", "nan", "negative", "high", "rgb16", "cmyk", "pages", "text", "cut off"],
)
def test_what_would_be_changed_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"^set: '1_mask\.tif':? {words}") as raised:
        values_of(content, tmp_path, "1_mask.tif")
    assert "\n" not in str(raised.value)
    assert " object at " not in str(raised.value)


NOTHING, BLACK = (0, 0, 0, 0), (0, 0, 0, 255)
WHITE, CLEAR_WHITE = (255, 255, 255, 255), (255, 255, 255, 0)


@pytest.mark.parametrize(
    ("colours", "values"),
    [
        ([BLACK, RED, GREEN] * 2, [0, COLOUR | 0xFF0000, COLOUR | 0x00FF00]),
        ([NOTHING, RED, GREEN] * 2, [0, COLOUR | 0xFF0000, COLOUR | 0x00FF00]),
        ([NOTHING, (255, 0, 0, 90), GREEN] * 2, [0, COLOUR | 0xFF0000, COLOUR | 0x00FF00]),
        ([NOTHING, CLEAR_WHITE, NOTHING] * 2, [0, 255, 0]),  # wholly transparent: some tools leave it so
    ],
)
def test_transparency_that_adds_nothing_is_dropped(colours: list, values: list[int], tmp_path: Path) -> None:
    assert values_of(rgba(*colours), tmp_path).tolist() == [values, values]


@pytest.mark.parametrize(
    "colours",
    [
        [CLEAR_WHITE, WHITE, CLEAR_WHITE],  # the mask is in the transparency
        [NOTHING, BLACK, NOTHING],
        [NOTHING, RED, (255, 0, 0, 100)],  # a smooth rim
        [CLEAR_WHITE, RED, GREEN],
    ],
)
def test_a_mask_in_the_transparency_is_refused(colours: list, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'1_mask\.png' tells by its transparency what its colours do not"):
        values_of(rgba(*colours * 2), tmp_path)


def test_a_transparent_colour_of_a_palette(tmp_path: Path) -> None:
    picture = Image.fromarray(CLASSES).convert("P")
    picture.putdata(CLASSES.ravel().tolist())
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    values = values_of(saved(picture, "PNG", transparency=0), tmp_path)
    red, green = COLOUR | 0x800000, COLOUR | 0x008000
    assert values.tolist() == [[0, 0, red], [green, green, 0]]
    with pytest.raises(UserError, match="tells by its transparency"):
        values_of(saved(picture, "PNG", transparency=1), tmp_path)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_lossy_mask_is_read_in_grey_and_not_in_colour(kind: str, tmp_path: Path) -> None:
    name, pixels = f"1_mask.{kind.lower()}", np.zeros((16, 32, 3), np.uint8)
    pixels[:, 16:] = 255
    values = values_of(saved(pixels, kind), tmp_path, name, (32, 16))
    assert values.dtype == np.uint8
    assert np.array_equal(values > 128, pixels[..., 0] > 0)
    pixels[:, 16:, 1:] = 0  # red, of which the grey is 76
    with pytest.raises(UserError, match="is in colour, which its format blurs; save the masks anew, as PNGs"):
        values_of(saved(pixels, kind), tmp_path, name, (32, 16))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_is_turned_as_its_picture_is(kind: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(CLASSES, kind, exif=exif)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    assert np.array_equal(values_of(content, tmp_path, size=shown.shape[::-1], exif="shown"), shown)
    if kind == "PNG":  # a TIFF's is part of the format
        assert np.array_equal(values_of(content, tmp_path), CLASSES)


def test_a_mask_that_is_turned_otherwise_than_its_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is 3×2 pixels, but its picture is 2×3; turn it .*source\.exif"):
        values_of(png(CLASSES), tmp_path, size=(2, 3))


def chunk(kind: bytes, content: bytes) -> bytes:
    """Of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def test_a_mask_of_too_many_pixels_is_refused(tmp_path: Path) -> None:
    content = (
        png(CLASSES)[:8]
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 9000, 9000, 8, 0, 0, 0, 0))
        + chunk(b"eXIf", b"II*\0\x08\0\0\0" + bytes(6))  # no entries
        + chunk(b"IDAT", zlib.compress(bytes(100)))  # not the pixels that it says
        + chunk(b"IEND", b"")
    )
    with pytest.raises(UserError, match=r"is 9000×9000 pixels, but its picture is 3×2; resize it"):
        values_of(content, tmp_path)
    with pytest.raises(UserError, match=r"is 9000×9000 pixels; up to 8192 a side are read"):
        values_of(content, tmp_path, size=(9000, 9000))
