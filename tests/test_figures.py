"""The pictures: they are written, they have a sensible size, and the same input gives the same bytes."""

from collections.abc import Callable
from pathlib import Path

import matplotlib.colors
import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from tumorseg import figures
from tumorseg.data.composition import composition

COMPOSITION = pd.DataFrame(
    [
        ("train", "0", 40, 41, 9000, 655360),
        ("train", "1", 60, 60, 8000, 983040),
        ("train", "none", 1, 0, 0, 16384),
        ("valid", "0", 10, 10, 2000, 163840),
        ("test", "1", 12, 12, 1800, 196608),
    ],
    columns=["split", "category", "images", "annotations", "tumor_pixels", "pixels"],
)


def slices(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Images, masks and predictions; the first mask touches the border, the last prediction is empty."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 32, 32), dtype=np.uint8)
    masks, predictions = np.zeros_like(images), np.zeros_like(images)
    masks[:, 8:16, 8:20] = 1
    masks[0, :5, :5] = 1
    predictions[:-1, 10:18, 8:20] = 1
    return images, masks, predictions, [f"best: Dice 0.912\nslice_{'0123456789' * 4}" for _ in range(count)]


def draw_composition(path: Path) -> None:
    composition(path, COMPOSITION)


def draw_samples(path: Path) -> None:
    images, masks, _, titles = slices(7)
    figures.samples(path, images, masks, titles)


def draw_overlays(path: Path) -> None:
    figures.overlays(path, *slices(9))


@pytest.mark.parametrize("draw", [draw_composition, draw_samples, draw_overlays])
def test_same_input_same_bytes(tmp_path: Path, draw: Callable[[Path], None]) -> None:
    first, second = tmp_path / "new folder" / "first.png", tmp_path / "second.png"
    draw(first)
    draw(second)
    assert first.read_bytes() == second.read_bytes()
    assert b"Software" not in first.read_bytes()
    assert [path.name for path in first.parent.iterdir()] == ["first.png"]
    height, width, _ = matplotlib.image.imread(first).shape
    assert 400 <= width <= 1800
    assert 300 <= height <= 1200


def test_classes_have_colours_of_their_own(tmp_path: Path) -> None:
    images, masks, predictions, titles = slices(9)
    masks[3:] *= 2
    predictions[2:] *= 2
    classes = [f"class {index}" for index in range(1, 10)]
    figures.samples(tmp_path / "samples.png", images, masks, titles, classes)
    figures.overlays(tmp_path / "overlays.png", images, masks, predictions, titles, classes[:2])
    for name in ("samples.png", "overlays.png"):
        pixels = matplotlib.image.imread(tmp_path / name)[..., :3]
        for color in figures.CLASS_COLORS[:2]:
            near = np.abs(pixels - matplotlib.colors.to_rgb(color)).max(axis=-1) < 0.02
            assert near.sum() > 500, (name, color)


def test_a_class_mixed_up_is_tinted_in_the_colour_of_what_is_predicted(tmp_path: Path) -> None:
    images, masks, _, titles = slices(1)
    images[:], masks[:] = 0, 1
    figures.overlays(tmp_path / "overlays.png", images, masks, 2 * masks, titles, ["a", "b"])
    pixels = matplotlib.image.imread(tmp_path / "overlays.png")[..., :3]
    tint = figures.TINT * np.array(matplotlib.colors.to_rgb(figures.CLASS_COLORS[1]))
    assert (np.abs(pixels - tint).max(axis=-1) < 0.02).mean() > 0.5


def test_categories_have_colours_by_name_and_slices_without_any_are_grey_and_last() -> None:
    first, second = figures.CATEGORY_COLORS[:2]
    assert list(figures.category_colors(["none", "b", "a", "b"]).items()) == [
        ("a", first),
        ("b", second),
        ("none", figures.NO_CATEGORY_COLOR),
    ]


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (3, 1), (6, 3), (9, 3)])
def test_overlays_stand_in_rows_of_best_median_and_worst(tmp_path: Path, count: int, rows: int) -> None:
    figures.overlays(tmp_path / "overlays.png", *slices(count))
    height, width, _ = matplotlib.image.imread(tmp_path / "overlays.png").shape
    columns = count // rows
    assert width == pytest.approx(1.8 * columns * figures.DPI, abs=1)
    assert height == pytest.approx((2.1 * rows + 0.4) * figures.DPI, abs=1)


def test_overlays_tint_what_differs(tmp_path: Path) -> None:
    images, masks, predictions, titles = slices(1)
    images[:] = 0
    same, different = tmp_path / "same.png", tmp_path / "different.png"
    figures.overlays(same, images, masks, masks, titles)
    figures.overlays(different, images, masks, predictions, titles)

    def bluish(path: Path) -> int:
        pixels = matplotlib.image.imread(path)
        return int(((pixels[..., 2] - pixels[..., 0] > 0.15) & (pixels[..., 2] < 0.5)).sum())

    assert bluish(different) > bluish(same) + 1000
