"""Generated slices and what the net made of them: whoever carries it elsewhere sees that it is the same."""

from pathlib import Path

import cv2
import numpy as np

from tumorseg.data.read import read_slice
from tumorseg.delivery.predictor import Predictor, RuntimeName
from tumorseg.errors import UserError
from tumorseg.reading import reading
from tumorseg.sources.phantom import sample_slices

FOLDER = "sample"
SIDE = 256  # pixels
MOST_OFF = 1e-3  # share of pixels that may be one step off, on another processor


def write_sample(folder: Path) -> None:
    """Write sample/<n>.png, slices of the phantom and so of no patient, and sample/levels.npy."""
    (folder / FOLDER).mkdir()
    slices = sample_slices(SIDE)
    for number, greys in enumerate(slices):
        (folder / FOLDER / f"{number}.png").write_bytes(cv2.imencode(".png", greys)[1].tobytes())
    levels = np.stack([prediction.levels for prediction in Predictor(folder).predict(slices)])
    np.save(folder / FOLDER / "levels.npy", levels)


def check_sample(folder: Path, runtime: RuntimeName, device: str = "auto") -> str:
    """Predict the sample anew; a line that says how the levels compare.

    Raises:
        UserError: They differ by more than another processor's rounding.
    """
    slices = [read_slice(path) for path in sorted((folder / FOLDER).glob("*.png"))]
    with reading(folder / FOLDER / "levels.npy", "get the net again"):
        known = np.load(folder / FOLDER / "levels.npy")
    predictor = Predictor(folder, runtime=runtime, device=device)
    levels = np.stack([prediction.levels for prediction in predictor.predict(slices)])
    off = np.abs(levels.astype(int) - known)
    share = float((off > 0).mean())
    if off.max() > 1 or share > MOST_OFF:
        raise UserError(
            f"{folder / FOLDER}: {runtime} gives other levels: {share:.2%} of the pixels, by up "
            f"to {off.max()} steps of 256; do not use this net here"
        )
    how = f"but for {int((off > 0).sum())} pixels that are one step of 256 off" if share else "bit for bit"
    return f"{runtime}: the levels of the sample are the same, {how}"
