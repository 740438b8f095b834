import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as cocomask
from pycocotools.coco import COCO
from support.coco_builder import annotation, image, write_annotations

from tumorseg.data import coco
from tumorseg.data.coco import Annotation, RunLengths, Slice

TUMOR = ["0", "1"]


def slice_of(
    *shapes: Any, width: int = 8, height: int = 6, category: str = "0", bbox: Any = (0, 0, 1, 1)
) -> Slice:
    """A slice with one annotation for each segmentation."""
    annotations = [Annotation(i, 0, category, shape, tuple(bbox), 1, 0) for i, shape in enumerate(shapes)]
    return Slice(0, "a.jpg", width, height, tuple(annotations))


def pixels(*rows: str) -> np.ndarray:
    return np.array([[255 if pixel == "#" else 0 for pixel in row] for row in rows], np.uint8)


def test_polygon_renders_as_worked_by_hand() -> None:
    letter_l = (1, 1, 3, 1, 3, 3, 6, 3, 6, 5, 1, 5)
    mask = coco.render(slice_of((letter_l,)), TUMOR)
    assert mask.dtype == np.uint8
    assert mask.flags.c_contiguous
    expected = pixels("........", ".##.....", ".##.....", ".#####..", ".#####..", "........")
    np.testing.assert_array_equal(mask, expected)


def test_fractions_of_a_pixel_count_by_its_centre() -> None:
    # Left 1.4 keeps column 1 (centre 1.5), right 4.6 keeps 4; top 1.6 drops row 1, bottom 3.4 drops row 3.
    mask = coco.render(slice_of(((1.4, 1.6, 4.6, 1.6, 4.6, 3.4, 1.4, 3.4),)), TUMOR)
    np.testing.assert_array_equal(mask, pixels(*["........"] * 2, ".####...", *["........"] * 3))


def test_rectangles_follow_the_rule_of_centres() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        left, right = np.sort(rng.uniform(-3, 35, 2).round(2))
        top, bottom = np.sort(rng.uniform(-3, 28, 2).round(2))
        box = (left, top, right - left, bottom - top)
        x, y = np.arange(32) + 0.5, np.arange(25) + 0.5
        expected = np.outer((y > top) & (y <= bottom), (x > left) & (x <= right))
        for shape in ((), ((left, top, right, top, right, bottom, left, bottom),)):
            mask = coco.render(slice_of(shape, width=32, height=25, bbox=box), TUMOR)
            np.testing.assert_array_equal(mask == 255, expected)


