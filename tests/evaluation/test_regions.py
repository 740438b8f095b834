import numpy as np
import pytest
from pycocotools import mask as coco_mask

from tumorseg.evaluation.regions import box_iou, region_scores


def picture(*rows: str) -> np.ndarray:
    """A mask drawn in characters: # is tumour."""
    return np.array([[character == "#" for character in row] for row in rows], np.uint8)


def test_lesions_by_hand():
    mask = picture(
        "##....#",
        "##.....",
        "..#....",
        ".....##",
        "#......",
    )
    # Three lesions and a pixel: the first reaches (2, 2) by a corner.
    prediction = picture(
        ".......",
        ".......",
        "..#....",
        "....#..",
        "##.....",
    )
    # Of the four, the first is found by one pixel and the last by one of two; beside the third, one pixel is
    # predicted that touches none of it: false, for all that it is near.
    _, lesions, hit, false = region_scores(mask, prediction)
    assert (lesions, hit, false) == (4, 2, 1)


def test_a_component_that_joins_two_lesions_finds_both_and_is_not_false():
    # The larger lesion's box is 2 pixels wide, the prediction's 4.
    assert region_scores(picture("##.#.#"), picture("####..")) == (1 / 2, 3, 2, 0)


def test_boxes_go_round_the_largest_components():
    mask = picture(
        "#.....",
        "..##..",
        "..##..",
        "......",
    )
    prediction = picture(
        "#.....",
        "...###",
        "...#..",
        ".#.###",
    )
    # 2 × 2 pixels from (1, 2), and 3 × 3 from (1, 3): 2 are shared, of 4 + 9 − 2.
    assert region_scores(mask, prediction)[0] == 2 / 11


def test_of_components_as_large_any_order_of_labels_takes_one_box():
    mask = picture("##..##")
    # The right one of two: both sides choose alike.
    assert region_scores(mask, mask)[0] == 1
    assert region_scores(picture("##...."), mask)[0] == 0
    assert region_scores(picture("....##"), mask)[0] == 1


def test_box_iou_is_that_of_pycocotools():
    rng = np.random.default_rng(0)
    ones, others = rng.integers(1, 12, (2, 100, 4))
    ours = [box_iou(tuple(one), tuple(other)) for one, other in zip(ones, others, strict=True)]
    theirs = coco_mask.iou(ones.astype(float), others.astype(float), [0] * 100).diagonal()
    assert ours == pytest.approx(theirs.tolist())
    assert 0 < np.count_nonzero(ours) < 100


def test_nothing_annotated_and_nothing_predicted():
    some, none = picture("##.", "##."), picture("...", "...")
    assert region_scores(some, none) == (0, 1, 0, 0)
    iou, *counts = region_scores(none, some)
    assert np.isnan(iou)
    assert counts == [0, 0, 1]
    iou, *counts = region_scores(none, none)
    assert np.isnan(iou)
    assert counts == [0, 0, 0]
