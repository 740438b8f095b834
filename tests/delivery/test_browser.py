"""The page of a net, used offline in a browser: its masks are those of `predict`."""

import base64
import io

import cv2
import numpy as np
import pytest
from PIL import Image
from support.browser import browser
from support.exported import SLICES, deliver_random
from typer.testing import CliRunner

from tumorseg.cli import app
from tumorseg.data.preprocess import preprocess
from tumorseg.data.read import resize_slice
from tumorseg.delivery import browser as viewer
from tumorseg.delivery.contract import read_contract, write_contract
from tumorseg.delivery.onnx_export import export_onnx
from tumorseg.delivery.predictor import Predictor
from tumorseg.errors import UserError

# Of (width, height) to the working size: no change, halves, thirds, no whole number, larger, one of each.
SIZES = [(64, 64), (128, 128), (192, 192), (150, 97), (251, 333), (40, 50), (50, 200)]


def shown(suffix: str, data: bytes) -> str:
    """A script that drops a file on the page."""
    letters = base64.b64encode(data).decode()
    return f"""
      const bytes = Uint8Array.from(atob("{letters}"), (letter) => letter.charCodeAt(0));
      await show(new File([bytes], "a.slice{suffix}"));
    """


def encoded(greys: np.ndarray, suffix: str = ".png") -> bytes:
    return cv2.imencode(suffix, greys)[1].tobytes()


def array(values: list[int], shape: tuple[int, int]) -> np.ndarray:
    return np.array(values, np.uint8).reshape(shape)


def off(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return np.abs(ours.astype(int) - theirs)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("delivered") / "net"
    deliver_random(folder, "unet", width=4, flip="horizontal", steps=("normalise",))
    assert export_onnx(folder, SLICES) is None
    return folder


@pytest.fixture(scope="module")
def page(delivered, tmp_path_factory):
    """The page of the net, open."""
    folder = tmp_path_factory.mktemp("page")
    done = CliRunner().invoke(app, ["view", str(delivered), "--page", str(folder / "net.html")])
    if viewer.URL in done.output:  # the runtime is not in the cache, and cannot be had
        pytest.skip(f"NOT TESTED: the page of a net: {done.output.strip()}")
    assert done.exit_code == 0, done.output
    with browser() as opened:
        opened.open(folder / "net.html")
        yield opened
        assert opened.errors == []


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_greys_and_masks_are_those_of_predict(page, delivered, size, suffix):
    data = encoded(cv2.resize(SLICES[1], size, interpolation=cv2.INTER_CUBIC), suffix)
    greys = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    found = page.run(
        shown(suffix, data) + "const { greys, levels } = shown, small = toWorkingSize(greys, contract.input);"
        "const mask = maskOf(shown, Number(byId('threshold').value));"
        "return [greys, small, levels, mask].map(({ data }) => [...data]);"
    )
    working = (64, 64)
    read, small, levels, mask = map(array, found, [greys.shape, working, working, greys.shape])
    np.testing.assert_array_equal(read, greys)
    stretched, _ = preprocess(greys, ["normalise"])
    assert off(small, resize_slice(stretched, 64)).max() <= 1
    (prediction,) = Predictor(delivered, runtime="onnx").predict([greys])
    assert off(levels, prediction.levels).max() <= 2  # greys may be one off
    wrong = np.count_nonzero((mask > 0) != (prediction.mask > 0))
    assert wrong <= 0.001 * mask.size
    assert 0 < np.count_nonzero(mask) < mask.size


@pytest.mark.slow
def test_colours_become_the_greys_of_opencv(page):
    colours = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    found = page.run(shown(".png", encoded(colours)) + "return [...shown.greys.data];")
    assert off(array(found, (64, 64)), cv2.cvtColor(colours, cv2.COLOR_BGR2GRAY)).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_picture_is_read_as_stored_whatever_its_orientation_says(page, kind):
    exif, data = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6  # to be turned by 90° for a viewer
    wide = np.ascontiguousarray(SLICES[0][:50])
    Image.fromarray(wide).save(data, kind, exif=exif)
    found = page.run(shown(".png", data.getvalue()) + "return [...shown.greys.data];")
    flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
    stored = cv2.imdecode(np.frombuffer(data.getvalue(), np.uint8), flags)
    np.testing.assert_array_equal(array(found, wide.shape), stored)


@pytest.mark.slow
def test_the_threshold_moves_the_mask_and_the_mask_is_saved(page):
    count = "const count = () => Number(byId('found').textContent.match(/: (\\d+) of/)?.[1] ?? 0);"
    move = "const at = (step) => { byId('threshold').value = step; draw(); return count(); };"
    counts = page.run(shown(".png", encoded(SLICES[0])) + count + move + "return [1, 128, 255].map(at);")
    assert counts[0] == SLICES[0].size
    assert sorted(counts, reverse=True) == counts
    assert counts[2] < counts[0]
    saved = page.run(
        "const seen = new Promise((done) => { HTMLAnchorElement.prototype.click = function () {"
        " done(this.download); }; });"
        "save(); return await seen;"
    )
    assert saved == "a.slice_mask.png"


@pytest.mark.slow
def test_what_is_no_picture_is_said(page):
    said = page.run(shown(".txt", b"no picture") + "return byId('status').textContent;")
    assert said == "a.slice.txt: no picture that this browser reads; give a PNG or a JPEG."


@pytest.mark.slow
def test_the_page_may_connect_to_nothing(page):
    blocked = page.run("try { await fetch('http://127.0.0.1:9/'); } catch (error) { return error.name; }")
    assert blocked == "TypeError"
    assert any("Content Security Policy" in error for error in page.errors)
    page.errors.clear()  # that one was provoked


def test_nets_that_the_page_cannot_run_are_refused(tmp_path):
    folder = deliver_random(tmp_path / "net", "simple_cnn", steps=("crop", "normalise"))
    with pytest.raises(UserError, match=r"model\.onnx: not found; README\.md beside it says why"):
        viewer.browser_page(folder)
    (folder / "model.onnx").write_bytes(b"a net")
    with pytest.raises(UserError, match=r"the page cannot do crop; use tumorseg predict$"):
        viewer.browser_page(folder)
    contract = read_contract(folder)
    own = contract.decision.model_copy(update={"per_slice": True, "platt": (1.0, 0.0)})
    write_contract(folder, contract.model_copy(update={"decision": own}))
    with pytest.raises(UserError, match=r"the page cannot do crop, per_slice; use tumorseg predict$"):
        viewer.browser_page(folder)
