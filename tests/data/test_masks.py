import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.coco_builder import annotation, image, without_progress, write_annotations

from tumorseg import SPLITS
from tumorseg.data.classes import read_classes
from tumorseg.data.coco import Annotation, Slice
from tumorseg.data.masks import draw, render_masks
from tumorseg.errors import UserError

GREYS = {"core": 127, "whole": 255}


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


def test_each_class_has_its_grey_level_and_smaller_annotations_win(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Of category 0, ids 0 and 2; of category 1, id 1. The box of 4 pixels is drawn first; of the two of 3
    # pixels the one with the higher id is drawn last.
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
        "pixels claimed by several classes, given to the smaller annotation: 4",
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


@pytest.mark.parametrize("ids", [(0, 1), (1, 0)])
def test_a_part_within_a_larger_one_is_seen_whatever_its_id(ids: tuple[int, int]) -> None:
    whole, core = ids
    regions = [
        Annotation(whole, 0, "whole", (), (0, 0, 6, 4), 0, 0),
        Annotation(core, 0, "core", (), (2, 1, 2, 2), 0, 0),
    ]
    found = draw(Slice(0, "a.png", 6, 4, tuple(sorted(regions, key=lambda each: each.id))), GREYS)
    assert found.mask.tolist() == [
        [255, 255, 255, 255, 255, 255],
        [255, 255, 127, 127, 255, 255],
        [255, 255, 127, 127, 255, 255],
        [255, 255, 255, 255, 255, 255],
    ]
    assert found.contested == 4


def test_pixels_count_and_not_what_the_file_says_of_the_area() -> None:
    # The large one claims to be small, and most of it lies outside: 8 of its 64 pixels are drawn.
    large = Annotation(0, 0, "whole", (), (-7, 0, 8, 8), 1, 0)
    small = Annotation(1, 0, "core", (), (0, 0, 3, 4), 999, 0)
    found = draw(Slice(0, "a.png", 6, 8, (large, small)), GREYS)
    assert found.mask[:4].tolist() == [[255, 127, 127, 0, 0, 0]] * 4
    assert (found.contested, found.outside, found.thin) == (4, 1, 0)


def test_many_annotations_take_time_by_their_own_pixels() -> None:
    # A mask of the whole slice for each of them would be 200 GB to write.
    boxes = tuple(
        Annotation(id, 0, "whole", (), (id % 1000, id // 1000 * 10, 2, 2), 4, 0) for id in range(20_000)
    )
    start = time.process_time()
    found = draw(Slice(0, "a.png", 3200, 3200, boxes), GREYS)
    assert time.process_time() - start < 20  # 1 s where nothing else runs
    expected = np.zeros((3200, 3200), np.uint8)
    for row in range(20):
        expected[row * 10 : row * 10 + 2, :1001] = 255
    np.testing.assert_array_equal(found.mask, expected)


def test_masks_do_not_depend_on_the_number_of_threads(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = []
    for cores in (1, 3):
        monkeypatch.setattr("tumorseg.threads.usable_cores", lambda cores=cores: cores)
        render_masks(raw, tmp_path / "masks", ["0", "1"])
        contents.append([path.read_bytes() for path in sorted((tmp_path / "masks").rglob("*.png"))])
    assert contents[0] == contents[1]
