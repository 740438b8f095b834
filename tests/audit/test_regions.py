"""Annotations measured from their runs, beside the same from their pixels."""

import cv2
import numpy as np
import pytest
from support.coco_builder import annotation, image, write_annotations

from tumorseg.audit.regions import measure_regions
from tumorseg.data.coco import Slice, read_split, render


def slice_of(tmp_path, *annotations: dict, width: int = 12, height: int = 8) -> Slice:
    write_annotations(tmp_path, [image(0, None, width, height)], list(annotations))
    return read_split(tmp_path)[0]


def test_a_region_by_hand(tmp_path):
    # Columns 1 to 4 of rows 2 and 3; and run lengths that go on from column 2 into column 3, whose rows 6
    # to 8 of 8 and 1 to 2 they fill.
    counts = [2 * 8 + 5, 5, 12 * 8 - 2 * 8 - 10]
    both = slice_of(tmp_path, annotation(0, 0), annotation(1, 0, {"size": [8, 12], "counts": counts}))
    found = measure_regions(both)
    assert found.pixels.tolist() == [8, 5]
    assert found.box.tolist() == [[1, 2, 5, 4], [2, 0, 4, 8]]
    assert found.x.tolist() == [2.5, pytest.approx((3 * 2 + 2 * 3) / 5)]
    assert found.y.tolist() == [2.5, pytest.approx((5 + 6 + 7 + 0 + 1) / 5)]
    assert found.shared.tolist() == [0, 0]


def test_what_is_outside_has_no_pixel_and_no_place(tmp_path):
    found = measure_regions(slice_of(tmp_path, annotation(0, 0, bbox=[30, 2, 4, 2]), annotation(1, 0)))
    assert found.pixels.tolist() == [0, 8]
    assert np.isnan([found.x[0], found.y[0]]).all()
    assert found.box[0].tolist() == [0, 0, 0, 0]


def test_a_slice_without_annotations_has_no_region(tmp_path):
    assert len(measure_regions(slice_of(tmp_path)).pixels) == 0


def test_regions_are_those_of_the_pixels(tmp_path):
    rng, shapes = np.random.default_rng(0), []
    for id in range(60):
        outline = rng.uniform(-20, 220, (int(rng.integers(3, 40)), 2)).round(2)
        if id % 3 == 0:  # a mask with holes and specks, as run lengths
            pixels = (cv2.GaussianBlur(rng.normal(size=(150, 200)), (0, 0), 4) > 0.02).ravel(order="F")
            edges = np.flatnonzero(np.diff(pixels, prepend=0, append=0))
            counts = np.diff(edges, prepend=0, append=150 * 200).tolist()
            shapes.append(annotation(id, 0, {"size": [150, 200], "counts": counts}))
        else:
            shapes.append(annotation(id, 0, [outline.ravel().tolist()]))
    item = slice_of(tmp_path, *shapes, width=200, height=150)
    masks = [render(Slice(0, "", 200, 150, (each,)), {each.category}) > 0 for each in item.annotations]
    covered, found = np.sum(masks, axis=0), measure_regions(item)
    assert found.pixels.tolist() == [np.count_nonzero(mask) for mask in masks]
    assert found.shared.tolist() == [np.count_nonzero(mask & (covered > 1)) for mask in masks]
    for mask, x, y, (left, top, right, bottom) in zip(masks, found.x, found.y, found.box, strict=True):
        if not mask.any():  # a triangle beside the image
            continue
        rows, columns = np.nonzero(mask)
        assert (x, y) == (pytest.approx(columns.mean()), pytest.approx(rows.mean()))
        assert (left, top, right - 1, bottom - 1) == (columns.min(), rows.min(), columns.max(), rows.max())
