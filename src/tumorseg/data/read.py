"""Slices and masks from their files, and their size: one way for training, evaluation and `predict`."""

from pathlib import Path

import cv2
import numpy as np

from tumorseg.data.classes import from_grey
from tumorseg.errors import UserError


def read_pair(image_path: Path, mask_folder: Path, classes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """A slice in grey and its mask of class indices, both uint8 (H, W)."""
    image, mask = read_slice(image_path), read_slice(mask_folder / f"{image_path.stem}.png")
    if image.shape != mask.shape:
        raise UserError(
            f"{image_path}: is {image.shape[1]}×{image.shape[0]} pixels, but its annotations say "
            f"{mask.shape[1]}×{mask.shape[0]}; mend width and height in _annotations.coco.json"
        )
    return image, from_grey(mask, classes)


def read_slice(path: Path) -> np.ndarray:
    """An image file in grey, uint8 (H, W)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; run dvc repro to make it anew") from None
    return decode_slice(data, path)


def decode_slice(data: bytes, shown: object) -> np.ndarray:
    """The bytes of an image file, which errors call `shown`, in grey, uint8 (H, W)."""
    # OpenCV fills what a cut JPEG lacks with grey. Coded pixels hold neither FFDA, the start of a scan,
    # nor FFD9, the end of the image, so the last scan of a whole file is followed by an end.
    if data.startswith(b"\xff\xd8") and b"\xff\xd9" not in data[data.rfind(b"\xff\xda") :]:
        raise UserError(f"{shown}: the JPEG is cut off; replace it where it comes from and run again")
    # Annotations are of the pixels as stored: an EXIF orientation would turn a slice against its mask.
    flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        array = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    except cv2.error:  # absurd sizes
        array = None
    if array is None:
        raise UserError(f"{shown}: is no image; replace it where it comes from and run again")
    return array


def resize_slice(image: np.ndarray, size: int) -> np.ndarray:
    """A slice, uint8 (H, W), at `size` pixels a side: by area, so that nothing is left out."""
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)


def resize_mask(mask: np.ndarray, size: int) -> np.ndarray:
    """A mask, uint8 (H, W), at `size` pixels a side: of the pixel under each centre, so no label is invented.

    INTER_NEAREST would be half a pixel off.
    """
    return cv2.resize(mask, (size, size), interpolation=cv2.INTER_NEAREST_EXACT)
