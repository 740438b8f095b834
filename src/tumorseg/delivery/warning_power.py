"""The expectation of a delivered net, with how often it warns: of clean slices, and of distorted ones."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from tumorseg.data.preprocess import preprocess
from tumorseg.data.read import read_slice, resize_slice
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
    bent = [distorted(image, 0, gamma, steps, size) for image in native(train, raw, EXAMPLES)]
    expectation = fit_expectation(train.images, valid.images, np.stack(bent), train.tumor)
    return expectation.model_copy(
        update={
            "false_alarms": float(np.mean([bool(unexpected(expectation, image)) for image in valid.images])),
            "power": power(expectation, native(valid, raw, DISTORTED), steps, size),
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
    return resize_slice(preprocess(changed, changed, steps)[0], size)


def native(arrays: SplitArrays, raw: Path, most: int) -> Iterator[np.ndarray]:
    """Up to `most` slices of a split, evenly spaced, at their own size: `normalise` tells it from another."""
    yield from map(read_slice, shipped_files(arrays.table.iloc[spaced(len(arrays), most)], raw))
