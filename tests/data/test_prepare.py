from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from support.coco_builder import annotation, image, write_annotations, write_export
from support.preparing import prepare_folder

from tumorseg import SPLITS
from tumorseg.data.masks import render_masks
from tumorseg.data.slices import load_split, read_table
from tumorseg.identity import read_identity
from tumorseg.params import Blocks
from tumorseg.sections import Split


def write_png(path: Path, pixels: np.ndarray) -> None:
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())


def prepared_of(
    root: Path, images: list, annotations: list, pixels: dict[str, np.ndarray], size: int
) -> Path:
    """Prepare `images` as train; valid and test are the same sound two each time."""
    raw, masks = root / "raw", root / "masks"
    write_export(raw)
    write_annotations(raw / "train", images, annotations)
    for name, array in pixels.items():
        write_png(raw / "train" / name, array)
    render_masks(raw, masks, ["0", "1"])
    return prepare_folder(root, size)


def test_masks_join_images_by_id_whatever_the_order_of_the_file(tmp_path):
    # By position, the first image would get the first annotation.
    images = [image(5, "late.png", 16, 16), image(2, "early.png", 16, 16)]
    annotations = [annotation(0, 2, bbox=[0, 0, 8, 8]), annotation(1, 5, bbox=[8, 8, 8, 8], category_id=2)]
    pixels = {"late.png": np.full((16, 16), 200, np.uint8), "early.png": np.full((16, 16), 40, np.uint8)}
    arrays = load_split(prepared_of(tmp_path, images, annotations, pixels, 16), "train")
    assert arrays.table.file.tolist() == ["early.png", "late.png"]
    assert arrays.table.image_id.tolist() == [2, 5]
    assert arrays.images[:, 0, 0].tolist() == [40, 200]
    expected = np.zeros((2, 16, 16), np.uint8)
    expected[0, :8, :8] = expected[1, 8:, 8:] = 1
    np.testing.assert_array_equal(arrays.masks, expected)


@pytest.mark.parametrize("size", [12, 32])
def test_classes_are_read_back_from_their_grey_levels(tmp_path, size):
    raw, masks = tmp_path / "raw", tmp_path / "masks"
    write_export(raw)
    boxes = [annotation(0, 0, bbox=[0, 0, 6, 8]), annotation(1, 0, bbox=[6, 0, 6, 4], category_id=2)]
    write_annotations(raw / "train", [image(0), image(1)], boxes)
    render_masks(raw, masks, {"b": ["1"], "a": ["0"]})
    out = prepare_folder(tmp_path, size)
    train = load_split(out, "train")
    assert train.classes == load_split(out, "test").classes == ["b", "a"]
    half = size // 2
    assert (train.masks[0, :, :half] == 2).all()
    assert (train.masks[0, :half, half:] == 1).all()
    assert not train.masks[0, half:, half:].any()
    assert train.masks.dtype == train.tumor.dtype == np.uint8
    np.testing.assert_array_equal(train.tumor, train.masks > 0)
    assert train.table.tumor_pixels.tolist() == [6 * 8 + 6 * 4, 0]
    # Once more without classes, in the same places: no names stay behind.
    render_masks(raw, masks, ["0", "1"])
    prepare_folder(tmp_path, size)
    again = load_split(out, "train")
    assert again.classes == []
    np.testing.assert_array_equal(again.masks, train.tumor)


def test_masks_take_the_pixel_under_each_centre_and_images_the_mean(tmp_path):
    # 64 → 16: pixel i covers 4 i to 4 i + 3, and its centre is at 4 i + 2.
    square = annotation(0, 0, bbox=[20, 10, 20, 16])  # columns 20 to 39, rows 10 to 25
    striped = np.zeros((64, 64), np.uint8)
    striped[::4] = 200
    out = prepared_of(tmp_path, [image(0, "a.png", 64, 64)], [square], {"a.png": striped}, 16)
    arrays = load_split(out, "train")
    expected = np.zeros((16, 16), np.uint8)
    expected[2:6, 5:10] = 1
    np.testing.assert_array_equal(arrays.masks[0], expected)
    assert (arrays.images[0] == 50).all()
    row = arrays.table.iloc[0]
    assert (row.height, row.width, row.tumor_pixels) == (64, 64, 320)  # as they were, not as resized


def test_masks_keep_two_values_at_any_size(tmp_path):
    images = [image(0, "a.png", 71, 53)]
    polygon = annotation(0, 0, [[3, 3, 60, 10, 40, 50, 10.5, 30.2]])
    out = prepared_of(tmp_path, images, [polygon], {"a.png": np.zeros((53, 71), np.uint8)}, 48)
    masks = load_split(out, "train").masks
    assert masks.dtype == np.uint8
    assert masks.shape == (1, 48, 48)
    assert np.unique(masks).tolist() == [0, 1]


