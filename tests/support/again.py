"""Second calls of `predict`, and what a person does to the results in between."""

from pathlib import Path

import cv2
import nibabel
import numpy as np
from support.niftis import save, volume

from tumorseg.data.read import read_slice
from tumorseg.delivery.predict import Options, predict
from tumorseg.delivery.run import Counts


def call(net: Path, given: Path, out: Path, formats: str = "png,nifti,seg,csv", **more) -> Counts:
    return predict([str(given)], out, Options(model=str(net), formats=frozenset(formats.split(",")), **more))


def correct(path: Path) -> np.ndarray:
    """Draw a mask anew, as a person would: a box and no more."""
    mask = np.zeros_like(read_slice(path))
    mask[3:9, 5:12] = 255
    assert not np.array_equal(mask, read_slice(path))
    path.write_bytes(cv2.imencode(".png", mask)[1].tobytes())
    return mask


def scan(path: Path, place: float = 0) -> Path:
    """A volume of three slices of 40×48; `place`: mm of its corner along the first axis."""
    path.parent.mkdir(exist_ok=True)
    affine = np.diag([1.0, 1, 4, 1])
    affine[0, 3] = place
    return save(path, volume((40, 48, 3)), affine)


def voxels(path: Path) -> int:
    return int(np.count_nonzero(nibabel.load(path).dataobj))


def pixels(out: Path) -> int:
    return sum(int(np.count_nonzero(read_slice(path))) for path in out.rglob("masks/**/*.png"))
