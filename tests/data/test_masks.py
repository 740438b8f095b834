from pathlib import Path

import cv2
import numpy as np
import pytest
from support.coco_builder import annotation, image, without_progress, write_annotations

from tumorseg import SPLITS
from tumorseg.data.classes import read_classes
from tumorseg.data.masks import render_masks
from tumorseg.errors import UserError


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Splits without image files, which rendering does not need."""
    images = [image(0, "a.b.jpg"), image(1, "c.png", width=5, height=4)]
    write_annotations(tmp_path / "raw" / "train", images, [annotation(0, 0), annotation(1, 1, category_id=2)])
    write_annotations(
        tmp_path / "raw" / "valid", images, [annotation(0, 0), annotation(1, 0, bbox=[10, 6, 4, 4])]
    )
    thin = annotation(0, 1, [[1, 1, 1.1, 3, 1.2, 1]])
    write_annotations(tmp_path / "raw" / "test", images, [thin, annotation(1, 1, category_id=0)])
    return tmp_path / "raw"


def test_masks_and_what_is_said_of_them(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    render_masks(raw, tmp_path / "masks", ["0", "1"])
    files = sorted(file.relative_to(tmp_path / "masks").as_posix() for file in tmp_path.glob("masks/*/*"))
    assert files == [f"{split}/{name}.png" for split in ("test", "train", "valid") for name in ("a.b", "c")]
    read = {name: cv2.imread(str(tmp_path / "masks" / name), cv2.IMREAD_UNCHANGED) for name in files}
    assert {mask.dtype.name for mask in read.values()} == {"uint8"}
    box = np.zeros((8, 12), np.uint8)
    box[2:4, 1:5] = 255
    np.testing.assert_array_equal(read["train/a.b.png"], box)
    np.testing.assert_array_equal(read["train/c.png"], box[:4, :5])
    box[6:, 10:] = 255
    np.testing.assert_array_equal(read["valid/a.b.png"], box)
    assert not read["test/c.png"].any()
    assert without_progress(capsys.readouterr().out) == [
        "train: 2 masks, 0 of them empty",
        "valid: 2 masks, 1 of them empty; images with several annotations: 1; "
        "annotations cut off at the image's edge: 1",
        "test: 2 masks, 2 of them empty; images with several annotations: 1; "
        "annotations of other categories, left out: 1; annotations too thin or too far out to render: 1",
    ]


def test_each_class_has_its_grey_level_and_later_annotations_win(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Of category 0, ids 0 and 2; of category 1, id 1: each box is drawn over those before it.
    boxes = [
        annotation(2, 0, bbox=[3, 0, 3, 1]),
        annotation(0, 0, bbox=[0, 0, 4, 1]),
        annotation(1, 0, bbox=[2, 0, 3, 1], category_id=2),
    ]
    for split in SPLITS:
        write_annotations(tmp_path / "raw" / split, [image(0)], boxes if split == "train" else [])
    render_masks(tmp_path / "raw", tmp_path / "masks", {"glioma": ["0"], "other": ["1"]})
    mask = cv2.imread(str(tmp_path / "masks" / "train" / "0.png"), cv2.IMREAD_UNCHANGED)
    assert mask[0].tolist() == [127, 127, 255, 127, 127, 127, 0, 0, 0, 0, 0, 0]
    assert not mask[1:].any()
    assert read_classes(tmp_path / "masks") == ["glioma", "other"]
    assert without_progress(capsys.readouterr().out)[:2] == [
        "grey levels: glioma 127, other 255",
        # Of box 1, two pixels were glioma's; of box 2, two were other's.
        "train: 1 masks, 0 of them empty; images with several annotations: 1; "
        "pixels that a later annotation of another class took over: 4",
    ]


def test_the_same_bytes_each_time_in_place_of_what_was_there(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "old.png").touch()
    contents = []
    for _ in range(2):
        render_masks(raw, tmp_path / "masks", ["0"])
        contents.append({file.name: file.read_bytes() for file in (tmp_path / "masks").rglob("*.png")})
    assert contents[0] == contents[1]
    assert "old.png" not in contents[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["masks", "raw"]


def test_an_unknown_category_lists_those_there_are(raw: Path, tmp_path: Path) -> None:
    message = r"tumor_categories: the annotations have no category 'glioma'; they have '0', '1', 'Tumor'"
    with pytest.raises(UserError, match=message):
        render_masks(raw, tmp_path / "masks", ["0", "glioma"])
    with pytest.raises(UserError, match=message):
        render_masks(raw, tmp_path / "masks", {"a": ["0"], "b": ["1", "glioma"]})
    assert not (tmp_path / "masks").exists()


def test_null_is_all_categories_in_their_order_and_said(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    render_masks(raw, tmp_path / "masks", None)
    assert "tumor_categories: null is all: 'Tumor', '0', '1'\n" in capsys.readouterr().out
    render_masks(raw, tmp_path / "named", ["Tumor", "0", "1"])
    for path in sorted((tmp_path / "named").rglob("*.png")):
        assert (tmp_path / "masks" / path.relative_to(tmp_path / "named")).read_bytes() == path.read_bytes()


def test_a_bad_split_leaves_nothing_behind(raw: Path, tmp_path: Path) -> None:
    write_annotations(raw / "test", [image(0)], [annotation(0, 3)])
    with pytest.raises(UserError, match=r"test/_annotations\.coco\.json: annotations\[0\]\.image_id"):
        render_masks(raw, tmp_path / "masks", ["0"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw"]
