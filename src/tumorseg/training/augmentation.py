"""Random flips, rotation, zoom, shift, bending, greys and pasted tumours; slice and mask move together.

The geometry is one call of OpenCV on bytes. Transforms on tensors would take longer than the training step of
a small net does.
"""

from typing import TYPE_CHECKING

import cv2
import numpy as np

from tumorseg.training.boxes import move_boxes, upright_boxes
from tumorseg.training.warp import Warp, draw_bend

if TYPE_CHECKING:
    from tumorseg.sections import Augment

MARGIN = 0.25  # of the sides of a tumour's box: what is pasted along with it

cv2.setNumThreads(0)  # loader processes are forks, which OpenCV's threads do not survive


class Augmentation:
    """Bootstrap from the seed given with each call and from nothing else."""

    def __init__(self, params: "Augment") -> None:
        self.params = params

    def __call__(self, image: np.ndarray, mask: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Transform image, uint8 (S, S[, 3]), and mask (S, S), by the nearest pixel; what moves in is 0.

        The seed makes the draw independent of loader processes and of where a run was resumed.
        """
        rng = np.random.default_rng(seed)
        matrix, lookup = self._matrix(rng, len(image)), self._grey_lookup(rng)
        reach = self.params.elastic * len(image)
        warp = Warp(matrix, draw_bend(rng, len(image), reach) if reach else None)
        boxes = upright_boxes(mask) if self.params.boxes else None
        mask = warp(mask, cv2.INTER_NEAREST) if boxes is None else move_boxes(boxes, warp, mask.shape)
        return lookup[warp(image, cv2.INTER_LINEAR)], mask

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

    def _grey_lookup(self, rng: np.random.Generator) -> np.ndarray:
        """What each of the 256 greys becomes, uint8 (256,): gamma, then gain."""
        gamma = np.exp(rng.uniform(-1, 1) * np.log1p(self.params.gamma))
        gain = 1 + rng.uniform(-1, 1) * self.params.brightness
        greys = gain * 255 * (np.arange(256) / 255) ** gamma
        return greys.round().clip(0, 255).astype(np.uint8)


def paste_tumor(
    image: np.ndarray, mask: np.ndarray, other: np.ndarray, other_mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A slice and its mask with the box round another slice's tumour, margin and all, in place of their own.

    After CutMix (Yun et al. 2019), with the tumour for the region; all uint8 (S, S), slices in colour
    (S, S, 3). Where the other slice has no tumour nothing changes.
    """
    left, top, width, height = cv2.boundingRect(other_mask)
    if not width:
        return image, mask
    place = _widened(top, height), _widened(left, width)
    image, mask = image.copy(), mask.copy()
    image[place], mask[place] = other[place], other_mask[place]
    return image, mask


def _widened(start: int, length: int) -> slice:
    more = round(MARGIN * length)
    return slice(max(start - more, 0), start + length + more)
