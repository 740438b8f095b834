import cv2
import numpy as np

from tumorseg.training.warp import Warp, draw_bend

SIZE = 96


def turned(angle: float, shift: float = 0.0) -> np.ndarray:
    """A rotation about the centre, in degrees, and a shift along x and y."""
    matrix = cv2.getRotationMatrix2D(((SIZE - 1) / 2,) * 2, angle, 1.0)
    matrix[:, 2] += shift
    return matrix


def dots(points: np.ndarray) -> np.ndarray:
    image = np.zeros((SIZE, SIZE), np.uint8)
    for x, y in points:
        cv2.circle(image, (int(x), int(y)), 2, 255, -1)
    return image


def centres(image: np.ndarray) -> np.ndarray:
    count, _, _, found = cv2.connectedComponentsWithStats((image > 100).astype(np.uint8))
    return found[1:count]


def test_points_go_where_pixels_go():
    points = np.array([[30, 40], [60, 35], [48, 62]], float)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        for bend in (None, draw_bend(rng, SIZE, 3.0)):
            warp = Warp(turned(rng.uniform(-40, 40), rng.uniform(-6, 6)), bend)
            found = centres(warp(dots(points), cv2.INTER_LINEAR))
            expected = warp.points(points)
            distances = np.linalg.norm(found[:, None] - expected[None], axis=2).min(axis=0)
            assert distances.max() < 0.7, (seed, bend is None)


def test_a_bend_of_nothing_is_the_straight_map_to_a_grey_level():
    image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (SIZE, SIZE), np.uint8), (9, 9), 3)
    straight = Warp(turned(13.0, 2.5))(image, cv2.INTER_LINEAR)
    bent = Warp(turned(13.0, 2.5), np.zeros((SIZE, SIZE, 2), np.float32))(image, cv2.INTER_LINEAR)
    inner = slice(25, -25)  # OpenCV's own rounding of coordinates differs a little between the two
    assert np.abs(straight[inner, inner].astype(int) - bent[inner, inner]).max() <= 2


def test_a_bend_is_smooth_keeps_its_reach_and_depends_on_the_generator_alone():
    bend = draw_bend(np.random.default_rng(3), SIZE, 4.0)
    assert bend.shape == (SIZE, SIZE, 2)
    assert bend.dtype == np.float32
    assert 1.0 < np.abs(bend).max() < 4.0 * 1.3  # a cubic overshoots its knots
    assert np.abs(np.diff(bend, axis=0)).max() < 1.0  # a pixel's neighbour stays its neighbour
    np.testing.assert_array_equal(bend, draw_bend(np.random.default_rng(3), SIZE, 4.0))
