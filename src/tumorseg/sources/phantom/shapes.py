"""What phantom slices are drawn with: solid shapes, smooth noise, and a canvas cut through them.

Points are in cm: x to the right, y to the front, z up. Distances are signed, negative inside. All is float64,
so that rounding to 8 bits hides the last-digit differences between processors, and one seed gives the same
bytes on any of them.
"""

from itertools import pairwise

import numpy as np

Point = tuple[float, float, float]
Points = np.ndarray  # (3, rows, columns)


def ellipsoid(points: Points, centre: Point, radii: Point) -> np.ndarray:
    """Signed distance to an ellipsoid, to first order near its surface."""
    inverse = 1 / column(radii)
    scaled = (points - column(centre)) * inverse
    length = np.sqrt(np.einsum("kij,kij->ij", scaled, scaled))
    scaled *= inverse
    slope = np.sqrt(np.einsum("kij,kij->ij", scaled, scaled))
    return length * (length - 1) / (slope + 1e-9)


def tube(points: Points, radius: float, *path: Point) -> np.ndarray:
    """Signed distance to a tube of constant radius along a polyline."""
    nearest = np.full(points.shape[1:], np.inf)
    for start, end in pairwise(path):
        along = np.subtract(end, start)
        offset = points - column(start)
        square, dot = along @ along, np.tensordot(along, offset, 1)
        t = np.clip(dot / square, 0, 1)
        # |offset - t along|², spelled out to save passes over the points.
        nearest = np.minimum(nearest, np.einsum("kij,kij->ij", offset, offset) - t * (2 * dot - t * square))
    return np.sqrt(np.maximum(nearest, 0)) - radius


def union(*distances: np.ndarray, blend: float) -> np.ndarray:
    """Smooth union: shapes closer than `blend` cm grow together."""
    result = distances[0]
    for other in distances[1:]:
        near = np.maximum(blend - np.abs(result - other), 0)
        result = np.minimum(result, other) - near * near / (4 * blend)
    return result


def both(*distances: np.ndarray) -> np.ndarray:
    """Intersection: inside every one of the shapes."""
    return np.maximum.reduce(distances)


def mirrored(points: Points) -> Points:
    """Fold the left side onto the right: what is drawn there is drawn on both sides."""
    return np.stack([np.abs(points[0]), points[1], points[2]])


def column(vector: Point) -> np.ndarray:
    """Shape a vector to broadcast against points."""
    return np.asarray(vector, float)[:, None, None]


class Waves:
    """Smooth noise in space of unit variance and one typical wavelength: a sum of random plane waves."""

    def __init__(self, rng: np.random.Generator, wavelength: float) -> None:
        count = 40  # enough for the sum to be near Gaussian
        direction = rng.standard_normal((count, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        self.vectors = direction * (2 * np.pi / wavelength) * rng.uniform(0.75, 1.25, (count, 1))
        self.phases = rng.uniform(0, 2 * np.pi, count)


class Canvas:
    """A slice being painted.

    Args:
        origin: The point in the middle of the image.
        right: Unit vector of growing column.
        down: Unit vector of growing row.
        width: Of the image, in cm.
        size: Pixels a side.
    """

    def __init__(
        self, origin: np.ndarray, right: np.ndarray, down: np.ndarray, width: float, size: int
    ) -> None:
        self.origin, self.right, self.down = origin, right, down
        self.pixel = width / size
        self.offsets = ((np.arange(size) + 0.5) / size - 0.5) * width
        self.image = np.zeros((size, size))  # grey levels, 0 to 1
        self._sampled: dict[Waves, np.ndarray] = {}

    def points(self) -> Points:
        """The centre of every pixel."""
        rows = self.offsets[:, None] * column(self.down)
        return column(self.origin) + rows + self.offsets[None, :] * column(self.right)

    def sample(self, waves: Waves) -> np.ndarray:
        """The noise at every pixel."""
        if waves not in self._sampled:
            # On a plane a wave is a row times a column, so one matrix product sums them all.
            rows = np.outer(self.offsets, waves.vectors @ self.down) + waves.vectors @ self.origin
            rows, columns = rows + waves.phases, np.outer(self.offsets, waves.vectors @ self.right)
            total = np.cos(rows) @ np.cos(columns).T - np.sin(rows) @ np.sin(columns).T
            self._sampled[waves] = np.sqrt(2 / len(waves.phases)) * total
        return self._sampled[waves]

    def paint(
        self,
        distance: np.ndarray,
        value: float | np.ndarray,
        soft: float = 0.0,
        alpha: float | np.ndarray = 1.0,
    ) -> None:
        """Paint where `distance` is negative, over an edge `soft` cm, and at least a pixel, wide."""
        cover = np.clip(0.5 - distance / max(soft, self.pixel), 0, 1) * alpha
        self.image += cover * (value - self.image)
