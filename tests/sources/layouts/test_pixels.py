"""What the values of a set's masks mean: classes, or one class that is cut; never a class that is lost."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from support.sets import fetched, png, put

from tumorseg.data.coco import read_categories
from tumorseg.errors import UserError

SIDE = 48
AREA = (slice(10, 26), slice(8, 20))  # 16 × 12 pixels
SMALL = (slice(32, 40), slice(30, 38))  # 8 × 8 pixels


def of(level: int, where: tuple[slice, slice] = AREA) -> np.ndarray:
    """A mask with one rectangle."""
    values = np.zeros((SIDE, SIDE), np.uint8)
    values[where] = level
    return values


def jpeg(values: np.ndarray, quality: int = 90) -> bytes:
    return cv2.imencode(".jpg", values, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def smooth(values: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), 1)


def read(masks: list[np.ndarray | bytes], folder: Path, suffix: str = "png") -> list[np.ndarray]:
    """The masks, bool (SIDE, SIDE), that the pipeline renders of a set with these."""
    pictures = [png(np.full((SIDE, SIDE), number, np.uint8)) for number in range(len(masks))]
    for number, mask in enumerate(masks):
        put(folder / f"set/images/{number}.png", pictures[number])
        put(folder / f"set/masks/{number}.{suffix}", mask if isinstance(mask, bytes) else png(mask))
    rendered = fetched(folder / "set", folder)["train"]
    return [rendered[picture] for picture in pictures]


def faults(folder: Path) -> list[list[str]]:
    rows = (folder / "raw/faults.csv").read_text().splitlines()[1:]
    return [row.split(",")[1:5:2] for row in rows]  # file and kind


def with_rim(level: int) -> np.ndarray:
    """An area of a level, in a line of 255, which some sets do not count."""
    values = of(255)
    values[11:25, 9:19] = level
    return values


@pytest.mark.parametrize(
    ("masks", "suffix", "reason"),
    [
        ([with_rim(1)], "png", "1 covers areas, as classes do"),
        ([with_rim(1 + number) for number in range(10)], "png", "1 covers areas, as classes do"),
        ([of(1), smooth(of(255))], "png", "1 covers areas, as classes do"),
        ([smooth(of(127)), smooth(of(255))], "png", "greys cover areas in 'masks/0.png'"),
        ([smooth(of(255)), smooth(np.maximum(of(255), of(127, SMALL)))], "png", "greys .* in 'masks/1.png'"),
        ([smooth(of(255)), smooth(of(10))], "png", "10 covers areas, as classes do"),
        ([jpeg(of(127)), jpeg(of(255))], "jpg", "greys cover areas in 'masks/0.jpg'"),
        ([jpeg(of(255)), jpeg(of(20), 95)], "jpg", "greys cover areas in 'masks/1.jpg'"),
        ([jpeg(np.maximum(of(255), of(40, SMALL)))], "jpg", "greys cover areas in 'masks/0.jpg'"),
        ([smooth(of(90))], "png", "all are dark"),
    ],
    ids=[
        "rim",
        "ten classes and rims",
        "0 and 1 beside smooth",
        "two smooth classes",
        "a small class",
        "a dark class",
        "two classes in JPEG",
        "a dark class in JPEG",
        "a small dark class in JPEG",
        "one grey class",
    ],
)
def test_a_cut_that_loses_an_area_is_refused(masks: list, suffix: str, reason: str, tmp_path: Path) -> None:
    words = rf"values beside 0, which are neither a few classes nor black and white: {reason}; give each"
    with pytest.raises(UserError, match=words):
        read(masks, tmp_path, suffix)


def test_masks_of_1_and_of_255_in_one_set_are_both_kept(tmp_path: Path) -> None:
    masks = [of(1), of(255), of(1, SMALL), of(0)]
    for values, mask in zip(masks, read(masks, tmp_path), strict=True):
        assert np.array_equal(mask, values > 0)
    assert read_categories(tmp_path / "raw/train") == ["1", "255"]


@pytest.mark.parametrize("quality", [10, 30, 63, 75, 95, 100])  # 63 stores black as 1
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_black_and_white_in_jpeg_are_cut_also_if_copied_to_png(
    quality: int, suffix: str, tmp_path: Path
) -> None:
    meant = [of(255), of(255, SMALL), of(0), np.maximum(of(255), of(255, SMALL))]
    stored = [jpeg(values, quality) for values in meant]
    if suffix == "png":
        stored = [png(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)) for data in stored]
    for values, mask in zip(meant, read(stored, tmp_path, suffix), strict=True):
        assert np.count_nonzero(mask != (values > 0)) <= 8  # of up to 256
        assert mask.any() == values.any()


def test_small_areas_with_wide_rims_are_cut(tmp_path: Path) -> None:
    (mask,) = read([smooth(of(255, SMALL))], tmp_path)
    assert np.array_equal(mask, smooth(of(255, SMALL)) >= 128)
    assert faults(tmp_path) == [["masks/0.png", "mask_cut"]]


def test_a_mask_that_a_cut_empties_is_listed(tmp_path: Path) -> None:
    point = cv2.GaussianBlur(of(255, (slice(9, 10), slice(9, 10))), (0, 0), 1)
    assert 0 < point.max() < 128
    masks = read([smooth(of(255)), point], tmp_path)
    assert [mask.any() for mask in masks] == [True, False]
    assert [file for file, kind in faults(tmp_path) if kind == "mask_faint"] == ["masks/1.png"]


def with_void(values: np.ndarray) -> bytes:
    """The same in colour, with a line of VOC's colour for what does not count."""
    pixels = np.dstack([values] * 3)
    pixels[2] = (192, 224, 224)  # blue first
    return png(pixels)


