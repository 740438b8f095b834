"""Labels that are boxes as outlines: `boxes: grabcut`."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from support.coco_builder import annotation, image, without_progress, write_annotations
from support.preparing import prepare_folder

from tumorseg import SPLITS
from tumorseg.data.boxes import Box, Outline, outline, upright_box
from tumorseg.data.coco import Annotation, Slice
from tumorseg.data.masks import draw, render_masks
from tumorseg.data.raster import Runs, runs_of
from tumorseg.data.slices import load_split
from tumorseg.errors import UserError

SIDE = 96
Y, X = np.mgrid[:SIDE, :SIDE]
DIAMOND = abs(X - 45) + abs(Y - 50) <= 24
TUMOR = Box(21, 26, 49, 49)  # round it
BBOX = [21, 26, 49, 49]


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def scan(seed: int = 0) -> np.ndarray:
    """A bright diamond on noise, uint8 (SIDE, SIDE)."""
    noise = np.random.default_rng(seed).normal(60, 8, (SIDE, SIDE))
    return (noise + 90 * DIAMOND).clip(0, 255).astype(np.uint8)


def whole(found: Outline) -> np.ndarray:
    mask, box = np.zeros((SIDE, SIDE), bool), found.box
    mask[box.top : box.top + box.height, box.left : box.left + box.width] = found.mask
    return mask


@pytest.mark.parametrize(
    ("counts", "box"),
    [
        ([9, 2, 6, 2, 61], Box(1, 1, 2, 2)),
        ([8, 16, 56], Box(1, 0, 2, 8)),  # whole columns, which are one run
        ([9, 2, 6, 1, 62], None),
        ([9, 2, 7, 2, 60], None),  # as many pixels in both columns, but not in the same rows
        ([80], None),
    ],
)
def test_what_is_an_upright_box(counts: list[int], box: Box | None) -> None:
    ends = np.cumsum(counts)
    runs = Runs(ends[:-1][::2].astype(np.int64), np.array(counts[1::2], np.int64))
    assert upright_box(runs, 8) == box


def test_a_box_that_the_image_cuts_is_what_is_left_of_it() -> None:
    region = Annotation(0, 0, "0", (), (-3, 2, 5, 20), 100, 0)
    assert upright_box(runs_of(region, Slice(0, "a.png", 12, 8, (region,))), 8) == Box(0, 2, 2, 6)


def test_the_outline_is_that_of_the_tumour_and_not_the_ellipse() -> None:
    found = outline(scan(), TUMOR)
    # A diamond has half of its box: Dice 0.67; of the ellipse it has 2 / π: Dice 0.78.
    assert found.by == "grabcut"
    assert dice(whole(found), DIAMOND) > 0.95
    assert found.fill == pytest.approx(0.5, abs=0.05)


def test_holes_are_filled_and_what_lies_apart_is_left_out() -> None:
    pixels = scan()
    pixels[48:53, 43:48] = 60  # dark, in the middle
    pixels[28:32, 23:27] = 150  # bright, in a corner of the box
    found = whole(outline(pixels, TUMOR))
    assert found[48:53, 43:48].all()
    assert not found[28:32, 23:27].any()


def test_a_small_box_becomes_the_ellipse_by_hand() -> None:
    # The centres of the corners are √(0.75² + 0.75²) = 1.06 half sides away, all others less than 1.
    found = outline(scan(), Box(3, 3, 4, 4))
    assert (found.by, found.mask.astype(int).tolist()) == (
        "ellipse",
        [[0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 0]],
    )
    assert outline(scan(), Box(3, 3, 1, 5)).mask.all()


@pytest.mark.parametrize(
    "box", [Box(0, 0, SIDE, SIDE), Box(0, 0, 8, 8), Box(88, 5, 8, 91), Box(0, 40, SIDE, 8)]
)
@pytest.mark.parametrize("pixels", [np.zeros((SIDE, SIDE), np.uint8), scan()])
def test_any_box_on_any_picture_has_its_core_and_stays_within(box: Box, pixels: np.ndarray) -> None:
    found = outline(pixels, box)
    assert found.mask.shape == (box.height, box.width)
    assert found.mask[box.height // 2, box.width // 2]
    assert 0.3 < found.fill <= 1


def test_runs_are_the_mask() -> None:
    mask = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 1]], bool)
    places = Outline(Box(2, 4, 3, 3), mask, "grabcut").runs(10).pixels()
    expected = np.zeros((10, 9), bool)
    expected[4:7, 2:5] = mask
    assert places.tolist() == np.flatnonzero(expected.T).tolist()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """In each split: a box, an outline, boxes of two classes, and a picture of 16 bits in colour."""
    names = ["0.png", "1.png", "2.png", "3.png"]
    triangle = [[10, 10, 60, 10, 10, 60]]
    labels = [
        annotation(0, 0, bbox=BBOX),
        annotation(1, 1, triangle, bbox=[10, 10, 50, 50]),
        annotation(2, 2, bbox=BBOX),
        annotation(3, 2, bbox=[40, 45, 12, 12], category_id=2),
        annotation(4, 3, bbox=BBOX),
        annotation(5, 3, bbox=[1, 1, 3, 3]),
        annotation(6, 0, bbox=[0, 0, 9, 9], category_id=0),
    ]
    for split in SPLITS:
        write_annotations(
            tmp_path / "raw" / split, [image(i, n, SIDE, SIDE) for i, n in enumerate(names)], labels
        )
        for index, name in enumerate(names):
            pixels = scan(index)
            if index == 3:
                pixels = np.dstack([pixels.astype(np.uint16) * 200] * 3)
            cv2.imwrite(str(tmp_path / "raw" / split / name), pixels)
    return tmp_path / "raw"


def read(path: Path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def test_boxes_are_outlined_and_outlines_stay(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classes = {"a": ["0"], "b": ["1"]}
    render_masks(raw, tmp_path / "kept", classes)
    render_masks(raw, tmp_path / "masks", classes, "grabcut")
    train = tmp_path / "masks" / "train"
    assert (read(train / "1.png") == read(tmp_path / "kept" / "train" / "1.png")).all()
    for name in ("0", "2", "3"):
        assert dice(read(train / f"{name}.png") > 0, DIAMOND) > 0.95
    inner = read(train / "2.png")[45:57, 40:52]
    assert (inner[6, 6], inner[0, 0]) == (
        255,
        127,
    )  # the ellipse or less of the small box, over the large one
    table = pd.read_csv(tmp_path / "masks" / "outlines.csv").query("as_shipped == 'train'")
    assert table[["file", "annotation", "width", "height", "by"]].to_numpy().tolist() == [
        ["0.png", 0, 49, 49, "grabcut"],
        ["2.png", 2, 49, 49, "grabcut"],
        ["2.png", 3, 12, 12, "grabcut"],
        ["3.png", 4, 49, 49, "grabcut"],
        ["3.png", 5, 3, 3, "ellipse"],
    ]
    lines = [line for line in without_progress(capsys.readouterr().out) if line.startswith("train")]
    assert "boxes" not in lines[0]
    assert "boxes outlined: 5, which fill " in lines[1]
    assert lines[1].endswith("boxes of fewer than 8 pixels a side, as ellipses: 1")


def test_outlines_do_not_depend_on_the_number_of_threads(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = []
    for cores in (1, 3):
        monkeypatch.setattr("tumorseg.threads.usable_cores", lambda cores=cores: cores)
        render_masks(raw, tmp_path / "masks", ["0", "1"], "grabcut")
        contents.append([path.read_bytes() for path in sorted((tmp_path / "masks").rglob("*.*"))])
    assert contents[0] == contents[1]


def test_nets_learn_the_outlines(raw: Path, tmp_path: Path) -> None:
    render_masks(raw, tmp_path / "masks", ["0", "1"], "grabcut")
    prepared = prepare_folder(tmp_path, SIDE)
    arrays = load_split(prepared, "train")
    for index in range(4):
        assert (arrays.masks[index] * 255 == read(tmp_path / "masks" / "train" / f"{index}.png")).all()
    assert arrays.table.tumor_pixels.tolist() == [int((mask > 0).sum()) for mask in arrays.masks]
    assert (prepared / "outlines.csv").read_bytes() == (tmp_path / "masks" / "outlines.csv").read_bytes()
    render_masks(raw, tmp_path / "masks", ["0", "1"])
    assert not (prepare_folder(tmp_path, SIDE) / "outlines.csv").exists()


def test_pictures_that_are_bad_are_named(raw: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(raw / "valid" / "2.png"), scan()[:50])
    with pytest.raises(UserError, match=r"valid/2\.png: is 96×50 pixels, but its annotations say 96×96"):
        render_masks(raw, tmp_path / "masks", ["0"], "grabcut")
    (raw / "valid" / "2.png").unlink()
    with pytest.raises(UserError, match=r"valid/2\.png: "):
        render_masks(raw, tmp_path / "masks", ["0"], "grabcut")
    assert not (tmp_path / "masks").exists()


def test_without_a_picture_boxes_stay() -> None:
    region = Annotation(0, 0, "0", (), (1, 1, 2, 2), 4, 0)
    drawn = draw(Slice(0, "a.png", 4, 4, (region,)), {"0": 255})
    assert (drawn.mask.sum(), drawn.outlines) == (4 * 255, ())
