"""Outlines, boxes and areas as exporters write them, and the pixels that they become."""

import json

import numpy as np
import pytest
from pycocotools import mask as cocomask
from support.coco_builder import image
from support.mending import TRIANGLE, export, kinds, masks, mended, outlined

from tumorseg.errors import UserError

NAN, INF = float("nan"), float("inf")
SQUARE = [2, 2, 6, 2, 6, 5, 2, 5]
PAIRS = [[1, 1], [7, 1], [4, 6]]
POINTS = [{"x": x, "y": y} for x, y in PAIRS]
RUNS = [9, 4, 4, 5, 74]  # columns 1 and 2 of a picture of 12 × 8: rows 1 to 4, and 1 to 5
RUNS_BOX = [1, 1, 2, 5]


def drawn(tmp_path, **entry):
    """The mask of one annotation on a picture of 12 × 8, and the kinds of fault."""
    result = mended(export([image(0)], [{**outlined(0, 0), **entry}]))
    return masks(result, tmp_path / "train")["train/0.jpg"] > 0, kinds(result)


def pixels(*polygons):
    return cocomask.decode(cocomask.merge(cocomask.frPyObjects(list(polygons), 8, 12))) > 0


@pytest.mark.parametrize(
    ("segmentation", "faults"),
    [
        ([TRIANGLE], []),
        (TRIANGLE, ["outline_form"]),
        (PAIRS, ["outline_form"]),
        (POINTS, ["outline_form"]),
        ([PAIRS], ["outline_form"]),
        ([[TRIANGLE]], ["outline_form"]),
        ([[PAIRS]], ["outline_form"]),
        ([list(map(str, TRIANGLE))], ["outline_text"]),
        (json.dumps([TRIANGLE]), ["outline_text"]),
        ([TRIANGLE, []], ["outline_fragment"]),
        ([TRIANGLE, [3, 3]], ["outline_fragment"]),
        ([[5, 5, 6, 6], TRIANGLE], ["outline_fragment"]),
        ([TRIANGLE + TRIANGLE[:2]], []),
    ],
)
def test_outlines_of_every_form_are_the_same_triangle(tmp_path, segmentation, faults):
    mask, found = drawn(tmp_path, segmentation=segmentation)
    np.testing.assert_array_equal(mask, pixels(TRIANGLE))
    assert found == faults


def test_polygons_of_one_annotation_unite(tmp_path):
    for segmentation in ([TRIANGLE, SQUARE], [PAIRS, [[2, 2], [6, 2], [6, 5], [2, 5]]], [TRIANGLE, [SQUARE]]):
        np.testing.assert_array_equal(drawn(tmp_path, segmentation=segmentation)[0], pixels(TRIANGLE, SQUARE))


@pytest.mark.parametrize(
    "segmentation",
    [None, [], [[]], {}, "", {"counts": [], "size": [8, 12]}, {"counts": [96]}, [[2, 2, 6, 5]]],
)
def test_without_an_outline_the_box_is_drawn_and_said(tmp_path, segmentation):
    mask, found = drawn(tmp_path, segmentation=segmentation, bbox=[2, 2, 4, 3])
    np.testing.assert_array_equal(mask, pixels(SQUARE))
    assert "outline_from_box" in found


@pytest.mark.parametrize(
    "others",
    [
        {"segmentation": [], "bbox": [0, 0, 0, 0]},
        {"segmentation": [], "bbox": []},
        {"segmentation": None, "bbox": None, "keypoints": [1, 1, 2]},
        {"segmentation": [[3, 3, 5, 5]], "bbox": [3, 3, 2, 2], "area": 0},  # a line, and its box
        {"segmentation": {"size": [8, 12], "counts": [96]}, "bbox": [3, 3, 2, 2], "area": 0},
    ],
)
def test_an_annotation_with_nothing_to_draw_is_left_out(others):
    result = mended(export(annotations=[outlined(0, 0), {**outlined(1, 1), **others}]))
    assert len(result.export["annotations"]) == 1
    assert {fault.action for fault in result.faults} == {"left out"}
    with pytest.raises(
        UserError, match="annotations: none of the 1 has an outline or a box that can be drawn"
    ):
        mended(export(annotations=[{**outlined(1, 1), **others}]))


def compressed():
    mask = np.repeat(np.arange(5) % 2, RUNS).astype(np.uint8).reshape((8, 12), order="F")
    return cocomask.encode(np.asfortranarray(mask))["counts"]


