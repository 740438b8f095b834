import os

import cv2
import numpy as np
import pytest
from support.exported import SLICES, WITHOUT_TORCH, deliver_random, run_without

from tumorseg.delivery.onnx_export import export_onnx
from tumorseg.delivery.predictor import Predictor
from tumorseg.errors import UserError

PREDICT = """
import sys
from pathlib import Path
import numpy as np
from tumorseg.data.read import read_slice
from tumorseg.delivery.predictor import Predictor
folder, out, *pictures = map(Path, sys.argv[1:])
predictor = Predictor(folder, runtime="onnx")
np.save(out, np.stack([each.mask for each in predictor.predict(map(read_slice, pictures))]))
"""
FIRST = "import sys\nfrom tumorseg.delivery.predictor import Predictor\nfrom pathlib import Path\n"


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    folder = deliver_random(tmp_path_factory.mktemp("delivered") / "net", "unet", width=4, flip="horizontal")
    assert export_onnx(folder, SLICES) is None
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "about", [{}, {"steps": ("crop", "normalise", "clahe")}, {"platt": (1.0, 0.0)}], ids=str
)
def test_masks_without_torch_are_those_with_it(tmp_path, root, about):
    folder = deliver_random(tmp_path / "net", "simple_cnn", **about)
    assert export_onnx(folder, SLICES) is None
    pictures = [tmp_path / f"{number}.png" for number, _ in enumerate(SLICES)]
    for path, greys in zip(pictures, SLICES, strict=True):
        assert cv2.imwrite(str(path), greys)
    arguments = map(str, [folder, tmp_path / "masks.npy", *pictures])
    done = run_without(WITHOUT_TORCH, tmp_path, "-c", PREDICT, *arguments, paths=(root / "src",))
    assert done.stderr == ""
    masks = [prediction.mask for prediction in Predictor(folder, device="cpu").predict(SLICES)]
    np.testing.assert_array_equal(np.load(tmp_path / "masks.npy"), masks)


def test_predict_by_onnx_imports_four_libraries(tmp_path, root):
    script = f"{FIRST}import tumorseg.delivery.onnx_runtime\nprint(*sorted(sys.modules))"
    done = run_without((), tmp_path, "-c", script, paths=(root / "src",))
    packages = {name.split(".")[0] for name in done.stdout.split()}
    heavy = {"torch", "scipy", "pandas", "tqdm", "matplotlib", "PIL", "ruamel", "requests", "pycocotools"}
    assert packages >= {"tumorseg", "numpy", "cv2", "pydantic"}
    assert not packages & heavy


@pytest.mark.slow
def test_threads_do_not_change_levels(delivered):
    cores = os.sched_getaffinity(0)
    if len(cores) < 2:
        pytest.skip("one core alone")
    many = list(Predictor(delivered, runtime="onnx").predict(SLICES))
    os.sched_setaffinity(0, {min(cores)})
    try:
        one = list(Predictor(delivered, runtime="onnx").predict(SLICES))
    finally:
        os.sched_setaffinity(0, cores)
    for ours, theirs in zip(many, one, strict=True):
        np.testing.assert_array_equal(ours.levels, theirs.levels)


def failure(folder, **options):
    with pytest.raises(UserError) as caught:
        Predictor(folder, **options)
    return str(caught.value)


def test_what_cannot_be_run_is_said_in_a_line(tmp_path):
    folder = deliver_random(tmp_path / "net", "simple_cnn")
    path = folder / "model.onnx"
    assert failure(folder, runtime="onnx") == (
        f"{path}: not found; README.md beside it says why; use the runtime torch"
    )
    assert failure(folder, runtime="onnx", device="gpu") == (
        "--device: the runtime onnx has no gpu; choose auto or cpu"
    )
    for broken in (b"", b"no net", bytes(2000)):
        path.write_bytes(broken)
        message = failure(folder, runtime="onnx")
        assert message.startswith(f"{path}: onnxruntime cannot run it: ")
        assert message.endswith("; get the net again")
        assert "\n" not in message


@pytest.mark.parametrize(
    ("missing", "runtime", "line"),
    [
        ("onnxruntime", "onnx", 'onnxruntime: not installed; pip install ".[runtime]" brings it'),
        ("torch", "torch", "torch: not installed; the runtime onnx needs no torch"),
    ],
)
def test_a_runtime_that_is_not_installed_is_said_in_a_line(tmp_path, root, missing, runtime, line):
    folder = deliver_random(tmp_path / "net", "simple_cnn")
    script = f"{FIRST}Predictor(Path(sys.argv[1]), runtime=sys.argv[2])"
    done = run_without((missing,), tmp_path, "-c", script, str(folder), runtime, paths=(root / "src",))
    assert done.stderr.splitlines()[-1] == f"tumorseg.errors.UserError: {line}"
