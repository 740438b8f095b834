"""Pictures: greys bit for bit as training reads them, and what is lost is told."""

import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tumorseg.data.read import DEFAULT, Reading, read_slice
from tumorseg.delivery.inputs import find_sources
from tumorseg.delivery.inputs.pictures import codes_of
from tumorseg.delivery.inputs.source import InputSlice
from tumorseg.errors import UserError

RANDOM = np.random.default_rng(0)
GREYS = RANDOM.integers(0, 256, (31, 47)).astype(np.uint8)
COLOURS = RANDOM.integers(0, 256, (31, 47, 3)).astype(np.uint8)


def read(path: Path, window: str = "auto", reading: Reading = DEFAULT) -> InputSlice:
    (source,) = find_sources([str(path)], window, reading)
    return source.read(0)


def save(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "jpg", "webp", "pgm"])
def test_greys_are_those_of_training(tmp_path, suffix):
    path = save(tmp_path / f"a.{suffix}", Image.fromarray(GREYS))
    found = read(path)
    assert np.array_equal(found.greys, read_slice(path))
    assert found.warnings == ()
    assert found.spacing is None
    assert suffix in ("jpg", "webp") or np.array_equal(found.greys, GREYS)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_equal_channels_are_grey(tmp_path, suffix):
    path = save(tmp_path / f"a.{suffix}", Image.fromarray(np.dstack([GREYS] * 3)))
    found = read(path)
    assert np.array_equal(found.greys, read_slice(path))
    assert found.warnings == ()
    assert suffix == "jpg" or np.array_equal(found.greys, GREYS)


def test_colour_becomes_luma_and_is_told(tmp_path):
    found = read(save(tmp_path / "a.png", Image.fromarray(COLOURS)))
    assert found.warnings == ("colour",)
    assert np.abs(found.greys - COLOURS @ [0.299, 0.587, 0.114]).max() <= 1.01


def test_a_palette_is_looked_up(tmp_path):
    palette = Image.fromarray(GREYS % 4).convert("L")
    palette.putpalette([0, 0, 0, 80, 80, 80, 160, 160, 160, 255, 255, 255])
    found = read(save(tmp_path / "a.png", palette))
    assert np.array_equal(found.greys, np.array([0, 80, 160, 255])[GREYS % 4])
    assert found.warnings == ()


def test_one_bit_is_black_and_white(tmp_path):
    found = read(save(tmp_path / "a.png", Image.fromarray(GREYS > 127)))
    assert np.array_equal(found.greys, (GREYS > 127) * 255)


@pytest.mark.parametrize(("alpha", "codes"), [(255, ()), (None, ("alpha",))])
def test_alpha_is_dropped_and_told_where_it_said_something(tmp_path, alpha, codes):
    layer = np.full_like(GREYS, alpha) if alpha else GREYS
    found = read(save(tmp_path / "a.png", Image.fromarray(np.dstack([GREYS, GREYS, GREYS, layer]))))
    assert np.array_equal(found.greys, GREYS)
    assert found.warnings == codes


