"""Moving a slice, its mask and points of it together: one affine map, and a smooth bend on top."""

from dataclasses import dataclass

import cv2
import numpy as np

KNOTS = 5  # to a side, of the grid whose random shifts bend a slice
ROUNDS = 4  # of the fixed point that says where a bend moves a point


@dataclass(frozen=True)
class Warp:
    """Where a slice of S × S pixels goes; coordinates are (x, y), whole numbers at the centres of pixels."""

    matrix: np.ndarray  # float (2, 3): where a point goes, but for the bend
    bend: np.ndarray | None = None  # float32 (S, S, 2): how far off that a pixel's grey level is fetched

    def __call__(self, array: np.ndarray, flags: int) -> np.ndarray:
        """A uint8 (S, S) or (S, S, 3) moved, interpolated as OpenCV's `flags` say; what moves in is 0."""
        size = array.shape[1::-1]
        if self.bend is None:
            return cv2.warpAffine(array, self.matrix, size, flags=flags)
        x, y = (np.arange(length, dtype=np.float32) for length in size)
        along_x, along_y, start = cv2.invertAffineTransform(self.matrix).T.astype(np.float32)
        source = x[None, :, None] * along_x + y[:, None, None] * along_y + start + self.bend
        return _remap(array, source, flags, cv2.BORDER_CONSTANT)

    def points(self, points: np.ndarray) -> np.ndarray:
        """Where points go, float (N, 2)."""
        moved = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        if self.bend is None:
            return moved
        for _ in range(ROUNDS):
            places = moved[None].astype(np.float32)
            off = _remap(self.bend, places, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)[0]
            moved = (points - off) @ self.matrix[:, :2].T + self.matrix[:, 2]
        return moved


def _remap(array: np.ndarray, source: np.ndarray, flags: int, border: int) -> np.ndarray:
    """What `array` has at `source`, float32 (rows, columns, 2)."""
    # OpenCV's types know no second map of None, which is what goes with a first of both coordinates.
    return cv2.remap(array, source, None, flags, borderMode=border)  # type: ignore[call-overload]


def draw_bend(rng: np.random.Generator, size: int, reach: float) -> np.ndarray:
    """A smooth random field, float32 (size, size, 2), of shifts by at most about `reach` pixels."""
    knots = rng.uniform(-reach, reach, (KNOTS, KNOTS, 2)).astype(np.float32)
    return cv2.resize(knots, (size, size), interpolation=cv2.INTER_CUBIC)