def test_a_cut_does_not_take_what_does_not_count(tmp_path: Path) -> None:
    (mask,) = read([with_void(smooth(of(255)))], tmp_path)
    assert np.array_equal(mask, smooth(of(255)) >= 128)
    assert faults(tmp_path) == [["masks/0.png", "mask_cut"], ["masks/0.png", "mask_void"]]


def test_classes_are_kept_beside_what_does_not_count(tmp_path: Path) -> None:
    masks = [of(100), np.maximum(of(100), of(255, SMALL))]
    for values, mask in zip(masks, read([with_void(values) for values in masks], tmp_path), strict=True):
        assert np.array_equal(mask, values > 0)
    assert read_categories(tmp_path / "raw/train") == ["100", "255"]


@pytest.mark.parametrize(("background", "tumour"), [(255, 0), (1, 2)])
def test_masks_without_a_black_background_are_said(
    background: int, tumour: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = np.where(of(1) > 0, tumour, background).astype(np.uint8)
    (mask,) = read([values], tmp_path)
    assert np.array_equal(mask, values > 0)
    assert faults(tmp_path) == [["masks/0.png", "mask_background"]]
    share = "92%" if tumour == 0 else "100%"  # 48² less 192, of 48²
    assert "guessed: 1 × mask_background: " in (out := capsys.readouterr().out)
    assert f"{share} of the pixels of all masks are of a class; background must be black" in out


@pytest.mark.parametrize("label", ["x:²,0,0", "x:1,2", f"x:{'9' * 5000},0,0", ":1,1,1", "x:1,1,1"])
def test_lines_of_a_labelmap_that_name_no_colour_are_passed_over(label: str, tmp_path: Path) -> None:
    put(tmp_path / "set/labelmap.txt", f"# label:color_rgb:parts:actions\n{label}::\n")
    read([of(1)], tmp_path)
    assert read_categories(tmp_path / "raw/train") == ["x" if label == "x:1,1,1" else "mask"]


def test_colour_pictures_are_no_masks(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)  # nearly as many colours
    put(tmp_path / "set/images/0.png", png(pixels))
    put(tmp_path / "set/masks/0.png", png(pixels))
    with pytest.raises(UserError, match="nor black and white: some are colours, or above 255; give each"):
        fetched(tmp_path / "set", tmp_path)