def test_an_exif_orientation_is_ignored_as_in_training(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90°
    path = save(tmp_path / "a.jpg", Image.fromarray(GREYS), exif=exif)
    assert read(path).greys.shape == (31, 47)
    assert np.array_equal(read(path).greys, read_slice(path))


@pytest.mark.parametrize("step", [1, 256, 257])
def test_8_bits_in_16_are_taken_back_exactly(tmp_path, step):
    path = save(tmp_path / "a.png", Image.fromarray(GREYS.astype(np.uint16) * step))
    found = read(path)
    assert np.array_equal(found.greys, GREYS)
    assert found.warnings == ("over-8-bits",)


def test_12_bits_in_16_go_by_the_percentiles_above_the_least(tmp_path):
    values = np.zeros((40, 40), np.uint16)
    values[:20] = np.arange(800, dtype=np.uint16).reshape(20, 40) * 5 + 3
    found = read(save(tmp_path / "a.png", Image.fromarray(values)))
    # Half is air and counts for nothing: of 3, 8, …, 3998 the percentiles are 22.975 and 3978.025.
    expected = ((values - 22.975) * 255 / (3978.025 - 22.975)).clip(0, 255)
    assert np.abs(found.greys - expected).max() <= 0.5001
    halved = read(save(tmp_path / "b.png", Image.fromarray(values // 2)))
    assert np.abs(found.greys.astype(int) - halved.greys).max() <= 1  # the scanner's scale does not matter


def test_the_range_of_the_training_slices_is_kept_and_what_lies_beyond_is_told(tmp_path):
    values = np.array([[0, 100, 1100, 2100, 3000]], np.uint16)
    path = save(tmp_path / "a.png", Image.fromarray(values))
    known = Reading(greys=(100, 2100))
    assert read(path, reading=known).greys.tolist() == [[0, 0, 128, 255, 255]]
    assert read(path, reading=known).warnings == ("over-8-bits", "clipped")
    assert read(path, "0:3000", known).greys.tolist() == [
        [0, 8, 94, 178, 255]
    ]  # a window that is given counts
    inside = save(tmp_path / "b.png", Image.fromarray(values.clip(100, 2100)))
    assert read(inside, reading=known).warnings == ("over-8-bits",)
    eight = save(tmp_path / "c.png", Image.fromarray(GREYS))
    assert np.array_equal(read(eight, reading=known).greys, GREYS)


def test_colour_is_told_where_it_is_wider_than_its_type():
    colours = np.zeros((4, 4, 3), np.int16)
    colours[..., 0], colours[..., 1] = -32768, 32767
    assert codes_of(colours, channels=1) == ["colour", "over-8-bits"]
    assert codes_of(colours, channels=3) == ["over-8-bits"]


def test_a_net_of_colours_is_given_them(tmp_path):
    found = read(save(tmp_path / "a.png", Image.fromarray(COLOURS)), reading=Reading(channels=3))
    assert np.array_equal(found.greys, COLOURS)
    assert found.warnings == ()


def test_lost_pixels_of_a_jpeg_are_an_error_of_its_own(tmp_path, capfd):
    path = save(tmp_path / "a.jpg", Image.fromarray(GREYS))
    data = path.read_bytes()
    start = data.rfind(b"\xff\xda")
    path.write_bytes(data[: start + (len(data) - start) // 2] + b"\xff\xd9")
    with pytest.raises(UserError, match=r"a\.jpg: is damaged \(Corrupt JPEG data: premature end"):
        read(path)
    assert capfd.readouterr().err == ""


def test_a_window_may_be_given(tmp_path):
    path = save(tmp_path / "a.png", Image.fromarray(np.array([[0, 1000, 2000, 3001]], np.uint16)))
    assert read(path, "1000:2000").greys.tolist() == [[0, 0, 255, 255]]
    with pytest.raises(UserError, match=r"a\.png: a picture names no window; use --window auto or LOW:HIGH"):
        read(path, "dicom")


def test_a_16_bit_picture_of_one_value_is_black(tmp_path):
    assert read(save(tmp_path / "a.png", Image.fromarray(np.full((9, 9), 777, np.uint16)))).greys.max() == 0


def test_16_bit_colour_is_both(tmp_path):
    values = np.dstack([np.arange(81, dtype=np.uint16).reshape(9, 9) * 777 % 65521] * 3)
    values[..., 2] //= 3
    cv2.imwrite(str(tmp_path / "a.png"), values)
    assert read(tmp_path / "a.png").warnings == ("colour", "over-8-bits")


def test_several_pages_are_refused(tmp_path):
    pages = [Image.fromarray(GREYS)] * 3
    path = save(tmp_path / "a.tif", pages[0], save_all=True, append_images=pages[1:])
    with pytest.raises(UserError, match=r"a\.tif: holds 3 pictures; save each as a file of its own"):
        read(path)


def test_an_absurd_size_is_refused_before_it_is_decoded(tmp_path):
    header = bytearray(save(tmp_path / "a.png", Image.fromarray(GREYS)).read_bytes())
    header[16:24] = (60_000).to_bytes(4, "big") * 2
    header[29:33] = zlib.crc32(header[12:29]).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(header)
    with pytest.raises(UserError, match="is too large, over 134,217,728 pixels"):
        read(tmp_path / "a.png")


def test_a_cut_png_is_refused(tmp_path):
    path = save(tmp_path / "a.png", Image.fromarray(GREYS))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match=r"a\.png: "):
        read(path)


def test_4096_pixels_a_side_and_a_single_row_are_read(tmp_path):
    for shape in ((4096, 4096), (1, 5)):
        assert read(save(tmp_path / "a.png", Image.fromarray(np.zeros(shape, np.uint8)))).greys.shape == shape
