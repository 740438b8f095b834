import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from support.sets import COUNT, SHIPPED, WHOLE, assert_as_meant, fetched, png, put, slices, split_of

from tumorseg.data.classes import read_classes
from tumorseg.data.coco import read_categories
from tumorseg.data.masks import render_masks
from tumorseg.data.read import read_slice
from tumorseg.errors import UserError
from tumorseg.sources.layouts.masks import pair


def write(root: Path, picture: str, mask: str, value: int = 255) -> None:
    """Write pictures and masks to places that have {split} and {n}."""
    for number, content, pixels in slices():
        place = {"n": number, "split": split_of(number), "patient": number // 2}
        put(root / picture.format(**place), content)
        put(root / mask.format(**place), png(pixels * value))


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        ("images/{n}.png", "masks/{n}.png"),
        ("set v1/images/{n}.png", "set v1/labels/{n}.png"),
        (
            "lgg-mri-segmentation/p{patient}/p{patient}_{n}.png",
            "lgg-mri-segmentation/p{patient}/p{patient}_{n}_mask.png",
        ),
        ("img_{n}.png", "mask_{n}.png"),
        ("images/case_{n}.png", "labels/case_label_{n}.png"),
        ("Original/{n}.png", "Ground Truth/{n}.png"),
        ("Task1-2_Input/ISIC_{n}.png", "Task1_GroundTruth/ISIC_{n}_segmentation.png"),
        ("{n}/images/a{n}.png", "{n}/masks/fff.png"),  # a folder for each picture
    ],
)
@pytest.mark.parametrize("value", [1, 255])
def test_masks_are_found_by_their_names(picture: str, mask: str, value: int, tmp_path: Path) -> None:
    write(tmp_path / "set", picture, mask, value)
    assert_as_meant(fetched(tmp_path / "set", tmp_path), WHOLE)


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        ("{split}/images/{n}.png", "{split}/masks/{n}.png"),
        ("images/{split}/{n}.png", "masks/{split}/{n}.png"),
        ("{split}/{n}.png", "{split}_masks/{n}_mask.png"),
    ],
)
def test_splits_are_folders(
    picture: str, mask: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "set", picture, mask)
    assert_as_meant(fetched(tmp_path / "set", tmp_path), SHIPPED)
    assert "pictures with masks, 6 images, train, valid, test\n" in capsys.readouterr().out


def test_several_masks_of_a_picture_unite(tmp_path: Path) -> None:
    for number, content, pixels in slices():
        left, right = pixels.copy(), pixels.copy()
        left[:, 7:], right[:, :7] = 0, 0
        put(tmp_path / f"set/benign ({number}).png", content)
        put(tmp_path / f"set/benign ({number})_mask.png", png(left * 255))
        put(tmp_path / f"set/benign ({number})_mask_1.png", png(right * 255))
    assert_as_meant(fetched(tmp_path / "set", tmp_path), WHOLE)


def test_left_over_pictures_and_masks_are_no_pair() -> None:
    names = ["images/1.png", "masks/1.png", "images/2.png", "masks/3.png"]
    pairs = pair(names, "set")
    assert pairs.masks == {"images/1.png": ["masks/1.png"]}
    assert (pairs.without_mask, pairs.without_picture) == (["images/2.png"], ["masks/3.png"])


def test_two_pictures_of_one_mask_are_refused() -> None:
    with pytest.raises(UserError, match=r"'images/1\.jpg' and 'images/1\.png' have the same masks"):
        pair(["images/1.jpg", "images/1.png", "masks/1.png"], "set")


def test_a_picture_without_a_mask_is_left_out_and_listed(tmp_path: Path) -> None:
    write(tmp_path / "set", "images/{n}.png", "masks/{n}.png")
    (tmp_path / "set/masks/2.png").unlink()
    assert_as_meant(fetched(tmp_path / "set", tmp_path), {"train": [0, 1, 3, 4, 5]})
    rows = (tmp_path / "raw/faults.csv").read_text().splitlines()[1:]
    assert [row.split(",")[:5] for row in rows] == [
        ["train", "images/2.png", "", "picture_without_mask", "left out"]
    ]


def test_what_is_left_out_is_listed_under_the_split_of_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "set", "{split}/images/{n}.png", "{split}/masks/{n}.png")
    (tmp_path / "set/val/images/4.png").rename(tmp_path / "set/val/images/9.png")
    put(tmp_path / "set/test/images/10.png", png(np.zeros((4, 4), np.uint8)))
    fetched(tmp_path / "set", tmp_path, missing="leave out")
    rows = (tmp_path / "raw/faults.csv").read_text().splitlines()[1:]
    assert [row.split(",")[:4] for row in rows] == [
        ["test", "test/images/10.png", "", "picture_without_mask"],
        ["valid", "val/images/9.png", "", "picture_without_mask"],
        ["valid", "val/masks/4.png", "", "mask_without_picture"],
    ]


def test_a_mask_without_a_picture_is_refused_unless_told(tmp_path: Path) -> None:
    write(tmp_path / "set", "images/{n}.png", "masks/{n}.png")
    (tmp_path / "set/images/2.png").unlink()
    with pytest.raises(
        UserError, match=r"1 masks have no picture, such as 'masks/2\.png'; .*source\.missing"
    ):
        fetched(tmp_path / "set", tmp_path)
    assert_as_meant(fetched(tmp_path / "set", tmp_path, missing="leave out"), {"train": [0, 1, 3, 4, 5]})


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "set", "images/{n}.png", "masks/{n}.png")
    put(tmp_path / "set/masks/2.png", png(np.ones((8, 12), np.uint8)))
    with pytest.raises(UserError, match=r"'masks/2\.png' is 12×8 pixels, but its picture is 24×16"):
        fetched(tmp_path / "set", tmp_path)