@pytest.mark.parametrize(
    ("segmentation", "faults"),
    [
        ({"size": [8, 12], "counts": RUNS}, []),
        ({"size": [8, 12], "counts": compressed().decode()}, []),
        ({"size": [8, 12], "counts": str(compressed())}, ["rle_text"]),
        ({"size": [8, 12], "counts": " ".join(map(str, RUNS))}, ["rle_text"]),
        ({"size": [8, 12], "counts": str(RUNS)}, ["rle_text"]),
        ({"size": [8, 12], "counts": list(map(str, RUNS))}, ["rle_text"]),
        ({"size": [8, 12], "counts": list(map(float, RUNS))}, ["rle_text"]),
        ([{"size": [8, 12], "counts": RUNS}], ["rle_text"]),
        ({"counts": RUNS}, ["rle_size"]),
        ({"size": ["8", 12.0], "counts": RUNS}, ["rle_size"]),
        ({"size": [12, 8], "counts": RUNS}, ["rle_size"]),
    ],
)
def test_run_lengths_of_every_form_are_the_same_mask(tmp_path, segmentation, faults):
    mask, found = drawn(tmp_path, segmentation=segmentation, bbox=RUNS_BOX)
    expected = np.zeros((8, 12), bool)
    expected[1:5, 1], expected[1:6, 2] = True, True
    np.testing.assert_array_equal(mask, expected)
    assert found == faults


AMBIGUOUS = [
    ({"segmentation": [[*TRIANGLE, 5]]}, r"segmentation: an odd count of 7 numbers"),
    ({"segmentation": [[*TRIANGLE[:-1], NAN]]}, r"segmentation\[0\]\[5\]: nan is no coordinate"),
    ({"segmentation": [[*TRIANGLE[:-1], None]]}, r"segmentation\[0\]\[5\]: None is no coordinate"),
    ({"segmentation": [[*TRIANGLE[:-1], True]]}, r"segmentation\[0\]\[5\]: True is no coordinate"),
    ({"segmentation": [[*TRIANGLE[:-1], 2e8]]}, r"segmentation\[0\]\[5\]: 200000000.0 is no coordinate"),
    ({"segmentation": [[*TRIANGLE[:-1], "1,5"]]}, r"segmentation\[0\]\[5\]: '1,5' is no coordinate"),
    ({"segmentation": [[TRIANGLE, SQUARE]]}, r"segmentation\[0\]: 2 rings in one polygon: a hole\?"),
    ({"segmentation": [TRIANGLE, 5]}, r"segmentation\[1\]: 5 is no polygon"),
    ({"segmentation": [[[[[[TRIANGLE]]]]]]}, r"segmentation.*: lists within lists, more than 4 deep"),
    ({"segmentation": [[0, 0, 9000, 0] * 60]}, r"segmentation: the outline is 1080000 pixels long"),
    ({"segmentation": 5}, r"segmentation: 5 is no outline"),
    ({"segmentation": "polygon"}, r"segmentation: 'polygon' is no outline"),
    ({"segmentation": {"size": [8, 12]}}, r"segmentation: \{'size': \[8, 12\]\} is no outline"),
    ({"segmentation": {"counts": [95]}}, r"segmentation.counts: runs of 95 pixels, but the image has 12 × 8"),
    ({"segmentation": {"counts": [97, -1]}}, r"segmentation.counts: a run of -1 pixels"),
    ({"segmentation": {"counts": [10**30]}}, r"segmentation.counts: a run of 1000000"),
    ({"segmentation": {"counts": [96, None]}}, r"segmentation.counts\[1\]: None is no count"),
    ({"segmentation": {"counts": "P3P"}}, r"segmentation.counts: compressed run lengths end within a number"),
    (
        {"segmentation": {"counts": "b'\\xzz'"}},
        r"segmentation.counts: no compressed run lengths at character 1",
    ),
    ({"segmentation": {"size": [4, 24], "counts": RUNS}}, r"segmentation.size: \[4, 24\], but the image has"),
    (
        {"segmentation": {"size": [12, 8], "counts": RUNS}, "bbox": None},
        r"segmentation.size: .* bbox does not",
    ),
    ({"segmentation": [], "bbox": [1, 2, 3]}, r"bbox: \[1, 2, 3\] is no box, and there is no outline"),
    ({"segmentation": [], "bbox": [1, 2, NAN, 4]}, r"bbox: \[1, 2, nan, 4\] is no box"),
    ({"segmentation": [], "bbox": "1 2 3 4"}, r"bbox: '1 2 3 4' is no box"),
]


