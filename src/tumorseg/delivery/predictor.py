"""Slices of any size to masks of their own size, by a delivered net."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from tumorseg.data.preprocess import Frame, preprocess, to_channels, to_grey
from tumorseg.data.read import resize_slice
from tumorseg.delivery.contract import Contract, Decision, read_contract
from tumorseg.delivery.expectation import unexpected, unexpected_mask
from tumorseg.errors import UserError
from tumorseg.metrics import HALF, STEPS
from tumorseg.models.batches import Runtime, predict_each

ASPECT_SPARE = 0.05  # of width over height: what is squeezed by less looks the same
RuntimeName = Literal["torch", "onnx"]


@dataclass(frozen=True)
class Prediction:
    """Of one slice."""

    levels: np.ndarray  # uint8 (S, S): quantised probability of tumour at the working size (see `metrics`)
    classes: np.ndarray  # uint8 (S, S): the most probable class of each pixel, were it tumour, from 1
    native: np.ndarray  # uint8 (H, W), the slice's own size: `levels`, interpolated; 0 where `crop` cut
    mask: np.ndarray  # uint8 (H, W): 0, or the index of the class
    warnings: tuple[str, ...]  # codes of `expectation.ADVICE`


class Predictor:
    """A delivered net.

    Args:
        folder: As written by `deliver`.
        runtime: What runs it: torch; or onnx, for which neither torch nor a GPU is needed.
        device: cpu, gpu, mps, or auto: a GPU where there is one.
        threshold: In place of the contract's, in (0, 1).

    Raises:
        UserError: The folder is no delivered net, or the machine has no such device.
    """

    def __init__(
        self,
        folder: Path,
        *,
        runtime: RuntimeName = "torch",
        device: str = "auto",
        threshold: float | None = None,
    ) -> None:
        self.contract: Contract = read_contract(folder)
        if threshold is not None and not 0 < threshold < 1:
            raise UserError(f"--threshold: {threshold:g} is not between 0 and 1")
        self.decision: Decision = self.contract.decision
        if threshold is not None:
            self.decision = self.decision.model_copy(update={"threshold": threshold, "per_slice": False})
        self.runtime = load_runtime(folder, self.contract, runtime, device)

    def predict(self, slices: Iterable[np.ndarray]) -> Iterator[Prediction]:
        """Yield a prediction a slice, in their order, a batch at a time.

        Args:
            slices: uint8 (H, W), or in colour (H, W, 3), brighter is brighter, of any sizes.
        """
        places: deque[Place] = deque()
        for quantised, classes in predict_each(self.runtime, self._prepared(slices, places)):
            yield self._decide(quantised, classes, places.popleft())

    def _prepared(self, slices: Iterable[np.ndarray], places: "deque[Place]") -> Iterator[np.ndarray]:
        """Each slice at the working size; `places` gets what brings its mask back."""
        for whole in slices:
            place, image = to_working_size(whole, self.contract)
            places.append(place)
            yield image

    def _decide(self, quantised: np.ndarray, classes: np.ndarray, place: "Place") -> Prediction:
        step = round(self.decision.threshold * STEPS)
        if self.decision.per_slice and self.decision.platt:
            # Here, since it takes SciPy, which no other way of `predict` needs.
            from tumorseg.evaluation.per_slice_threshold import best_cuts, shift_to_cut

            histogram = np.bincount(quantised.ravel(), minlength=STEPS)[None]
            cuts = best_cuts(histogram, *self.decision.platt, self.decision.beta)
            quantised, step = shift_to_cut(quantised[None], cuts)[0], HALF
        native, near = place.whole(quantised, cv2.INTER_LINEAR), place.whole(classes, cv2.INTER_NEAREST_EXACT)
        mask = np.where(native >= step, near, 0).astype(np.uint8)
        large = unexpected_mask(self.contract.input.expectation, quantised >= step)
        return Prediction(quantised, classes, native, mask, (*place.warnings, *large))


@dataclass(frozen=True)
class Place:
    """Where a slice at the working size lies in the whole one."""

    shape: tuple[int, int]  # of the whole slice
    frame: Frame  # of it, that `preprocess` left
    warnings: tuple[str, ...]

    def whole(self, array: np.ndarray, interpolation: int) -> np.ndarray:
        """An array of the working size, uint8 (S, S), at the slice's own size; 0 where `crop` cut."""
        framed = cv2.resize(array, self.frame.shape[::-1], interpolation=interpolation)
        return self.frame.whole(framed, self.shape)


def to_working_size(whole: np.ndarray, contract: Contract) -> tuple[Place, np.ndarray]:
    """A slice as the net takes it, uint8 (S, S) or (S, S, 3), made as `data.prepare` makes it."""
    given = contract.input
    image, frame = preprocess(to_channels(whole, given.reading.channels), given.preprocess)
    small = resize_slice(image, given.image_size)
    warnings = (*unexpected_shape(given.aspect, frame), *unexpected(given.expectation, to_grey(small)))
    return Place(whole.shape[:2], frame, warnings), small


def unexpected_shape(aspect: tuple[float, float], frame: Frame) -> list[str]:
    """The code `aspect` where what is squeezed is wider or narrower than in training, beyond ASPECT_SPARE."""
    ratio = frame.width / frame.height
    fits = aspect[0] / (1 + ASPECT_SPARE) <= ratio <= aspect[1] * (1 + ASPECT_SPARE)
    return [] if fits else ["aspect"]


def load_runtime(folder: Path, contract: Contract, runtime: RuntimeName, device: str) -> Runtime:
    """What runs the net of a delivered folder.

    Raises:
        UserError: It is not installed, does not run there, or the folder has no net for it.
    """
    if runtime == "onnx":
        from tumorseg.delivery.onnx_runtime import OnnxRuntime

        if device not in ("auto", "cpu"):
            raise UserError(f"--device: the runtime onnx has no {device}; choose auto or cpu")
        return OnnxRuntime(folder)
    try:
        from tumorseg.models.predict import TorchRuntime, pick_device
    except ModuleNotFoundError as error:
        raise UserError(f"{error.name}: not installed; the runtime onnx needs no torch") from None
    from tumorseg.models.artifact import load_weights

    net = load_weights(folder, contract.model)
    about = contract.model
    return TorchRuntime(net, about.mean, about.std, pick_device(device, "--device"), contract.decision.flip)
