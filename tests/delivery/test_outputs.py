"""What is measured of a mask, by hand."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco

from tumorseg import figures
from tumorseg.delivery.outputs import pictures
from tumorseg.delivery.outputs.coco import check_flat_names, write_coco
from tumorseg.delivery.outputs.measure import find_lesions, uncertainty
from tumorseg.delivery.outputs.records import OutFolder, Record, SliceRecord, split_of
from tumorseg.delivery.outputs.slice_files import mask_greys
from tumorseg.delivery.outputs.tables import without_folders, write_tables
from tumorseg.errors import UserError

MASK = np.array(
    [
        [0, 0, 0, 0, 2, 2],
        [0, 1, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 1],
    ],
    np.uint8,
)


def record(name: str = "a", lesions=(), **more) -> SliceRecord:
    about = {"width": 6, "height": 3, "spacing": None, "uncertainty": 0.5, "warnings": []}
    pictures = dict.fromkeys(("picture", "levels", "thumbnail"))
    return SliceRecord(name=name, lesions=list(lesions), **(about | pictures | more))


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_lesions_by_hand():
    native = np.zeros(MASK.shape, np.uint8)
    native[1, 1], native[2, 2], native[2, 5], native[0, 4:] = 200, 100, 64, (10, 20)
    corner, single, other = find_lesions(MASK, native)
    # The pixels at (1, 1) and (2, 2) touch by a corner.
    assert (corner.label, corner.pixels, corner.box, corner.centroid) == (1, 2, (1, 1, 2, 2), (1.5, 1.5))
    assert corner.probability == round((150 + 0.5) / 256, 4)
    assert (single.label, single.pixels, single.box, single.centroid) == (1, 1, (5, 2, 1, 1), (5.0, 2.0))
    assert (other.label, other.pixels, other.box, other.probability) == (2, 2, (4, 0, 2, 1), 0.0605)
    assert np.array_equal(
        coco.decode({"size": [3, 6], "counts": corner.counts}), MASK * np.array([1] * 5 + [0]) % 2
    )
    assert find_lesions(MASK * 0, native) == []
    assert find_lesions(MASK, None)[0].probability is None


def test_uncertainty_by_hand():
    # Ten pixels of 1000 with probability 1, the rest 0: expected and found are the same.
    levels = np.zeros((20, 50), np.uint8)
    assert uncertainty(levels, 128, 1) == 0
    levels[0, :10] = 255
    assert uncertainty(levels, 128, 1) == 0
    # At 51/255 = 0.2 each: nothing is found of the 2 pixels expected, smoothed by 1: 1 − 1 / 3.
    levels[0, :10] = 51
    assert uncertainty(levels, 128, 1) == round(1 - 1 / 3, 4)
    # Found, they are: 1 − (4 + 1) / (10 + 2 + 1).
    assert uncertainty(levels, 40, 1) == round(1 - 5 / 13, 4)
    # Temperature ½ squares the odds, ¼ to 1/16: 10 / 17 pixels are expected.
    assert uncertainty(levels, 128, 0.5) == round(1 - 1 / (1 + 10 / 17), 4)
    assert uncertainty(levels, 128, float("nan")) == uncertainty(levels, 128, 1)


def test_masks_have_the_greys_of_their_classes():
    assert mask_greys(np.array([[0, 1]]), []).tolist() == [[0, 255]]
    assert mask_greys(np.array([[0, 1, 2, 3]]), ["a", "b", "c"]).tolist() == [[0, 85, 170, 255]]


def test_an_overlay_has_the_outline_at_its_place():
    greys, mask = np.full((256, 256), 50, np.uint8), np.zeros((256, 256), np.uint8)
    cv2.circle(mask, (100, 60), 20, 1, -1)
    drawn = pictures.draw_overlay(greys, mask, [], [])
    assert drawn.shape == (512, 512, 3)
    rows, columns = np.nonzero((drawn == pictures.PREDICTION).all(2))
    assert abs(rows.mean() - 120.5) < 1
    assert abs(columns.mean() - 200.5) < 1
    assert (rows.min(), rows.max()) == (80, 161)
    # Warnings are below the picture: no pixel of the slice is hidden.
    warned = pictures.draw_overlay(greys, mask, [], ["warning: contrast"])
    assert np.array_equal(warned[:512], drawn)
    assert warned.shape[0] > 512
    assert warned[512:].any()


def test_colours_are_those_of_the_other_pictures():
    def rgb(color):
        return "#{2:02X}{1:02X}{0:02X}".format(*color)

    assert rgb(pictures.PREDICTION) == figures.PREDICTION
    assert [rgb(color) for color in pictures.CLASS_COLORS] == figures.CLASS_COLORS


def test_tables(tmp_path):
    out = OutFolder(tmp_path)
    lesions = find_lesions(MASK, None)
    both = [record("s/1", lesions, spacing=(0.5, 2.5), warnings=["contrast"]), record("s/2")]
    out.write(Record(name="s", digest="0", failures=[], slices=both))
    out.write(Record(name="b", digest="0", failures=["b.png: is no image"], slices=[]))
    write_tables(out, ["glioma", "other"])
    rows = rows_of(tmp_path / "predictions.csv")
    assert [row["name"] for row in rows] == ["s/1", "s/2"]
    assert rows[0] == {
        **{"name": "s/1", "width": "6", "height": "3", "pixels": "5", "mm2": "6.25", "lesions": "3"},
        **{"largest_lesion": "2", "uncertainty": "0.5", "warnings": "contrast"},
    }
    assert (rows[1]["pixels"], rows[1]["mm2"], rows[1]["largest_lesion"]) == ("0", "", "0")
    found = rows_of(tmp_path / "lesions.csv")
    assert [(row["lesion"], row["class"], row["mm2"]) for row in found] == [
        ("1", "glioma", "2.5"),
        ("2", "glioma", "1.25"),
        ("3", "other", "2.5"),
    ]
    assert (tmp_path / "failures.csv").read_text() == "name,why\nb,b.png: is no image\n"


def test_a_name_cannot_be_a_formula(tmp_path):
    out = OutFolder(tmp_path)
    out.write(Record(name="=1+1", digest="0", failures=[], slices=[record("=1+1")]))
    write_tables(out, [])
    assert rows_of(tmp_path / "predictions.csv")[0]["name"] == "'=1+1"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("/home/ann b/x/scan.png: is no image; try again", "scan.png: is no image; try again"),
        ("cannot read '/data/scan.png'", "cannot read 'scan.png'"),
        (r"C:\Users\ann\scan.png: is no image", "scan.png: is no image"),
        ("ann/scan.png: either this and/or that", "scan.png: either this and/or that"),
    ],
)
def test_a_message_has_no_folders(message, shown):
    assert without_folders(message) == shown


def test_coco_splits_and_names(tmp_path):
    assert [split_of(name) for name in ("a", "test/a", "x/val/a", "x/test")] == [
        *("train", "test", "valid", "train")
    ]
    with pytest.raises(UserError, match=r"a/b and a--B would be one file of coco/"):
        check_flat_names(["a/b", "a--B"])
    write_coco(OutFolder(tmp_path), [])
    assert len(list(tmp_path.glob("coco/*/_annotations.coco.json"))) == 3


def test_a_record_that_is_broken_is_none(tmp_path):
    out = OutFolder(tmp_path)
    out.write(Record(name="a", digest="0", failures=[], slices=[]))
    assert out.read("a")
    out.record_path("a").write_text('{"name": "a"')
    assert out.read("a") is None
    assert list(out.records()) == []


def test_all_that_was_written_of_an_input_is_discarded(tmp_path):
    out = OutFolder(tmp_path)
    both = [Record(name=name, digest="0", failures=[], slices=[record(f"{name}/1")]) for name in ("s", "t")]
    for each in both:
        out.write(each)
        for path in (*out.of_slice(f"{each.name}/1"), *out.series(each.name).values()):
            pictures.write_bytes(path, b"a file")
    out.discard(both[0])
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert left == [
        *(".records/t.json", "coco/train/t--1.png", "levels/t/1.png", "masks/t/1.png", "overlays/t/1.png"),
        *("series/t.nii.gz", "series/t.seg.dcm"),
    ]
