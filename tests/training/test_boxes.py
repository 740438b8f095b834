import numpy as np
import pytest

from tumorseg.training.boxes import Box, move_boxes, upright_boxes
from tumorseg.training.warp import Warp, draw_bend


def mask_of(*boxes: Box, size: int = 64) -> np.ndarray:
    mask = np.zeros((size, size), np.uint8)
    for x, y, width, height, value in boxes:
        mask[y : y + height, x : x + width] = value
    return mask


def warp(linear: list[list[float]], centre: float, shift: tuple[float, float] = (0, 0)) -> Warp:
    """A linear map about the point (centre, centre), then a shift."""
    about, linear = np.full(2, centre), np.array(linear, float)
    return Warp(np.column_stack([linear, about - linear @ about + shift]))


STAY = [[1, 0], [0, 1]]


def test_parts_of_a_mask_by_hand():
    boxes = [Box(3, 5, 10, 4, 1), Box(30, 40, 7, 20, 2)]
    assert sorted(upright_boxes(mask_of(*boxes))) == boxes
    assert upright_boxes(mask_of()) == []


@pytest.mark.parametrize("change", ["corner", "hole", "class"])
def test_what_is_no_box_is_none(change):
    mask = mask_of(Box(3, 5, 10, 4, 1))
    where = {"corner": (5, 3), "hole": (6, 6), "class": (8, 12)}[change]
    mask[where] = 2 if change == "class" else 0
    assert upright_boxes(mask) is None


def test_nothing_moves_where_nothing_is_asked_for():
    boxes = [Box(3, 5, 10, 4, 1), Box(30, 40, 7, 20, 2), Box(0, 60, 5, 4, 1), Box(60, 0, 1, 1, 1)]
    np.testing.assert_array_equal(move_boxes(boxes, warp(STAY, 31.5), (64, 64)), mask_of(*boxes))


def test_a_quarter_turn_and_a_mirror_image_are_exact():
    box = Box(10, 20, 12, 6, 1)
    turned = move_boxes([box], warp([[0, 1], [-1, 0]], 31.5), (64, 64))
    np.testing.assert_array_equal(turned, np.rot90(mask_of(box)))
    mirrored = move_boxes([box], warp([[-1, 0], [0, 1]], 31.5), (64, 64))
    np.testing.assert_array_equal(mirrored, mask_of(box)[:, ::-1])


@pytest.mark.parametrize("degrees", [10, 30, 45])
def test_a_circle_keeps_its_box_and_an_ellipse_has_the_one_by_its_formula(degrees):
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = warp([[cos, sin], [-sin, cos]], 31.5)
    circle = Box(22, 22, 20, 20, 1)  # its centre is the slice's
    np.testing.assert_array_equal(move_boxes([circle], turn, (64, 64)), mask_of(circle))
    # Half the width of an ellipse of half axes a and b, turned: √(a² cos² + b² sin²).
    long = move_boxes([Box(12, 27, 40, 10, 3)], turn, (64, 64))
    half = np.sqrt((20 * cos) ** 2 + (5 * sin) ** 2), np.sqrt((20 * sin) ** 2 + (5 * cos) ** 2)
    columns, rows = np.flatnonzero(long.any(axis=0)), np.flatnonzero(long.any(axis=1))
    assert len(columns) == pytest.approx(2 * half[0], abs=1)
    assert len(rows) == pytest.approx(2 * half[1], abs=1)
    assert (long[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] == 3).all()


def test_what_leaves_the_slice_is_cut_off():
    box = Box(40, 2, 10, 10, 1)
    np.testing.assert_array_equal(
        move_boxes([box], warp(STAY, 31.5, (20, -6)), (64, 64)), mask_of(Box(60, 0, 4, 6, 1))
    )
    assert not move_boxes([box], warp(STAY, 31.5, (30, 0)), (64, 64)).any()
    assert not move_boxes([box], warp(STAY, 31.5, (-60, -60)), (64, 64)).any()


def test_a_bend_leaves_a_box_a_box():
    bent = Warp(warp(STAY, 31.5).matrix, draw_bend(np.random.default_rng(0), 64, 3.0))
    moved = move_boxes([Box(20, 24, 14, 18, 1)], bent, (64, 64))
    (found,) = upright_boxes(moved)
    assert found != Box(20, 24, 14, 18, 1)
    assert abs(found.width - 14) <= 4
    assert abs(found.height - 18) <= 4
