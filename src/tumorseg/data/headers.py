"""What a picture's file says of itself, before its pixels are decoded."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tumorseg.errors import UserError
from tumorseg.types import Exif

if TYPE_CHECKING:
    from PIL.Image import Image

ORIENTATION, BITS_PER_SAMPLE = 274, 258  # tags of EXIF and of TIFF
TURNED = range(5, 9)  # orientations that exchange width and height
BITS = {"1": 1, "I": 32, "F": 32}  # of Pillow's modes; the others but I;16 have 8
MAX_PIXELS = 2**27  # 11,585 a side; OpenCV stops at 2**30, which takes 3 GB to decode


@dataclass(frozen=True)
class Header:
    """Of one picture."""

    width: int  # pixels, as stored
    height: int
    mode: str  # Pillow's word for the kind of pixel
    bits: int  # of a channel
    alpha: bool  # whether it has transparency
    orientation: int  # of EXIF, 1 to 8; 1: stored as shown
    pages: int  # pictures in the file

    def size(self, exif: Exif) -> tuple[int, int]:
        """Width and height, as stored or as EXIF's orientation shows it."""
        turned = exif == "shown" and self.orientation in TURNED
        return (self.height, self.width) if turned else (self.width, self.height)


def read_header(path: Path) -> Header:
    """The header of a file.

    Raises:
        UserError: As `header_of`, or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return header_of(file, path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; run dvc repro to make it anew") from None


def header_of(file: IO[bytes] | bytes, shown: object) -> Header:
    """The header of an open file or of bytes, which errors call `shown`.

    Raises:
        UserError: It is no image, is absurdly large, or holds several pictures.
    """
    # Here, since `predict` of DICOM and NIfTI files needs no Pillow.
    from PIL import Image, UnidentifiedImageError

    stream = io.BytesIO(file) if isinstance(file, bytes) else file
    start = stream.read(26)
    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, which have their own limit here
            image = Image.open(stream)
            header = Header(
                *image.size,
                mode=image.mode,
                bits=_bits(image, start),
                alpha=image.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in image.info,
                orientation=_orientation(image, stream),
                # A phone's JPEG may carry a preview behind the picture.
                pages=1 if image.format == "MPO" else int(getattr(image, "n_frames", 1)),
            )
    except Image.DecompressionBombError:
        raise UserError(f"{shown}: is too large, over {MAX_PIXELS:,} pixels; give a smaller one") from None
    except UnidentifiedImageError:
        raise UserError(f"{shown}: is no image; replace it where it comes from and run again") from None
    except Exception as error:  # Pillow's readers raise anything at damaged files
        raise unsound(error, shown) from None
    if header.width * header.height > MAX_PIXELS:
        raise UserError(f"{shown}: is too large, over {MAX_PIXELS:,} pixels; give a smaller one")
    if header.pages > 1:
        raise UserError(f"{shown}: holds {header.pages} pictures; save each as a file of its own")
    return header


def unsound(error: Exception, shown: object) -> UserError:
    """What is said of a picture, called `shown`, that one of Pillow's readers stopped at."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return UserError(f"{shown}: is no sound image ({reason}); replace it where it comes from")


def _bits(image: "Image", start: bytes) -> int:
    """Of a channel. Pillow's mode does not tell 16 bits where there are several channels."""
    if image.format == "PNG":
        return start[24]
    if image.format == "TIFF":
        of_channels = image.tag_v2.get(BITS_PER_SAMPLE, 1)  # type: ignore[attr-defined]
        return int(max(of_channels) if isinstance(of_channels, tuple) else of_channels)
    return 16 if image.mode.startswith("I;16") else BITS.get(image.mode, 8)


def _orientation(image: "Image", stream: IO[bytes]) -> int:
    """Of EXIF. A TIFF's is part of the format: Pillow and OpenCV obey it, so that it turns nothing here."""
    if image.format == "TIFF":
        return 1
    from PIL import Image

    try:
        exif = Image.Exif()  # not getexif(), which takes an orientation of XMP too, as few programs do
        exif.load(_png_exif(stream) if image.format == "PNG" else image.info.get("exif", b""))
        value = exif.get(ORIENTATION, 1)
    except Exception:  # notes that are damaged: the pixels are not
        return 1
    return value if value in range(1, 9) else 1


def _png_exif(stream: IO[bytes]) -> bytes:
    """EXIF of a PNG, which may stand behind the pixels: Pillow would decode them to find it."""
    stream.seek(8)  # behind the signature
    while len(start := stream.read(8)) == 8:
        length = int.from_bytes(start[:4], "big")
        if start[4:] == b"eXIf":
            return stream.read(length)
        stream.seek(length + 4, io.SEEK_CUR)  # and its checksum
    return b""
