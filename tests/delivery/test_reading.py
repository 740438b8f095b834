"""Pictures in colour, deep, turned by EXIF or far from square: a net reads them as it was trained.

Each set is prepared, trained on, evaluated and delivered by the stages' own functions, and predicted anew.
"""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from support.delivering import deliver, raw_slices, slices_of, trained

from tumorseg.data.coco import ANNOTATIONS
from tumorseg.data.read import Reading, read_slice
from tumorseg.data.slices import load_split
from tumorseg.delivery.contract import read_contract
from tumorseg.delivery.predict import Options, predict
from tumorseg.delivery.predictor import Predictor
from tumorseg.delivery.selftest import check_sample

pytestmark = pytest.mark.slow


def every_picture(raw: Path, change: Callable[[np.ndarray], bytes]) -> None:
    """Replace the pixels of all pictures; readers go by the content, not by the suffix."""
    for path in raw.glob("*/*.jpg"):
        path.write_bytes(change(read_slice(path)))


def coloured(raw: Path) -> None:
    """The tumour is where red is, and only there."""

    def change(greys: np.ndarray) -> bytes:
        return cv2.imencode(".png", np.dstack([greys // 2, greys // 3, greys]))[1].tobytes()  # BGR

    every_picture(raw, change)


def deep(raw: Path) -> None:
    every_picture(raw, lambda greys: cv2.imencode(".png", greys.astype(np.uint16) * 13 + 5)[1].tobytes())


def wide(raw: Path) -> None:
    """12 rows of every slice are cut off above, and 12 below."""
    every_picture(raw, lambda greys: cv2.imencode(".png", greys[12:-12])[1].tobytes())
    for path in raw.glob(f"*/{ANNOTATIONS}"):
        export = json.loads(path.read_text())
        for image in export["images"]:
            image["height"] -= 24
        for annotation in export["annotations"]:
            annotation["bbox"][1] -= 12
            annotation.pop("segmentation", None)  # the box stands for it
        path.write_text(json.dumps(export))


def upside_down(raw: Path) -> None:
    """Stored upside down, with the note that turns them upright; outlines are of them upright."""
    exif = Image.Exif()
    exif[0x0112] = 3
    for path in raw.glob("*/*.jpg"):
        Image.fromarray(read_slice(path)[::-1, ::-1]).save(path, "PNG", exif=exif)
    (raw / "source.json").write_text('{"exif": "shown"}')


CASES = {
    "colour": (coloured, 3, ["normalise"], Reading(channels=3)),
    "deep": (deep, 1, [], Reading(greys=(5.0, 255 * 13 + 5.0))),
    "wide": (wide, 1, ["pad", "normalise"], Reading()),
    "exif": (upside_down, 1, [], Reading(exif="shown")),
}


@pytest.mark.parametrize("case", CASES)
def test_a_set_is_predicted_as_it_was_evaluated(tmp_path, case):
    change, channels, steps, reading = CASES[case]
    slices_of(tmp_path, steps, channels=channels, change=change)
    trained(tmp_path, "simple_cnn")
    net = deliver(tmp_path, steps)
    contract = read_contract(net)
    assert contract.input.reading == reading
    assert contract.model.channels == channels
    assert contract.model.parameters == 27_169 + (channels - 1) * 9 * 32
    assert check_sample(net, "onnx").startswith("onnx: the levels of the sample are the same")
    files = [
        tmp_path / "raw" / "test" / name for name in load_split(tmp_path / "prepared", "test").table["file"]
    ]
    counts = predict(list(map(str, files)), tmp_path / "out", Options(model=str(net), probabilities=True))
    assert (counts.slices, counts.failures) == (len(files), [])
    slices = raw_slices(tmp_path, "test")
    predictions = list(Predictor(net, device="cpu").predict(slices))
    known = np.load(tmp_path / "predictions" / "test.npy")
    for path, whole, prediction, levels in zip(files, slices, predictions, known, strict=True):
        np.testing.assert_array_equal(prediction.levels, levels)
        mask = read_slice(tmp_path / "out" / "masks" / f"{path.stem}.png")
        np.testing.assert_array_equal(mask > 0, prediction.mask > 0)
        assert mask.shape == whole.shape[:2]
    assert not {"colour", "aspect", "clipped"} & set(counts.warnings)


def test_a_net_of_colours_takes_grey_pictures_and_one_of_greys_takes_colours(tmp_path):
    slices_of(tmp_path, [], channels=3, change=coloured)
    trained(tmp_path, "simple_cnn")
    predictor = Predictor(deliver(tmp_path, []), device="cpu")
    greys = raw_slices(tmp_path, "test")[0][..., 0]
    one, other = predictor.predict([greys, np.dstack([greys] * 3)])
    np.testing.assert_array_equal(one.levels, other.levels)
    assert one.native.shape == greys.shape
