"""Slices and masks from their files, and their size: one way for training, evaluation and `predict`."""

import io
import warnings
from pathlib import Path

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from tumorseg.data.classes import from_grey
from tumorseg.data.headers import TURNED, header_of, read_header, unsound
from tumorseg.data.remarks import captured_remarks, refuse_damage
from tumorseg.errors import UserError
from tumorseg.files import write_json
from tumorseg.types import Channels, Exif

FILE = (
    "reading.json"  # beside the prepared arrays; only where pictures are read in another way than by default
)
TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")  # and BigTIFF
MIRRORED, UPSIDE_DOWN = (2, 3, 6, 7), (3, 4, 7, 8)  # orientations of EXIF, once turned where TURNED
GREY_MODES = ("1", "L", "I", "F")  # what Pillow's modes of pictures without colour begin with


class Reading(BaseModel):
    """How the files of a dataset become slices; what a net is trained with, it must be asked with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: Channels = 1  # 1: grey; 3: red, green, blue
    greys: tuple[float, float] | None = None  # of pictures of more than 8 bits: what becomes 0 and 255
    exif: Exif = "stored"  # whether pictures are taken as stored, or turned as EXIF's orientation shows them


DEFAULT = Reading()


def write_reading(folder: Path, reading: Reading) -> None:
    """Leave it in a folder of prepared arrays; no file where it is the default."""
    if reading != DEFAULT:
        write_json(folder / FILE, reading.model_dump())


def read_reading(folder: Path) -> Reading:
    """What `write_reading` left in a folder.

    Raises:
        UserError: It is malformed.
    """
    path = folder / FILE
    if not path.exists():
        return DEFAULT
    try:
        return Reading.model_validate_json(path.read_bytes())
    except ValidationError:
        raise UserError(f"{path}: not as prepare wrote it; run dvc repro -f -s prepare") from None


def read_pair(
    image_path: Path, mask_folder: Path, classes: list[str], reading: Reading = DEFAULT
) -> tuple[np.ndarray, np.ndarray]:
    """A slice, uint8 (H, W) or in colour (H, W, 3), and its mask of class indices, uint8 (H, W)."""
    image, mask = read_slice(image_path, reading), read_slice(mask_folder / f"{image_path.stem}.png")
    check_sizes(image_path, image.shape, mask.shape)
    return image, from_grey(mask, classes)


def check_sizes(image_path: Path, size: tuple[int, ...], annotated: tuple[int, ...]) -> None:
    """Raise a `UserError` where a slice has not the height and width that its annotations say."""
    if size[:2] == annotated[:2]:
        return
    way_out = "mend width and height in _annotations.coco.json"
    if size[1::-1] == annotated[:2] and read_header(image_path).orientation in TURNED:
        way_out = (
            "EXIF's orientation turns it: say in source.exif whether the outlines are of pictures as "
            "`stored` or as `shown`"
        )
    raise UserError(
        f"{image_path}: is {size[1]}×{size[0]} pixels, but its annotations say "
        f"{annotated[1]}×{annotated[0]}; {way_out}"
    )


def read_slice(path: Path, reading: Reading = DEFAULT) -> np.ndarray:
    """An image file as a slice, uint8 (H, W), or (H, W, 3) in colour."""
    return decode_slice(load(path), path, reading)


def load(path: Path) -> bytes:
    """The bytes of a file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; run dvc repro to make it anew") from None


def decode_slice(data: bytes, shown: object, reading: Reading = DEFAULT) -> np.ndarray:
    """The bytes of an image file, which errors call `shown`, as a slice, uint8 (H, W) or (H, W, 3).

    Raises:
        UserError: They are no image, or pixels are lost.
    """
    with captured_remarks() as remarks:
        image = decode(data, shown, reading)
        refuse_damage(remarks(), shown)
    return image


def decode(data: bytes, shown: object, reading: Reading = DEFAULT) -> np.ndarray:
    """As `decode_slice`, but pixels that libjpeg only warns of are not noticed: for use in threads."""
    if reading.greys is None:
        return decode_values(data, shown, reading, deep=False)
    values = decode_values(data, shown, reading, deep=True)
    return values if values.dtype == np.uint8 else to_greys(values, *reading.greys)


