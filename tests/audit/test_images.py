"""What files hold: orientation, channels, colour."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.audited import findings
from support.planted import Export

from tumorseg.audit import images
from tumorseg.audit.images import is_colourful, look_for_colour, read_header


def grey() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (64, 96), np.uint8)


def saved(path: Path, pixels: np.ndarray, **options) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.mark.parametrize(("tag", "said"), [(1, 1), (3, 3), (6, 6), (0, 1), (99, 1), (None, 1)])
def test_the_orientation_that_viewers_use(tmp_path, tag, said):
    exif = Image.Exif()
    if tag is not None:
        exif[0x0112] = tag
    assert read_header(saved(tmp_path / "a.jpg", grey(), exif=exif))["orientation"] == said


def test_broken_exif_turns_nothing(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / "a.jpg", grey(), exif=exif)
    order = path.read_bytes()[path.read_bytes().index(b"Exif") + 6 :][:2]
    path.write_bytes(path.read_bytes().replace(b"Exif\x00\x00" + order, b"Exif\x00\x00XX"))
    assert read_header(path)["orientation"] == 1


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_grey_in_three_channels_is_no_colour_and_a_tinted_tenth_is(tmp_path, suffix):
    pixels = np.repeat(grey()[..., None], 3, axis=2)
    assert not is_colourful(saved(tmp_path / f"grey.{suffix}", pixels))
    pixels[:, :16] = (200, 90, 60)
    assert is_colourful(saved(tmp_path / f"tinted.{suffix}", pixels))


def test_so_many_are_looked_at_and_only_those_with_channels(tmp_path, monkeypatch):
    red = np.zeros((8, 8, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    paths = [saved(tmp_path / f"{i}.png", red if i % 2 else red[..., 0]) for i in range(20)]
    monkeypatch.setattr(images, "LOOKED_AT", 4)
    with ThreadPoolExecutor(2) as readers:
        found = look_for_colour(paths, np.array([1, 3] * 10), readers)
    assert found == images.Colour(several=10, looked_at=4, colourful=4)


def test_turned_and_wide_and_coloured_pictures_are_findings(tmp_path):
    export = Export()
    raw = tmp_path / "raw"
    export.images["train"][2] |= {"file_name": "wide.png", "width": 128}
    export.pixels["train"][2] = np.tile(export.pixels["train"][2], 2)
    export.images["train"][3] |= {"file_name": "turned.png"}
    export.images["train"][4] |= {"file_name": "red.png"}
    export.pixels["train"][4] = np.stack(
        [export.pixels["train"][4]] * 2 + [255 - export.pixels["train"][4]], axis=2
    )
    write = export.write

    def with_exif(folder: Path) -> Path:
        write(folder)
        exif, data = Image.Exif(), (raw / "train" / "turned.png").read_bytes()
        exif[0x0112] = 3
        Image.open(io.BytesIO(data)).save(raw / "train" / "turned.png", exif=exif)
        return folder

    export.write = with_exif  # the defect is in a file's header, which the export does not describe
    found = findings(export, tmp_path)
    assert {"image_exif", "image_aspect", "image_colour"} <= set(found)
    assert [found[id].count for id in ("image_exif", "image_aspect", "image_colour")] == [1, 1, 1]
    assert "sides of up to 2.0 to 1" in found["image_aspect"].message
