"""Random flips, rotation, zoom, shift and grey levels; a slice and its mask move together.

The geometry is one matrix and one call of OpenCV on bytes. Transforms on tensors would take longer than the
training step of a small net does.
"""

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from tumorseg.params import Augment

cv2.setNumThreads(0)  # loader processes are forks, which OpenCV's threads do not survive


class Augmentation:
    """Draws from the seed given with each call and from nothing else."""

    def __init__(self, params: "Augment") -> None:
        self.params = params

    def __call__(self, image: np.ndarray, mask: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Transform image and mask, both uint8 (S, S), masks by the nearest pixel; what moves in is 0.

        The seed makes the draw independent of loader processes and of where a run was resumed.
        """
        rng = np.random.default_rng(seed)
        matrix, size = self._matrix(rng, len(image)), image.shape[::-1]
        image = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR)
        mask = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_NEAREST)
        return self._grey_levels(rng)[image], mask

    def _matrix(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Where each pixel goes, float (2, 3): flipped, zoomed and rotated about the centre, then shifted."""
        params, (low, high) = self.params, (-1.0, 1.0)
        flips = np.where(rng.random(2) < (params.hflip, params.vflip), -1.0, 1.0)
        angle = np.radians(rng.uniform(low, high) * params.rotate)
        zoom = 1 + rng.uniform(low, high) * params.scale
        shift = rng.uniform(low, high, 2) * params.translate * size
        rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        linear = zoom * rotation * flips
        centre = np.full(2, (size - 1) / 2)
        return np.column_stack([linear, centre - linear @ centre + shift])

    def _grey_levels(self, rng: np.random.Generator) -> np.ndarray:
        """What each of the 256 grey levels becomes, uint8 (256,): gamma, then gain."""
        gamma = np.exp(rng.uniform(-1, 1) * np.log1p(self.params.gamma))
        gain = 1 + rng.uniform(-1, 1) * self.params.brightness
        levels = gain * 255 * (np.arange(256) / 255) ** gamma
        return levels.round().clip(0, 255).astype(np.uint8)
