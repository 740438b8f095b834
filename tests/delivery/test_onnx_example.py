"""examples/predict_onnx.py, run where neither torch nor tumorseg is."""

import subprocess

import cv2
import numpy as np
import pytest
from support.exported import SLICES, WITHOUT_TORCH, deliver_random, run_without

from tumorseg.data.classes import from_grey
from tumorseg.delivery.onnx_export import export_onnx
from tumorseg.delivery.predictor import Predictor


def run(root, folder, delivered, greys) -> tuple[subprocess.CompletedProcess, np.ndarray | None]:
    (folder / "slice.png").write_bytes(cv2.imencode(".png", greys)[1].tobytes())
    script = str(root / "examples" / "predict_onnx.py")
    names = [str(path) for path in (delivered, folder / "slice.png", folder / "mask.png")]
    done = run_without((*WITHOUT_TORCH, "tumorseg", "pydantic"), folder, script, *names)
    return done, cv2.imread(str(folder / "mask.png"), cv2.IMREAD_UNCHANGED)


@pytest.mark.slow
@pytest.mark.parametrize(
    "about", [{}, {"classes": ("glioma", "other"), "flip": "horizontal"}, {"steps": ("normalise",)}], ids=str
)
def test_the_examples_mask_is_that_of_predict(tmp_path, root, about):
    delivered = deliver_random(tmp_path / "net", "simple_cnn", **about)
    assert export_onnx(delivered, SLICES) is None
    wide = np.ascontiguousarray(SLICES[0][:70])
    done, mask = run(root, tmp_path, delivered, wide)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (prediction,) = Predictor(delivered, runtime="onnx").predict([wide])
    np.testing.assert_array_equal(from_grey(mask, list(about.get("classes", ()))), prediction.mask)
    assert 0 < np.count_nonzero(mask) < mask.size


def test_what_the_example_does_not_do_it_says(tmp_path, root):
    delivered = deliver_random(tmp_path / "net", "simple_cnn", steps=("crop",))
    done, mask = run(root, tmp_path, delivered, SLICES[0])
    assert mask is None
    assert done.stderr == (f"{delivered}: this example has no ['crop'] or per_slice; use tumorseg predict\n")


def test_the_example_is_short(root):
    assert len((root / "examples" / "predict_onnx.py").read_text(encoding="utf-8").splitlines()) <= 40
