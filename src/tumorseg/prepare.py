"""Slices and masks as arrays at the working size, and slices.csv, which tells about each slice."""

import re
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.coco import Slice, read_split
from tumorseg.errors import UserError
from tumorseg.files import atomic_folder, write_csv
from tumorseg.progress import progress


def prepare(raw: Path, masks: Path, prepared: Path, image_size: int) -> None:
    """Bring slices and masks to `image_size` pixels a side and write arrays and slices.csv.

    Slices are averaged down (INTER_AREA); masks take the nearest pixel, so no label is invented.

    Raises:
        UserError: A slice or its mask cannot be read or is cut off, or their sizes differ.
    """
    rows = []
    with atomic_folder(prepared) as folder:
        for split in SPLITS:
            slices = read_split(raw / split)
            (folder / split).mkdir()
            shape = (len(slices), image_size, image_size)
            arrays = {
                kind: np.lib.format.open_memmap(folder / split / f"{kind}.npy", "w+", np.uint8, shape)
                for kind in ("images", "masks")
            }
            for index, item in enumerate(progress(slices, f"preparing {split}")):
                image, mask = _read_pair(raw / split / item.file_name, masks / split)
                arrays["images"][index] = _resize(image, image_size, area=True)
                arrays["masks"][index] = _resize(mask, image_size, area=False)
                rows.append({"split": split, "index": index, **_describe(item, mask)})
            for array in arrays.values():
                array.flush()
        write_csv(folder / "slices.csv", pd.DataFrame(rows))
    print(f"{len(rows)} slices at {image_size}×{image_size}")


def _read_pair(image_path: Path, mask_folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """A slice in grey and its mask as 0/1, both uint8 (H, W)."""
    image, mask = _read(image_path), _read(mask_folder / f"{image_path.stem}.png")
    if image.shape != mask.shape:
        raise UserError(
            f"{image_path}: is {image.shape[1]}×{image.shape[0]} pixels, but its annotations say "
            f"{mask.shape[1]}×{mask.shape[0]}; mend width and height in _annotations.coco.json"
        )
    return image, (mask > 0).astype(np.uint8)


def _read(path: Path) -> np.ndarray:
    """An image file in grey, uint8 (H, W)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; run dvc repro to make it anew") from None
    # OpenCV fills what a cut JPEG lacks with grey. Coded pixels hold neither FFDA, the start of a scan,
    # nor FFD9, the end of the image, so the last scan of a whole file is followed by an end.
    if data.startswith(b"\xff\xd8") and b"\xff\xd9" not in data[data.rfind(b"\xff\xda") :]:
        raise UserError(f"{path}: the JPEG is cut off; replace it where it comes from and run again")
    # Annotations are of the pixels as stored: an EXIF orientation would turn a slice against its mask.
    flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        array = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    except cv2.error:  # absurd sizes
        array = None
    if array is None:
        raise UserError(f"{path}: is no image; replace it where it comes from and run again")
    return array


def _resize(array: np.ndarray, size: int, area: bool) -> np.ndarray:
    # INTER_NEAREST_EXACT takes the pixel under each new pixel's centre; INTER_NEAREST is half a pixel off.
    return cv2.resize(array, (size, size), interpolation=cv2.INTER_AREA if area else cv2.INTER_NEAREST_EXACT)


def _describe(item: Slice, mask: np.ndarray) -> dict[str, object]:
    """The columns of slices.csv that tell about one slice; pixels are counted at native size."""
    number = re.match(r"\d{1,18}(?!\d)", item.file_name)  # more digits are an id, and fit no int64
    return {
        "image_id": item.id,
        "file": item.file_name,
        "category": "+".join(sorted({a.category for a in item.annotations})) or "none",
        "annotations": len(item.annotations),
        "sequence": int(number.group()) if number else pd.NA,
        "height": mask.shape[0],
        "width": mask.shape[1],
        "tumor_pixels": int(mask.sum()),
    }
