"""What a picture's file says of itself, where programs differ in how they read it."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tumorseg.data.headers import header_of
from tumorseg.data.read import Reading, decode_slice
from tumorseg.errors import UserError

STORED = np.zeros((24, 32), np.uint8)
STORED[:8, :16] = 200  # top left
TURN_RIGHT, UPSIDE_DOWN = 6, 3
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="3"/></x:xmpmeta>'


def saved(pixels: np.ndarray, format: str, **options: Any) -> bytes:
    Image.fromarray(pixels).save(file := io.BytesIO(), format, **options)
    return file.getvalue()


def exif(orientation: int, tag: int = 0x0112, form: str = ">HI") -> bytes:
    """EXIF of one entry, in an order and a type of number: SHORT is 3, LONG is 4."""
    order, kind = form[0], {"H": 3, "I": 4}[form[1]]
    value = struct.pack(form[:2], orientation).ljust(4, b"\0")
    start = {">": b"MM\0*", "<": b"II*\0"}[order] + struct.pack(f"{order}IH", 8, 1)
    return b"Exif\0\0" + start + struct.pack(f"{order}HHI", tag, kind, 1) + value + bytes(4)


def xmp_of(format: str) -> dict[str, Any]:
    if format != "PNG":
        return {"xmp": XMP}
    notes = PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return {"pnginfo": notes}


def late_exif(png: bytes) -> bytes:
    """The same PNG with its EXIF behind the pixels."""
    start = png.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(png[start : start + 4], "big")
    rest = png[:start] + png[end:]
    return rest[:-12] + png[start:end] + rest[-12:]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("notes", "orientation"),
    [
        ({}, 1),
        ({"exif": exif(TURN_RIGHT)}, TURN_RIGHT),
        ({"exif": exif(TURN_RIGHT, form="<H")}, TURN_RIGHT),
        ({"exif": exif(TURN_RIGHT, form=">I")}, TURN_RIGHT),
        ({"exif": exif(9)}, 1),
        ({"xmp": True}, 1),  # of XMP alone, viewers take no orientation
        ({"xmp": True, "exif": exif(TURN_RIGHT)}, TURN_RIGHT),
        ({"xmp": True, "exif": exif(TURN_RIGHT, tag=0x0111)}, 1),
    ],
)
def test_a_picture_is_turned_as_its_header_says(format: str, notes: dict[str, Any], orientation: int) -> None:
    exact = {"lossless": True, "exact": True} if format == "WEBP" else {}
    others = {key: value for key, value in notes.items() if key != "xmp"}
    data = saved(STORED, format, **exact, **others, **(xmp_of(format) if "xmp" in notes else {}))
    assert header_of(data, "a").orientation == orientation
    stored, shown = decode_slice(data, "a"), decode_slice(data, "a", Reading(exif="shown"))
    assert np.abs(stored.astype(int) - STORED).max() < 30  # of a JPEG
    np.testing.assert_array_equal(shown, np.rot90(stored, -1) if orientation == TURN_RIGHT else stored)


def test_exif_of_a_png_may_stand_behind_the_pixels() -> None:
    data = late_exif(saved(STORED, "PNG", exif=exif(UPSIDE_DOWN)))
    assert data.index(b"IDAT") < data.index(b"eXIf")
    assert header_of(data, "a").orientation == UPSIDE_DOWN
    np.testing.assert_array_equal(decode_slice(data, "a", Reading(exif="shown")), STORED[::-1, ::-1])


@pytest.mark.parametrize("big", [False, True])
def test_transparency_of_a_tiff_darkens_nothing(big: bool) -> None:
    pixels = np.full((24, 32, 4), 200, np.uint8)
    pixels[:, :16, 3] = 60
    data = saved(pixels, "TIFF", big_tiff=big)
    assert data[:4] == (b"II+\0" if big else b"II*\0")
    assert (decode_slice(data, "a") == 200).all()
    assert (decode_slice(data, "a", Reading(channels=3)) == 200).all()


def test_a_palette_of_a_tiff_with_transparency_is_looked_up() -> None:
    picture = Image.fromarray(STORED // 200)
    picture.putpalette([10, 10, 10, 90, 90, 90])
    picture = picture.convert("PA")
    picture.putalpha(60)
    picture.save(file := io.BytesIO(), "TIFF")
    assert header_of(file.getvalue(), "a").mode == "PA"
    expected = np.where(STORED > 0, 90, 10)
    np.testing.assert_array_equal(decode_slice(file.getvalue(), "a"), expected)


def test_a_damaged_tiff_with_transparency_is_named() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 4)).astype(np.uint8)
    data = bytearray(saved(pixels, "TIFF", compression="tiff_lzw"))
    data[100:400] = bytes(300)
    with pytest.raises(UserError, match=r"^a\.tif: is no sound image \(decoder error -2\); replace it"):
        decode_slice(bytes(data), "a.tif")
