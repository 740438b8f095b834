"""Pictures that EXIF turns when they are shown, with outlines of them as shown."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.sets import COUNT, HEIGHT, WIDTH, coco, outline, put

from tumorseg.data.pictures import outlines_in
from tumorseg.data.read import Reading, read_slice
from tumorseg.errors import UserError
from tumorseg.params import ArchiveSource
from tumorseg.sources import fetch

TURN_RIGHT = 6  # what a viewer must do


@pytest.fixture
def turned(tmp_path: Path) -> Path:
    """Pictures stored on their side, each white where its outline is once it is shown."""
    root, names = tmp_path / "set", {number: f"{number}.png" for number in range(COUNT)}
    for number, name in names.items():
        shown = np.zeros((HEIGHT, WIDTH), np.uint8)
        left, top, _, _, right, bottom, *_ = map(int, outline(number))
        shown[top:bottom, left:right] = 255
        exif = Image.Exif()
        exif[0x0112] = TURN_RIGHT
        root.mkdir(exist_ok=True)
        Image.fromarray(np.rot90(shown)).save(root / name, exif=exif)
    put(root / "annotations.json", coco(names))
    return root


def test_outlines_of_pictures_as_shown_are_refused_with_the_param_that_reads_them(turned, tmp_path):
    with pytest.raises(UserError, match=r"images\[0\]: .* as if it were turned: .*set source\.exif: shown"):
        fetch(ArchiveSource(kind="archive", path=str(turned)), tmp_path / "raw")
    fetch(ArchiveSource(kind="archive", path=str(turned), exif="shown"), tmp_path / "raw")
    assert outlines_in(tmp_path / "raw") == "shown"
    picture = read_slice(tmp_path / "raw" / "train" / "0.png", Reading(exif="shown"))
    assert picture.shape == (HEIGHT, WIDTH)
    assert (picture[5:9, 3:9] == 255).all()
    assert np.count_nonzero(picture) == 24