def decode_values(data: bytes, shown: object, reading: Reading, deep: bool) -> np.ndarray:
    """The values of an image file, (H, W) or (H, W, 3): uint8, or, where `deep`, of the file's own type."""
    if _is_cut_jpeg(data):  # OpenCV fills what it lacks with grey
        raise UserError(f"{shown}: the JPEG is cut off; replace it where it comes from and run again")
    flags = cv2.IMREAD_IGNORE_ORIENTATION | (cv2.IMREAD_ANYDEPTH if deep else 0)
    tiff = header_of(data, shown) if data.startswith(TIFF) else None
    colour = reading.channels == 3 and not (tiff and tiff.mode.startswith(GREY_MODES))
    if tiff and tiff.alpha:
        values = _without_alpha(data, shown, colour)
    else:
        values = _decoded(data, shown, flags | (cv2.IMREAD_COLOR if colour else cv2.IMREAD_GRAYSCALE))
    if reading.exif == "shown":  # here, since OpenCV reads some orientations that Pillow does not
        values = turned(values, (tiff or header_of(data, shown)).orientation)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise UserError(f"{shown}: has values that are not finite; save it without them")
    if reading.channels == 3:
        return cv2.cvtColor(values, cv2.COLOR_BGR2RGB) if values.ndim == 3 else np.dstack([values] * 3)
    return values


def _is_cut_jpeg(data: bytes) -> bool:
    """Whether it is a JPEG whose last scan has no end.

    Coded pixels hold neither FFDA, the start of a scan, nor FFD9, the end of the image.
    """
    if not data.startswith(b"\xff\xd8") or data.endswith(b"\xff\xd9"):
        return False
    return b"\xff\xd9" not in data[data.rfind(b"\xff\xda") :]


def turned(values: np.ndarray, orientation: int) -> np.ndarray:
    """Values, (H, W) or (H, W, 3), as an orientation of EXIF, 1 to 8, shows them."""
    if orientation in TURNED:
        values = values.swapaxes(0, 1)
    if orientation in MIRRORED:
        values = values[:, ::-1]
    if orientation in UPSIDE_DOWN:
        values = values[::-1]
    return np.ascontiguousarray(values)


def _without_alpha(data: bytes, shown: object, colour: bool) -> np.ndarray:
    """The values of a TIFF with transparency, by which OpenCV would darken them."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures and damaged notes
            image = Image.open(io.BytesIO(data))
            pixels = np.asarray(image.convert("RGBA") if image.mode == "PA" else image)[..., :-1]
    except Exception as error:  # Pillow's readers raise anything at damaged files
        raise unsound(error, shown) from None
    if pixels.shape[2] == 1:
        return np.ascontiguousarray(pixels[..., 0])
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR if colour else cv2.COLOR_RGB2GRAY)


def _decoded(data: bytes, shown: object, flags: int) -> np.ndarray:
    try:
        array = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    except cv2.error:  # absurd sizes
        array = None
    if array is None:
        raise UserError(f"{shown}: is no image; replace it where it comes from and run again")
    return array


def channel_range(pixels: np.ndarray) -> np.ndarray:
    """The greatest value of each pixel's channels less the least: (H, W, C) to (H, W).

    It is of the same type if that has no sign, else float64, since the difference may not fit.
    """
    if pixels.dtype.kind != "u":
        pixels = pixels.astype(np.float64)
    # Along the last axis NumPy takes twenty times as long.
    return np.ptp(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)), axis=0)


def to_greys(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values, of any type and shape, as greys: `low` and below are 0, `high` and above are 255, uint8."""
    scaled = (values.astype(np.float64) - low) * (255 / (high - low))
    return np.nan_to_num(scaled, nan=0, posinf=255, neginf=0).round().clip(0, 255).astype(np.uint8)


def resize_slice(image: np.ndarray, size: int) -> np.ndarray:
    """A slice, uint8 (H, W) or (H, W, 3), at `size` pixels a side: by area, so that nothing is left out."""
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)


def resize_mask(mask: np.ndarray, size: int) -> np.ndarray:
    """A mask, uint8 (H, W), at `size` pixels a side: of the pixel under each centre, so no label is invented.

    INTER_NEAREST would be half a pixel off.
    """
    return cv2.resize(mask, (size, size), interpolation=cv2.INTER_NEAREST_EXACT)