def test_rendering_agrees_with_pycocotools(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    segmentations = []
    for index in range(300):
        points = rng.uniform(-8, 72, (rng.integers(3, 12), 2))
        if index % 3 == 0:  # a rectangle, closed by a fifth point as in Roboflow's exports
            (left, top), (right, bottom) = points[:2]
            points = np.array([[right, top], [left, top], [left, bottom], [right, bottom], [right, top]])
        outline = (points.round(index % 4) if index % 2 else points).ravel().tolist()
        segmentations.append([outline] if index % 5 else [outline, rng.uniform(0, 64, 8).tolist()])
    ids = range(len(segmentations))
    images = [image(id, width=64, height=48) for id in ids]
    folder = write_annotations(
        tmp_path / "train", images, [annotation(id, id, segmentations[id]) for id in ids]
    )

    reference = COCO()
    reference.dataset = json.loads((folder / coco.ANNOTATIONS).read_text())
    reference.createIndex()
    for slice in coco.read_split(folder):
        expected = reference.annToMask(reference.anns[slice.id])
        np.testing.assert_array_equal(coco.render(slice, TUMOR), expected * 255)


def test_run_lengths_compressed_and_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    blobs = [rng.random((48, 64)) < share for share in (0, 0.02, 0.5, 0.98, 1)] + [np.zeros((48, 64), bool)]
    blobs[-1][5:40, 7:60] = True
    images = [image(id, width=64, height=48) for id in range(2 * len(blobs))]
    annotations = []
    for index, blob in enumerate(blobs):
        packed = cocomask.encode(np.asfortranarray(blob, np.uint8))["counts"].decode()
        column_major = blob.ravel("F")
        edges = np.flatnonzero(np.diff(column_major)) + 1
        counts = [0] * int(column_major[0]) + np.diff([0, *edges, blob.size]).tolist()
        for offset, form in enumerate((packed, counts)):
            id = 2 * index + offset
            annotations.append(annotation(id, id, {"size": [48, 64], "counts": form}, iscrowd=offset))
    for slice in coco.read_split(write_annotations(tmp_path / "train", images, annotations)):
        np.testing.assert_array_equal(coco.render(slice, TUMOR) == 255, blobs[slice.id // 2])


def test_runs_of_length_zero_unite_well() -> None:
    # pycocotools' own merge stops where both have a run of 0, and leaves memory unset behind it.
    slice = slice_of(RunLengths((2, 0, 3, 2, 3)), RunLengths((2, 0, 1, 3, 4)), width=10, height=1)
    np.testing.assert_array_equal(coco.render(slice, TUMOR), pixels("...####..."))


@pytest.mark.parametrize("segmentation", [{}, {"segmentation": []}, {"segmentation": None}])
def test_box_stands_in_for_a_missing_segmentation(tmp_path: Path, segmentation: dict) -> None:
    folder = write_annotations(tmp_path / "train", [image(0)], [annotation(0, 0) | segmentation])
    (slice,) = coco.read_split(folder)
    expected = pixels("." * 12, "." * 12, ".####.......", ".####.......", *["." * 12] * 4)
    np.testing.assert_array_equal(coco.render(slice, TUMOR), expected)


def test_union_of_the_tumor_categories_alone() -> None:
    first, second = ((0, 0, 3, 0, 3, 3, 0, 3),), ((2, 2, 5, 2, 5, 5, 2, 5),)
    slice = slice_of(first, second)
    both = pixels("###.....", "###.....", "#####...", "..###...", "..###...", "........")
    np.testing.assert_array_equal(coco.render(slice, ["0"]), both)
    assert not coco.render(slice, ["1"]).any()
    assert coco.render(Slice(0, "a.jpg", 8, 6, ()), TUMOR).shape == (6, 8)


def test_what_lies_outside_is_cut_off() -> None:
    inside, across, beyond = (slice_of(((x, 1, x + 4, 1, x + 4, 3, x, 3),)) for x in (4, 6, 9))
    assert [coco.reaches_outside(slice.annotations[0], slice) for slice in (inside, across, beyond)] == [
        False,
        True,
        True,
    ]
    assert [coco.pixel_count(slice.annotations[0], slice) for slice in (inside, across, beyond)] == [8, 4, 0]
    np.testing.assert_array_equal(
        coco.render(across, TUMOR), pixels("........", *["......##"] * 2, *["........"] * 3)
    )


def test_run_lengths_reach_nowhere_outside() -> None:
    slice = slice_of(RunLengths((0, 48)), bbox=(-5, -5, 90, 90))
    assert not coco.reaches_outside(slice.annotations[0], slice)


def test_hundreds_of_annotations_unite_as_one_by_one() -> None:
    rng = np.random.default_rng(4)
    shapes = [(tuple(rng.uniform(-2, 34, 6).round(2)),) for _ in range(150)]
    one_by_one = [coco.render(slice_of(shape, width=32, height=24), TUMOR) for shape in shapes]
    for count in (1, 8, 9, 65, 150):
        united = coco.render(slice_of(*shapes[:count], width=32, height=24), TUMOR)
        np.testing.assert_array_equal(united, np.max(one_by_one[:count], axis=0))


def test_joined_by_image_id_and_ordered(tmp_path: Path) -> None:
    images = [image(7, "seven.jpg"), image(3, "three.jpg"), image(5, "five.jpg")]
    annotations = [annotation(9, 3), annotation(2, 7, category_id=2), annotation(4, 3)]
    slices = coco.read_split(write_annotations(tmp_path / "train", images, annotations))
    assert [(slice.id, slice.file_name, [a.id for a in slice.annotations]) for slice in slices] == [
        (3, "three.jpg", [4, 9]),
        (5, "five.jpg", []),
        (7, "seven.jpg", [2]),
    ]
    assert slices[2].annotations[0].category == "1"


def test_categories_as_defined(tmp_path: Path) -> None:
    assert coco.read_categories(write_annotations(tmp_path / "train", [], [])) == ["Tumor", "0", "1"]


def test_what_was_read_is_a_value(tmp_path: Path) -> None:
    runs = {"size": [8, 12], "counts": [90, 6]}
    folder = write_annotations(tmp_path / "train", [image(0)], [annotation(0, 0, runs), annotation(1, 0)])
    first, second = coco.read_split(folder), coco.read_split(folder)
    assert first == second
    assert len({*first, *second}) == 1