@pytest.mark.parametrize(("entry", "message"), AMBIGUOUS)
def test_what_cannot_be_told_is_refused(entry, message):
    with pytest.raises(UserError, match=rf"^train/a\.json: annotations\[0\]\.{message}") as caught:
        mended(export(annotations=[{**outlined(0, 0), **entry}]))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("bbox", "read", "faults"),
    [
        ([1, 1, 6, 5], [1, 1, 6, 5], []),
        ([1.5, 1, 5, 5], [1.5, 1, 5, 5], []),
        (..., [1, 1, 6, 5], ["box_computed"]),
        (None, [1, 1, 6, 5], ["box_computed"]),
        ([], [1, 1, 6, 5], ["box_computed"]),
        ([0, 0, 0, 0], [1, 1, 6, 5], ["box_computed"]),
        ([1, 1, NAN, 5], [1, 1, 6, 5], ["box_computed"]),
        ([1, 1, 6, 5, 0], [1, 1, 6, 5], ["box_computed"]),
        ("box", [1, 1, 6, 5], ["box_computed"]),
        (["1", "1", "6", "5"], [1, 1, 6, 5], ["box_form"]),
        ([[1, 1, 6, 5]], [1, 1, 6, 5], ["box_form"]),
        ({"x": 1, "y": 1, "width": 6, "height": 5}, [1, 1, 6, 5], ["box_form"]),
        ([7, 6, -6, -5], [1, 1, 6, 5], ["box_negative"]),
        ([1, 1, 7, 6], [1, 1, 7, 6], []),  # a pixel more
    ],
)
def test_boxes_of_every_form_beside_an_outline(bbox, read, faults):
    result = mended(export(annotations=[outlined(0, 0, bbox=bbox)]))
    assert (result.export["annotations"][0]["bbox"], kinds(result)) == (read, faults)


def test_corners_for_a_box_are_told_by_the_outline():
    result = mended(export(annotations=[outlined(0, 0, [[5, 4, 9, 4, 9, 7, 5, 7]], bbox=[5, 4, 9, 7])]))
    assert result.export["annotations"][0]["bbox"] == [5, 4, 4, 3]
    assert kinds(result) == ["box_corners"]


def test_corners_for_boxes_without_outlines_are_refused():
    boxes = [
        outlined(0, 0, segmentation=[], bbox=[5, 4, 9, 7]),
        outlined(1, 1, segmentation=[], bbox=[1, 1, 3, 4]),
    ]
    with pytest.raises(UserError, match=r"annotations\[0\].bbox: reaches out .* all 2 boxes would fit"):
        mended(export(annotations=boxes))
    boxes[1]["bbox"] = [4, 1, 3, 4]  # is none as corners
    assert kinds(mended(export(annotations=boxes))) == ["outline_from_box"]


def test_coordinates_from_0_to_1_are_refused_where_all_are_or_the_box_is_large():
    tiny = [[0.1, 0.1, 0.6, 0.1, 0.35, 0.75]]
    for others in ({}, {"bbox": None}, {"bbox": [0.1, 0.1, 0.5, 0.65]}):
        with pytest.raises(UserError, match=r"segmentation: coordinates from 0 to 1, as 1 of 1 .* multiply"):
            mended(export([image(0)], [{**outlined(0, 0, tiny), **others}]))
    with pytest.raises(UserError, match=r"annotations\[0\].bbox: coordinates from 0 to 1"):
        mended(export([image(0)], [outlined(0, 0, segmentation=[], bbox=[0.1, 0.1, 0.5, 0.65])]))
    few = [outlined(0, 0, tiny, bbox=None), outlined(1, 1), outlined(2, 1)]
    result = mended(export(annotations=few))
    assert ("outline_tiny", "guessed") in [(fault.kind, fault.action) for fault in result.faults]
    pixel = [outlined(0, 0, [[0, 0, 1, 0, 1, 1, 0, 1]], bbox=[0, 0, 1, 1])]  # one pixel, in whole numbers
    assert mended(export(annotations=pixel)).faults == ()


def test_outlines_that_lie_elsewhere_than_their_boxes_are_refused_where_most_do():
    swapped = [outlined(0, 0, [[1, 8, 1, 11, 4, 11, 4, 8]], bbox=[8, 1, 3, 3])]  # y before x
    with pytest.raises(UserError, match=r"annotations\[0\].segmentation: outline and bbox are of different"):
        mended(export(annotations=swapped))
    result = mended(export(annotations=[*swapped, outlined(1, 1), outlined(2, 1)]))
    assert [(fault.kind, fault.action) for fault in result.faults] == [("box_contradicts", "guessed")]
    loose = [outlined(0, 0, [[5, 4, 7, 4, 7, 5]], bbox=[0, 0, 12, 8])]
    assert mended(export(annotations=loose)).faults == ()


@pytest.mark.parametrize("area", [..., None, NAN, INF, -15, "", "large", [15], True, 10**30])
def test_an_area_that_is_none_is_computed(area):
    result = mended(export(annotations=[outlined(0, 0, area=area)]))
    assert (result.export["annotations"][0]["area"], kinds(result)) == (15, ["area_computed"])


def test_areas_of_run_lengths_boxes_and_texts():
    entries = [
        outlined(0, 0, {"size": [8, 12], "counts": RUNS}, bbox=RUNS_BOX, area=None),
        outlined(1, 0, segmentation=[], bbox=[2, 2, 4, 3], area=None),
        outlined(2, 0, area="14.5"),
        outlined(3, 0, [TRIANGLE, SQUARE], area=None),
    ]
    areas = [entry["area"] for entry in mended(export(annotations=entries)).export["annotations"]]
    assert areas == [9, 12, 14.5, 15 + 12]
