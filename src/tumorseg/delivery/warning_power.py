"""The expectation of a delivered net, with how often it warns: of clean slices, and of distorted ones."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from tumorseg.data.preprocess import preprocess, to_grey
from tumorseg.data.read import Reading, read_reading, read_slice, resize_slice
from tumorseg.data.slices import SplitArrays, load_split, shipped_files
from tumorseg.delivery.distortions import DISTORTIONS, Distort
from tumorseg.delivery.expectation import Expectation, unexpected
from tumorseg.delivery.fit_expectation import EXAMPLES, fit_expectation, spaced
from tumorseg.types import PreprocessStep

DISTORTED = 100  # valid slices that are distorted, at most: enough for whole per cents


def measured_expectation(prepared: Path, raw: Path, steps: list[PreprocessStep]) -> Expectation:
    """Fitted on train and valid, with false alarms and power on valid.

    Args:
        prepared: Folder made by `prepare.prepare`.
        raw: Folder of the slices at their own size, by the split they came in.
        steps: What `prepare` has done to them.
    """
    train, valid = (load_split(prepared, split) for split in ("train", "valid"))
    size = train.images.shape[1]
    gamma = DISTORTIONS["gamma 2"]
    reading = read_reading(prepared).model_copy(update={"channels": 1})
    bent = [distorted(image, 0, gamma, steps, size) for image in native(train, raw, EXAMPLES, reading)]
    known, checked = _in_grey(train.images), _in_grey(valid.images)
    expectation = fit_expectation(known, checked, np.stack(bent), train.tumor)
    return expectation.model_copy(
        update={
            "false_alarms": float(np.mean([bool(unexpected(expectation, image)) for image in checked])),
            "power": power(expectation, native(valid, raw, DISTORTED, reading), steps, size),
        }
    )


def power(
    expectation: Expectation, slices: Iterable[np.ndarray], steps: list[PreprocessStep], size: int
) -> dict[str, float]:
    """The share of slices uint8 (H, W) with a warning, once distorted, by the name of the distortion."""
    warned = [
        [
            bool(unexpected(expectation, distorted(image, number, distort, steps, size)))
            for distort in DISTORTIONS.values()
        ]
        for number, image in enumerate(slices)
    ]
    return dict(zip(DISTORTIONS, np.mean(warned, axis=0).tolist(), strict=True))


def distorted(
    image: np.ndarray, number: int, distort: Distort, steps: list[PreprocessStep], size: int
) -> np.ndarray:
    """A slice uint8 (H, W) as `predict` sees it after the distortion: uint8 (size, size)."""
    changed = distort(image, number)
    return resize_slice(preprocess(changed, steps)[0], size)


def _in_grey(images: np.ndarray) -> np.ndarray:
    """Slices uint8 (N, S, S) or (N, S, S, 3) in grey: expectations are about greys."""
    return images if images.ndim == 3 else np.stack([to_grey(image) for image in images])


def native(arrays: SplitArrays, raw: Path, most: int, reading: Reading) -> Iterator[np.ndarray]:
    """Up to `most` slices of a split, evenly spaced, at their own size: `normalise` tells it from another."""
    for path in shipped_files(arrays.table.iloc[spaced(len(arrays), most)], raw):
        yield read_slice(path, reading)
