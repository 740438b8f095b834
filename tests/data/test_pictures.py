"""Pictures of every kind as `prepare` takes them: what is scaled, dropped, turned or refused, and said."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps
from support.coco_builder import annotation, image, write_annotations
from support.jpegs import broken_scan, surplus_bytes
from support.preparing import prepare_folder

from tumorseg import SPLITS
from tumorseg.data.masks import render_masks
from tumorseg.data.read import Reading, channel_range, read_reading, read_slice
from tumorseg.data.slices import load_split
from tumorseg.errors import UserError

SIDE = 32
DEEP = np.arange(SIDE * SIDE, dtype=np.uint16).reshape(SIDE, SIDE) * 4 + 3  # 3 to 4095
COLOURS = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
GREYS = COLOURS[..., 0].copy()


def set_of(
    root: Path, pictures: dict[str, np.ndarray | Image.Image], shape: tuple[int, int] = (SIDE, SIDE)
) -> Path:
    """A raw folder whose train split has these pictures; valid and test have one of each kind too."""
    for split in SPLITS:
        entries = [image(id, name, shape[1], shape[0]) for id, name in enumerate(pictures)]
        write_annotations(root / "raw" / split, entries, [annotation(id, id) for id in range(len(entries))])
        for name, pixels in pictures.items():
            if not isinstance(pixels, Image.Image):
                pixels = Image.fromarray(pixels)
            pixels.save(root / "raw" / split / name)
    return root


def prepared(root: Path, **changes: object) -> np.ndarray:
    """The training slices after masks and arrays are made."""
    render_masks(root / "raw", root / "masks", ["0"])
    return np.array(load_split(prepare_folder(root, SIDE, **changes), "train").images)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_more_than_8_bits_are_scaled_by_the_range_of_all(tmp_path, capfd, suffix):
    dark = DEEP // 2  # of the same set, so it stays darker
    images = prepared(set_of(tmp_path, {f"a.{suffix}": DEEP, f"b.{suffix}": dark, "c.png": GREYS}))
    # The least of all values is 1, the greatest 4095.
    np.testing.assert_array_equal(images[0], ((DEEP - 1) * (255 / 4094)).round())
    np.testing.assert_array_equal(images[1], ((dark - 1) * (255 / 4094)).round())
    np.testing.assert_array_equal(images[2], GREYS)  # 8 bits stay as they are
    assert read_reading(tmp_path / "prepared") == Reading(greys=(1, 4095))
    said = "greys 1 to 4095 of 16 bits, in 6 of 9 pictures: scaled to 0 to 255 by that range"
    assert said in capfd.readouterr().out


def test_8_bits_in_16_stay_as_they_are(tmp_path):
    images = prepared(set_of(tmp_path, {"a.png": (GREYS // 2).astype(np.uint16)}))
    np.testing.assert_array_equal(images[0], GREYS // 2)


def test_floats_are_scaled_and_must_be_finite(tmp_path):
    root = set_of(tmp_path, {"a.tif": DEEP.astype(np.float32) / 4095})
    np.testing.assert_array_equal(prepared(root)[0], ((DEEP - 3.0) * (255 / 4092)).round())
    values = np.zeros((SIDE, SIDE), np.float32)
    values[3, 3] = np.inf
    Image.fromarray(values).save(root / "raw" / "valid" / "a.tif")
    with pytest.raises(UserError, match=r"valid/a\.tif: has values that are not finite; save it without"):
        prepared(root)


def test_colours_stay_where_slices_have_three_channels(tmp_path):
    root = set_of(tmp_path, {"a.png": COLOURS, "b.png": GREYS, "c.png": DEEP})
    images = prepared(root, channels=3)
    np.testing.assert_array_equal(images[0], COLOURS)
    for channel in range(3):
        np.testing.assert_array_equal(images[1, ..., channel], GREYS)
        np.testing.assert_array_equal(images[2, ..., channel], ((DEEP - 3) * (255 / 4092)).round())
    assert load_split(root / "prepared", "train").channels == 3
    luma = COLOURS @ [0.299, 0.587, 0.114]
    assert np.abs(prepared(root)[0] - luma).max() <= 1.01
    assert load_split(root / "prepared", "train").channels == 1


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_transparency_is_dropped_and_counted(tmp_path, capfd, suffix):
    layer = np.full((SIDE, SIDE), 100, np.uint8)
    picture = Image.fromarray(np.dstack([GREYS, GREYS, GREYS, layer]))
    root = set_of(tmp_path, {f"a.{suffix}": picture})
    if suffix == "webp":  # without loss
        for split in SPLITS:
            picture.save(root / "raw" / split / "a.webp", lossless=True, exact=True)
    np.testing.assert_array_equal(prepared(root)[0], GREYS)
    assert "pictures with an alpha channel, which is dropped: 3" in capfd.readouterr().out


def test_a_palette_one_bit_and_four_inks_are_looked_up(tmp_path):
    palette = Image.fromarray(GREYS % 2)
    palette.putpalette([10, 10, 10, 200, 200, 200])
    bits = Image.fromarray(GREYS > 127)
    inks = Image.fromarray(np.dstack([np.zeros((SIDE, SIDE, 3), np.uint8), 255 - GREYS]), "CMYK")
    images = prepared(set_of(tmp_path, {"a.png": palette, "b.png": bits, "c.tif": inks}))
    np.testing.assert_array_equal(images[0], np.array([10, 200])[GREYS % 2])
    np.testing.assert_array_equal(images[1], (GREYS > 127) * 255)
    assert np.abs(images[2].astype(int) - GREYS).max() <= 1


def oriented(pixels: np.ndarray, orientation: int, path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_pictures_where_the_outlines_are_of_them_as_shown(tmp_path, capfd, orientation):
    stored = GREYS[:24].copy()  # 24 rows, 32 columns
    path = tmp_path / "a.png"
    oriented(stored, orientation, path)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(path)))
    np.testing.assert_array_equal(read_slice(path), stored)
    np.testing.assert_array_equal(read_slice(path, Reading(exif="shown")), shown)
    for exif, expected in (("stored", stored), ("shown", shown)):
        root = set_of(tmp_path / exif, {"a.png": expected}, expected.shape)
        for split in SPLITS:
            oriented(stored, orientation, root / "raw" / split / "a.png")
        (root / "raw" / "source.json").write_text(json.dumps({"exif": exif}))
        images = prepared(root)
        size = (SIDE, SIDE)
        np.testing.assert_array_equal(images[0], cv2.resize(expected, size, interpolation=cv2.INTER_AREA))
        said = f"pictures with an EXIF orientation: 3; taken as {exif} (source.exif: "
        assert (said in capfd.readouterr().out) == (orientation > 1)


def test_a_turned_picture_of_another_size_names_the_param(tmp_path):
    root = set_of(tmp_path, {"a.jpg": GREYS[:24]}, (32, 24))  # annotated upright, 24 wide
    for split in SPLITS:
        oriented(GREYS[:24], 6, root / "raw" / split / "a.jpg")
    with pytest.raises(UserError, match=r"is 32×24 pixels, but .* say 24×32; EXIF.* source\.exif"):
        prepared(root)


def test_several_pages_are_refused_with_their_number(tmp_path):
    root = set_of(tmp_path, {"a.tif": GREYS})
    pages = [Image.fromarray(GREYS)] * 3
    pages[0].save(root / "raw" / "test" / "a.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(UserError, match=r"test/a\.tif: holds 3 pictures; save each as a file of its own"):
        prepared(root)


def with_jpegs(root: Path, change: Callable[[bytes], bytes], split: str) -> Path:
    set_of(root, {f"{number}.jpg": GREYS for number in range(5)})
    path = root / "raw" / split / "3.jpg"
    path.write_bytes(change(path.read_bytes()))
    return root


def test_pixels_that_libjpeg_only_warns_of_are_refused_with_the_files_name(tmp_path, capfd):
    root = with_jpegs(tmp_path, broken_scan, "valid")
    with pytest.raises(UserError, match=r"valid/3\.jpg: is damaged \(Corrupt JPEG data: premature end"):
        prepared(root)
    with pytest.raises(UserError, match=r"valid/3\.jpg: is damaged"):
        read_slice(root / "raw" / "valid" / "3.jpg")
    assert "JPEG" not in capfd.readouterr().err  # the library's own line reaches nobody alone
    assert not (root / "prepared").exists()


def test_a_harmless_remark_is_told_with_the_files_name(tmp_path, capfd):
    prepared(with_jpegs(tmp_path, surplus_bytes, "test"))
    out, error = capfd.readouterr()
    assert "remarks of decoders, no pixel being lost: 1, such as" in out
    assert re.search(r"test/3\.jpg: Corrupt JPEG data: \d+ extraneous bytes before marker 0xd9", out)
    assert "JPEG" not in error


def test_slices_are_padded_or_squeezed_and_it_is_said(tmp_path, capfd):
    wide = np.full((8, 32), 200, np.uint8)
    root = set_of(tmp_path, {"a.png": wide}, wide.shape)
    assert (prepared(root)[0] == 200).all()
    assert "slices that are not square, and are squeezed: 3 (`pad` in preprocess" in capfd.readouterr().out
    padded = prepared(root, steps=["pad"])[0]
    expected = np.zeros((SIDE, SIDE), np.uint8)
    expected[12:20] = 200  # 12 rows above and below
    np.testing.assert_array_equal(padded, expected)
    train = load_split(root / "prepared", "train")
    label = np.zeros((SIDE, SIDE), np.uint8)
    label[12 + 2 : 12 + 4, 1:5] = 1  # the box at (1, 2) of 4 × 2 pixels
    np.testing.assert_array_equal(train.masks[0], label)
    assert train.table.iloc[0][["height", "width", "tumor_pixels"]].tolist() == [32, 32, 8]
    assert "squeezed" not in capfd.readouterr().out


def test_arrays_do_not_depend_on_the_number_of_threads(tmp_path, monkeypatch):
    root = set_of(tmp_path, {f"{number}.png": np.roll(GREYS, number) for number in range(40)})
    contents = []
    for cores in (1, 4):
        monkeypatch.setattr("tumorseg.threads.usable_cores", lambda cores=cores: cores)
        prepared(root, steps=["crop", "normalise"])
        contents.append([path.read_bytes() for path in sorted((root / "prepared").rglob("*.*"))])
    assert contents[0] == contents[1]


def test_the_range_of_the_channels_of_each_pixel():
    pixels = np.array([[[3, 250, 7], [9, 9, 9]]], np.uint8)
    assert channel_range(pixels).tolist() == [[247, 0]]
    assert channel_range(pixels[..., :1]).tolist() == [[0, 0]]
    assert channel_range(pixels).dtype == np.uint8