def test_grey_levels_are_classes(tmp_path: Path) -> None:
    for number, content, pixels in slices():
        put(tmp_path / f"set/images/{number}.png", content)
        put(tmp_path / f"set/masks/{number}.png", png(pixels * (1 + number % 2)))
    assert_as_meant(fetched(tmp_path / "set", tmp_path), WHOLE)
    assert read_categories(tmp_path / "raw/train") == ["1", "2"]
    render_masks(tmp_path / "raw", tmp_path / "classes", {"core": ["2"], "edema": ["1"]})
    assert read_classes(tmp_path / "classes") == ["core", "edema"]
    greys = [int(read_slice(tmp_path / f"classes/train/{number}.png").max()) for number in range(COUNT)]
    assert greys == [255, 127, 255, 127, 255, 127]


def test_levels_with_solid_areas_are_classes_and_those_of_rims_alone_are_not(tmp_path: Path) -> None:
    rim = cv2.blur(np.pad(np.full((6, 6), 255, np.uint8), 15), (3, 3))
    assert len(np.unique(rim)) < 8
    put(tmp_path / "rims/images/0.png", png(np.zeros((36, 36), np.uint8)))
    put(tmp_path / "rims/masks/0.png", png(rim))
    (mask,) = fetched(tmp_path / "rims", tmp_path)["train"].values()
    assert np.array_equal(mask, rim >= 128)
    levels = np.zeros((12, 12), np.uint8)
    levels[1:5, 1:5], levels[6:10, 1:5] = 128, 255
    put(tmp_path / "levels/images/0.png", png(np.zeros((12, 12), np.uint8)))
    put(tmp_path / "levels/masks/0.png", png(levels))
    (mask,) = fetched(tmp_path / "levels", tmp_path)["train"].values()
    assert np.array_equal(mask, levels > 0)
    assert read_categories(tmp_path / "raw/train") == ["128", "255"]


def voc_mask(pixels: np.ndarray, void: bool) -> bytes:
    """A palette of black, dark red and VOC's outline."""
    values = pixels.copy()
    if void:
        values[4, :] = 255
    picture = Image.fromarray(values).convert("P")
    picture.putdata(values.ravel().tolist())
    picture.putpalette([0, 0, 0, 128, 0, 0, *[0] * 759, 224, 224, 192])
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def test_vocs_palettes_lists_and_outlines(tmp_path: Path) -> None:
    root = tmp_path / "set/VOC2012"
    for number, content, pixels in slices():
        put(root / f"JPEGImages/{number}.png", content)
        put(root / f"SegmentationClass/{number}.png", voc_mask(pixels, void=number == 1))
        put(root / f"SegmentationObject/{number}.png", voc_mask(pixels, void=True))
    put(root / "labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\ntumour:128,0,0::\n")
    for name, numbers in {
        "train": "0\n1\n2\n3",
        "val": "4",
        "test": "5",
        "trainval": "0\n1\n2\n3\n4",
    }.items():
        put(root / f"ImageSets/Segmentation/{name}.txt", numbers)
    assert_as_meant(fetched(tmp_path / "set", tmp_path), SHIPPED)
    assert read_categories(tmp_path / "raw/train") == ["tumour"]
    assert (
        "train,VOC2012/SegmentationClass/1.png,,mask_void,left out"
        in (tmp_path / "raw/faults.csv").read_text()
    )


@pytest.mark.parametrize("kind", ["jpeg", "smooth"])
def test_masks_about_black_and_white_are_cut_in_the_middle_and_said(kind: str, tmp_path: Path) -> None:
    for number, _, pixels in slices():
        large = np.kron(pixels, np.full((7, 7), 255, np.uint8))
        put(tmp_path / f"set/images/{number}.png", png(np.kron(pixels, np.ones((7, 7), np.uint8)) + number))
        if kind == "jpeg":
            put(tmp_path / f"set/masks/{number}.jpg", cv2.imencode(".jpg", large)[1].tobytes())
        else:
            put(tmp_path / f"set/masks/{number}.png", png(cv2.GaussianBlur(large, (5, 5), 0)))
    masks = fetched(tmp_path / "set", tmp_path)
    for mask in masks["train"].values():
        assert abs(int(mask.sum()) - 24 * 49) <= 8  # the corners are rounded
    assert (tmp_path / "raw/faults.csv").read_text().count(
        "mask_cut,guessed,tumour is 128 and above"
    ) == COUNT


def test_masks_that_are_photographs_are_refused(tmp_path: Path) -> None:
    for number, content, _ in slices():
        put(tmp_path / f"set/images/{number}.png", content)
        put(tmp_path / f"set/masks/{number}.png", content)
    with pytest.raises(
        UserError, match=r"values beside 0, which are neither a few classes nor black and white"
    ):
        fetched(tmp_path / "set", tmp_path)


def test_masks_that_are_all_black_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "set", "images/{n}.png", "masks/{n}.png", value=0)
    with pytest.raises(UserError, match=r"all masks, such as 'masks/0\.png', are black"):
        fetched(tmp_path / "set", tmp_path)
