"""What goes wrong with slices before they reach a net: the distortions that its warnings are measured with.

Each takes a slice in grey, uint8 (H, W), and its number in the split, and gives one of the same size.
"""

from collections.abc import Callable

import cv2
import numpy as np

NOISE = 25.0  # grey levels, the standard deviation of what `noisy` adds
GRAIN = 128  # grains of noise a side
THUMBNAIL = 48  # pixels a side that `blurred` keeps
LIT = 255.0

Distort = Callable[[np.ndarray, int], np.ndarray]


GREYS = np.arange(256)


def mapped(table: np.ndarray) -> Distort:
    """Each grey replaced by its entry in a table of 256, which is cut to what eight bits hold."""
    whole = table.clip(0, LIT).astype(np.uint8)
    return lambda image, _: cv2.LUT(image, whole)


def shifted(image: np.ndarray, _: int) -> np.ndarray:
    """By a quarter of the side, down and to the right; what comes in is black."""
    down, right = (length // 4 for length in image.shape)
    moved = np.zeros_like(image)
    moved[down:, right:] = image[: image.shape[0] - down, : image.shape[1] - right]
    return moved


def half_size(image: np.ndarray, _: int) -> np.ndarray:
    """Shrunk to half its size in the middle of a black slice."""
    height, width = (length // 2 for length in image.shape)
    small = np.zeros_like(image)
    top, left = height // 2, width // 2
    small[top : top + height, left : left + width] = cv2.resize(
        image, (width, height), interpolation=cv2.INTER_AREA
    )
    return small


def blurred(image: np.ndarray, _: int) -> np.ndarray:
    """A thumbnail, enlarged."""
    thumbnail = cv2.resize(image, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    return cv2.resize(thumbnail, image.shape[::-1], interpolation=cv2.INTER_LINEAR)


def noisy(image: np.ndarray, number: int) -> np.ndarray:
    """With noise that is as coarse whatever the slice's size."""
    grains = np.random.default_rng(number).normal(0, NOISE, (GRAIN, GRAIN))
    noise = cv2.resize(grains, image.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return (image + noise).round().clip(0, LIT).astype(np.uint8)


def noise_alone(image: np.ndarray, number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, image.shape, np.uint8)


def photograph(image: np.ndarray, number: int) -> np.ndarray:
    """A made-up one: a sky that grows lighter, ground below it, and a few bright and dark things."""
    rng = np.random.default_rng(number)
    height, width = image.shape
    sky = np.linspace(rng.uniform(60, 160), rng.uniform(160, 255), height)[:, None]
    scene = np.repeat(sky, width, axis=1) + np.linspace(0, rng.uniform(-40, 40), width)
    horizon = int(height * rng.uniform(0.4, 0.8))
    scene[horizon:] = np.linspace(rng.uniform(40, 120), rng.uniform(80, 200), height - horizon)[:, None]
    for _ in range(rng.integers(3, 8)):
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        axes = (int(width * rng.uniform(0.04, 0.2)), int(height * rng.uniform(0.04, 0.2)))
        cv2.ellipse(scene, centre, axes, rng.uniform(0, 180), 0, 360, rng.uniform(0, 255), -1)
    return cv2.GaussianBlur(scene, (0, 0), 1).clip(0, LIT).astype(np.uint8)


DISTORTIONS: dict[str, Distort] = {
    "halved": mapped(GREYS * 0.5),
    "doubled": mapped(GREYS * 2),
    "three quarters": mapped(GREYS * 0.75),
    "quartered": mapped(GREYS * 0.25),
    "gamma 2": mapped((GREYS / LIT) ** 2 * LIT),
    "inverted": lambda image, _: ~image,
    "mirrored": lambda image, _: image[:, ::-1].copy(),
    "upside down": lambda image, _: image[::-1].copy(),
    "turned left": lambda image, _: np.rot90(image).copy(),
    "turned right": lambda image, _: np.rot90(image, -1).copy(),
    "shifted": shifted,
    "half size": half_size,
    "blurred": blurred,
    "noisy": noisy,
    "noise alone": noise_alone,
    "black": lambda image, _: np.zeros_like(image),
    "photograph": photograph,
}
