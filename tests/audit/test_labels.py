from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.coco_builder import annotation, image, write_annotations

from tumorseg import SPLITS
from tumorseg.audit.images import is_outlier, robust_z
from tumorseg.audit.labels import annotation_table, category_runs, order_auc, self_crossing
from tumorseg.data.coco import read_export


def table(raw: Path, *annotations: dict) -> pd.DataFrame:
    """The annotations of one image of 12 × 8 pixels."""
    for split in SPLITS:
        write_annotations(raw / split, [image(0)], list(annotations) if split == "train" else [])
    return annotation_table((split, item) for split in SPLITS for item in read_export(raw / split)[0])


# Pixels (row 2 and 3, column 1) down the columns, and an L of three pixels there.
COLUMN, ELL = [10, 2, 84], [10, 2, 7, 1, 76]


@pytest.mark.parametrize(
    ("segmentation", "shape", "pixels"),
    [
        (None, "box", 8),
        ([[1, 2, 5, 2, 5, 4, 1, 4, 1, 2]], "rectangle", 8),
        ([[1, 2, 3, 2, 5, 2, 5, 4, 1, 4]], "rectangle", 8),  # a point more on an edge
        ({"size": [8, 12], "counts": COLUMN}, "rectangle", 2),
        ({"size": [8, 12], "counts": ELL}, "run_lengths", 3),
        ([[0, 0, 8, 0, 0, 8]], "polygon", 28),  # the centres on the edge itself are outside
    ],
)
def test_shapes_and_pixels(tmp_path, segmentation, shape, pixels):
    row = table(tmp_path, annotation(0, 0, segmentation)).iloc[0]
    assert (row["shape"], row.pixels) == (shape, pixels)
    assert row.share == pixels / 96


def test_place_by_hand(tmp_path):
    row = table(tmp_path, annotation(0, 0)).iloc[0]  # columns 1 to 4, rows 2 and 3
    assert (row.x, row.y) == (pytest.approx(3 / 12), pytest.approx(3 / 8))


def test_an_area_that_is_the_boxs_is_no_contradiction(tmp_path):
    triangle = [[0, 0, 8, 0, 0, 8]]  # 28 pixels in a box of 64
    about = {"bbox": [0, 0, 8, 8], "segmentation": triangle}
    found = table(tmp_path, *(annotation(id, 0, area=area, **about) for id, area in enumerate((28, 64, 90))))
    assert found.area_of_box.tolist() == [False, True, False]
    assert found.wrong_area.tolist() == [False, False, True]


def test_no_annotations_give_an_empty_table(tmp_path):
    assert table(tmp_path).empty


def test_touching_boxes_do_not_overlap_and_nested_ones_do(tmp_path):
    beside = table(tmp_path / "a", annotation(0, 0), annotation(1, 0, bbox=[5, 2, 4, 2]))
    nested = table(tmp_path / "b", annotation(0, 0), annotation(1, 0, bbox=[0, 0, 12, 8], area=96))
    assert beside.overlapping.tolist() == [False, False]
    assert nested.overlapping.tolist() == [True, False]  # 8 of 8 and 8 of 96 pixels are shared


def test_crossing_edges_are_found_wherever_they_are():
    # A comb: every tooth is a pair of edges that overlap on the x-axis; one pair of far teeth is swapped.
    x = np.repeat(np.arange(400), 2)
    comb = np.stack([x, np.tile([0, 9, 9, 0], 200)], axis=1).astype(float)
    whole = np.concatenate([comb, [[400, -5], [-5, -5]]])
    assert not self_crossing(whole)
    whole[[300, 305]] = whole[[305, 300]]
    assert self_crossing(whole)


@pytest.mark.parametrize(
    ("points", "crosses"),
    [
        ([(0, 0), (4, 0), (4, 4), (0, 4)], False),
        ([(0, 0), (4, 4), (4, 0), (0, 4)], True),
        ([(0, 0), (4, 0), (4, 4), (0, 4), (0, 0)], False),  # closed, as exporters write it
        ([(0, 0), (4, 0), (2, 0), (2, 3)], False),  # runs back along an edge
        ([(0, 0), (2, 2), (4, 0), (4, 4), (2, 2), (0, 4)], False),  # touches itself in a point
        ([(0, 0), (6, 0), (6, 3), (2, 3), (2, -1), (0, -1)], True),
    ],
)
def test_self_crossing(points, crosses):
    assert self_crossing(np.array(points, float)) is crosses


def test_a_long_polygon_is_checked_in_parts():
    angles = np.linspace(0, 2 * np.pi, 3000, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert not self_crossing(circle)
    circle[[1500, 1503]] = circle[[1503, 1500]]
    assert self_crossing(circle)


def test_runs_by_hand():
    # Groups a, b and c, of categories 0, 1 and 0: 1 + (9 - 4 - 1) / 3 runs are expected.
    found = category_runs(pd.Series(list("001100")), pd.Series(list("aabbcc")))
    assert found == {"runs": 3, "by_chance": pytest.approx(1 + 4 / 3)}


def test_order_auc_by_hand():
    numbers = pd.Series([1, 2, 3, 4])
    assert order_auc(numbers, pd.Series([False, False, True, True])) == 1
    assert order_auc(numbers, pd.Series([True, False, False, True])) == 0.5
    assert np.isnan(order_auc(numbers, pd.Series([True] * 4)))


def test_robust_z_by_hand():
    # Median 3, distances 2, 1, 0, 1, 97, of which 1 is the median.
    z = robust_z(pd.Series([1.0, 2, 3, 4, 100]))
    np.testing.assert_allclose(z, np.array([-2, -1, 0, 1, 97]) / 1.4826)


def test_values_that_are_all_equal_have_no_outlier():
    assert not is_outlier(pd.Series([5.0, 5, 5, np.nan])).any()
    assert is_outlier(pd.Series([5.0, 5, 5, 6])).tolist() == [False, False, False, True]
