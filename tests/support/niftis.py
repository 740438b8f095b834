"""NIfTI files."""

from pathlib import Path

import nibabel
import numpy as np

from tumorseg.delivery.inputs import find_sources
from tumorseg.delivery.inputs.source import Source


def volume(shape: tuple[int, ...], dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, shape).astype(dtype)


def save(path: Path, data: np.ndarray, affine: np.ndarray, **header: object) -> Path:
    image = nibabel.Nifti1Image(data, affine)
    image.header.set_xyzt_units("mm")
    for key, value in header.items():
        image.header[key] = value
    nibabel.save(image, path)
    return path


def one(path: Path, window: str = "auto") -> Source:
    (source,) = find_sources([str(path)], window)
    return source
