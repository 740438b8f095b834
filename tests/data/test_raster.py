"""Annotations as runs of pixels: those of pycocotools, one by one."""

import numpy as np
import pytest
from pycocotools import mask

from tumorseg.data.coco import Annotation, RunLengths, Slice, render
from tumorseg.data.raster import decode_counts, runs_of


def slice_with(segmentation: object, width: int, height: int, bbox: tuple = (0, 0, 0, 0)) -> Slice:
    annotation = Annotation(0, 0, "a", segmentation, bbox, 0, 0)
    return Slice(0, "a.png", width, height, (annotation,))


def drawn(slice: Slice) -> np.ndarray:
    flat = np.zeros(slice.width * slice.height, np.uint8)
    flat[runs_of(slice.annotations[0], slice).pixels()] = 255
    return flat.reshape(slice.width, slice.height).T


def test_runs_go_down_the_columns():
    runs = runs_of(*(lambda slice: (slice.annotations[0], slice))(slice_with((), 4, 5, (1, 2, 2, 2))))
    assert (runs.starts.tolist(), runs.lengths.tolist(), runs.area) == ([7, 12], [2, 2], 4)
    assert runs.pixels().tolist() == [7, 8, 12, 13]


def test_random_polygons_have_the_pixels_of_pycocotools():
    rng = np.random.default_rng(0)
    for number in range(500):
        width, height = rng.integers(1, 90, 2).tolist()
        scale = rng.choice([1, 10, 100])  # decimals, as tools write them
        outlines = tuple(
            tuple((rng.uniform(-20, 110, 2 * rng.integers(3, 12)) * scale).round() / scale)
            for _ in range(rng.integers(1, 4))
        )
        slice = slice_with(outlines, width, height)
        np.testing.assert_array_equal(drawn(slice), render(slice, {"a"}), err_msg=str(number))


@pytest.mark.parametrize(
    "counts", [(20,), (0, 20), (3, 4, 13), (3, 0, 4, 2, 0, 1, 10), (19, 1), (0, 1, 19), (0, 0, 20)]
)
def test_run_lengths_are_drawn_as_they_are(counts):
    slice = slice_with(RunLengths(counts), 4, 5)
    np.testing.assert_array_equal(drawn(slice), render(slice, {"a"}))


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 1.0])
def test_compressed_counts_are_those_that_were_compressed(share):
    rng = np.random.default_rng(1)
    for shape in ((1, 1), (3, 7), (640, 480)):
        pixels = np.asfortranarray((rng.random(shape) < share).astype(np.uint8))
        flat = np.concatenate([[0], pixels.ravel(order="F"), [2]])
        changes = np.flatnonzero(np.diff(flat[:-1])) if flat.size > 2 else []
        expected = np.diff([0, *changes, pixels.size])
        assert decode_counts(mask.encode(pixels)["counts"]).tolist() == expected.tolist()