def test_what_slices_csv_tells(tmp_path):
    names = ["12_a.png", "a_3.png", "7.png", "1234567890123456789012.png"]
    images = [image(id, name) for id, name in enumerate(names)]
    annotations = [
        annotation(0, 0, category_id=2),
        annotation(1, 0),
        annotation(2, 1, category_id=0, bbox=[0, 0, 1, 1]),  # not a tumour category: named, not rendered
        annotation(3, 3, bbox=[0, 0, 3, 2]),
    ]
    out = prepared_of(
        tmp_path, images, annotations, {name: np.zeros((8, 12), np.uint8) for name in names}, 32
    )
    table = read_table(out)
    train = table[table.split == "train"]
    assert train.category.tolist() == ["0+1", "Tumor", "none", "0"]
    assert train.annotations.tolist() == [2, 1, 0, 1]
    assert train.tumor_pixels.tolist() == [8, 0, 0, 6]
    assert train.sequence.tolist() == [12, pd.NA, 7, pd.NA]  # 22 digits are an id, not a number in a row
    assert table.split.tolist() == ["train"] * 4 + ["valid"] * 2 + ["test"] * 2
    assert table["index"].tolist() == [0, 1, 2, 3, 0, 1, 0, 1]
    lines = (out / "slices.csv").read_text().splitlines()
    # Group 0 is of slices of one grey, which resemble nothing: each is a group of its own.
    assert lines[1:3] == [
        "train,0,0,12_a.png,train,0,0+1,2,12,8,12,8",
        "train,1,1,a_3.png,train,1,Tumor,1,,8,12,0",
    ]
    assert (out / "left_out.csv").read_text().splitlines() == [lines[0].removeprefix("split,index,")]


def test_the_same_bytes_each_time_in_place_of_what_was_there(tmp_path):
    out = tmp_path / "prepared"
    write_export(tmp_path / "raw")
    render_masks(tmp_path / "raw", tmp_path / "masks", ["0"])
    out.mkdir()
    (out / "old.npy").touch()
    contents = []
    for _ in range(2):
        prepare_folder(tmp_path, 32)
        contents.append({path: path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert contents[0] == contents[1]
    arrays = {out / split / f"{kind}.npy" for split in SPLITS for kind in ("images", "masks")}
    assert set(contents[0]) == {out / "slices.csv", out / "left_out.csv", out / "about.json"} | arrays


def number_slices(raw: Path, each: int) -> None:
    """Replace the slices of an export by `each` noisy ones a split, numbered on from split to split."""
    rng = np.random.default_rng(0)
    for place, split in enumerate(SPLITS):
        names = [f"{each * place + id}_s.png" for id in range(each)]
        images = [image(id, name, 32, 32) for id, name in enumerate(names)]
        write_annotations(raw / split, images, [annotation(id, id) for id in range(each)])
        for path in (raw / split).glob("*.jpg"):
            path.unlink()
        for name in names:
            write_png(raw / split / name, rng.integers(0, 256, (32, 32), np.uint8))


def test_slices_dealt_anew_are_all_there_once_with_their_own_pixels(tmp_path, capfd):
    raw, out = tmp_path / "raw", tmp_path / "prepared"
    number_slices(raw, 20)
    render_masks(raw, tmp_path / "masks", ["0"])
    rule = (Split(strategy="blocks", folds=3, fold=1), Blocks(size=5, gap=1))
    prepare_folder(tmp_path, 32, rule)
    table, left_out = read_table(out), pd.read_csv(out / "left_out.csv")
    assert len(left_out) > 0
    assert sorted([*table.sequence, *left_out.sequence]) == list(range(60))
    assert f"left out, at most 1 file numbers from another split: {len(left_out)} " in capfd.readouterr().out
    for split in SPLITS:
        arrays = load_split(out, split)
        assert arrays.table["index"].tolist() == list(range(len(arrays)))
        for row, pixels in zip(arrays.table.itertuples(), arrays.images, strict=True):
            stored = cv2.imread(str(raw / row.as_shipped / row.file), cv2.IMREAD_GRAYSCALE)
            np.testing.assert_array_equal(pixels, stored)


def test_auto_deals_what_was_not_shipped_in_three_splits_and_about_json_says_how(tmp_path, capsys):
    raw = tmp_path / "raw"
    number_slices(raw, 20)
    write_annotations(raw / "test", [], [])
    render_masks(raw, tmp_path / "masks", None)
    prepare_folder(tmp_path, 32, (Split(strategy="auto", folds=4, fold=0), Blocks(size=5, gap=1)))
    assert read_identity(tmp_path / "prepared").split == "similar"
    sizes = read_table(tmp_path / "prepared").split.value_counts().to_dict()
    assert sizes == {"train": 20, "valid": 10, "test": 10}
    assert "auto is similar, as no annotated slice was shipped as test\n" in capsys.readouterr().out
