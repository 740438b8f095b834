"""Slices that cannot be prepared: damaged, missing, or not what their annotations say."""

import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.coco_builder import write_export
from support.preparing import prepare_folder

from tumorseg.data.masks import render_masks
from tumorseg.errors import UserError


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A root with raw slices and masks, ready to prepare."""
    write_export(tmp_path / "raw")
    render_masks(tmp_path / "raw", tmp_path / "masks", ["0"])
    return tmp_path


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def cut_to_nothing(path: Path) -> None:
    path.write_bytes(b"")


def replace_by_text(path: Path) -> None:
    path.write_text("404: Not Found")


def claim_a_billion_pixels(path: Path) -> None:
    png = bytearray(cv2.imencode(".png", np.zeros((8, 12), np.uint8))[1].tobytes())
    png[16:24] = (60_000).to_bytes(4, "big") * 2  # width and height, which the header's checksum covers
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    path.write_bytes(png)


def delete(path: Path) -> None:
    path.unlink()


def enlarge(path: Path) -> None:
    path.write_bytes(cv2.imencode(".jpg", np.zeros((9, 12), np.uint8))[1].tobytes())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut_off, "the JPEG is cut off; replace it"),
        (cut_to_nothing, "is no image; replace it"),
        (replace_by_text, "is no image; replace it"),
        (claim_a_billion_pixels, "is too large, over 134,217,728 pixels; give a smaller one"),
        (delete, "cannot be read: No such file or directory; run dvc repro"),
        (enlarge, "is 12×9 pixels, but its annotations say 12×8; mend width and height"),
    ],
)
def test_a_bad_slice_is_one_clear_error_and_changes_nothing(sound, capfd, damage, message):
    out = sound / "prepared"
    out.mkdir()
    (out / "slices.csv").write_text("as it was")
    damage(sound / "raw" / "test" / "1.jpg")
    with pytest.raises(UserError) as caught:
        prepare_folder(sound, 32)
    assert f"{Path('raw/test/1.jpg')}: {message}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [path.name for path in out.iterdir()] == ["slices.csv"]
    assert (out / "slices.csv").read_text() == "as it was"
    assert capfd.readouterr().err == ""  # no library adds words of its own
    assert sorted(path.name for path in sound.iterdir()) == ["masks", "prepared", "raw"]


@pytest.mark.parametrize("damage", [delete, cut_off])
def test_masks_without_their_greys_are_named(sound, damage):
    damage(sound / "masks" / "greys.json")
    with pytest.raises(UserError, match=r"greys\.json: (not found|cut off, .*); run dvc repro"):
        prepare_folder(sound, 32)
    assert not (sound / "prepared").exists()


def test_a_jpeg_with_a_thumbnail_inside_is_not_taken_for_whole(sound):
    # The thumbnail brings an end of image of its own, before the slice's pixels begin.
    path = sound / "raw" / "test" / "1.jpg"
    jpeg = path.read_bytes()
    thumbnail = cv2.imencode(".jpg", np.zeros((2, 2), np.uint8))[1].tobytes()
    with_thumbnail = jpeg[:2] + b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail + jpeg[2:]
    path.write_bytes(with_thumbnail)
    prepare_folder(sound, 32)
    path.write_bytes(with_thumbnail[:-40])
    with pytest.raises(UserError, match="cut off"):
        prepare_folder(sound, 32)
