"""check, info and score: a delivered net and its results from outside."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.coco_builder import annotation, image, write_annotations
from support.delivered import write_pictures
from support.results import ROOT

from tumorseg.delivery.check import check_net
from tumorseg.delivery.info import describe
from tumorseg.delivery.outputs.measure import find_lesions
from tumorseg.delivery.outputs.records import OutFolder, Record, SliceRecord
from tumorseg.delivery.predict import Options, predict
from tumorseg.delivery.score import score_masks, score_slice
from tumorseg.errors import UserError


def write_results(folder: Path, masks: dict[str, np.ndarray]) -> Path:
    """Results of predict with these masks, 0 or 1."""
    out = OutFolder(folder)
    out.begin({"net": {"classes": []}, "options": {"formats": ["png"]}}, overwrite=False)
    write_pictures(folder / "masks", {name: 255 * mask for name, mask in masks.items()})
    for name, mask in masks.items():
        each = SliceRecord(
            name=name,
            width=mask.shape[1],
            height=mask.shape[0],
            spacing=None,
            lesions=find_lesions(mask, None),
            uncertainty=0,
            warnings=[],
            picture=None,
            levels=None,
            thumbnail=None,
        )
        out.write(Record(name=name, digest="0", failures=[], slices=[each]))
    return folder


@pytest.fixture
def results(tmp_path) -> Path:
    """Slices of 12×8: one of the box's two columns on the left, and one of nothing."""
    half = np.zeros((8, 12), np.uint8)
    half[2:4, 1:3] = 1
    return write_results(tmp_path / "out", {"0": half, "x/1": np.zeros_like(half)})


def test_scores_by_hand_of_coco(results, tmp_path):
    # Boxes of 4 × 2 pixels at (1, 2): TP 4, FN 4 in the first, FN 8 in the second.
    truth = write_annotations(tmp_path / "truth", [image(0), image(1)], [annotation(0, 0), annotation(1, 1)])
    result = score_masks(results, truth, None)
    assert result["slices"] == 2
    assert result["pooled"]["dice"] == 2 * 4 / (2 * 4 + 12)
    assert result["mean"]["dice"] == pytest.approx((8 / 12 + 0) / 2)
    assert result["lesions"] == {
        **{"annotated": 2, "found": 1, "recall": 0.5, "false_positives_per_image": 0.0}
    }
    assert json.loads((results / "scores.json").read_text())["pooled"]["tp"] == 4
    assert (results / "scores.csv").read_text().startswith("name,tp,fp,fn,tn,precision")
    with pytest.raises(UserError, match="no glioma; there are"):
        score_masks(results, truth, ["glioma"])
    # Of a category that nothing is annotated with, there is nothing to find.
    assert score_masks(results, truth, ["1"])["pooled"]["fp"] == 4


def test_scores_of_a_folder_of_masks(results, tmp_path):
    mask = np.zeros((8, 12), np.uint8)
    mask[2:4, 1:5] = 255
    truth = write_pictures(tmp_path / "truth", {"0": mask})
    result = score_masks(results, truth, None)
    assert (result["slices"], result["without_truth"]) == (1, ["x/1"])
    assert result["pooled"]["recall"] == 0.5
    write_pictures(truth, {"0": mask.T})
    with pytest.raises(UserError, match=r"is 12×8 pixels, its annotated mask in .* 8×12"):
        score_masks(results, truth, None)
    with pytest.raises(UserError, match=r"has no mask of any predicted slice, such as 0"):
        score_masks(results, write_pictures(tmp_path / "others", {"7": mask}), None)
    with pytest.raises(UserError, match="not made by tumorseg predict"):
        score_masks(truth, truth, None)


def test_scores_are_those_of_evaluate():
    import pandas as pd

    from tumorseg.data.slices import SplitArrays
    from tumorseg.evaluation.tables import ABOUT, slice_table
    from tumorseg.metrics import count_pixels

    rng = np.random.default_rng(0)
    masks = (cv2.GaussianBlur(rng.random((32, 32)), (0, 0), 3) > 0.5).astype(np.uint8)[None]
    predicted = (cv2.GaussianBlur(rng.random((32, 32)), (0, 0), 3) > 0.5).astype(np.uint8)[None]
    quantised = predicted * np.uint8(255)
    arrays = SplitArrays(masks, masks, pd.DataFrame([dict.fromkeys(ABOUT, 0)]))
    expected = slice_table(arrays, quantised, count_pixels(quantised, masks), 128).iloc[0]
    for name, value in score_slice(masks[0], predicted[0]).items():
        assert expected[name] == value, name


def test_a_prediction_scored_against_its_own_coco_is_perfect(net, slices, tmp_path):
    predict([str(slices)], tmp_path / "out", Options(model=str(net)))
    assert score_masks(tmp_path / "out", tmp_path / "out/coco", None)["pooled"]["dice"] == 1
    # Names with folders are found in the export that they come from.
    assert score_masks(tmp_path / "out", slices, None)["slices"] == 12


def test_check_finds_what_has_changed(net, tmp_path):
    assert list(check_net(net)) == [
        "digests: 6 files, none changed",
        "contract: small, schema 2",
        "torch: the levels of the sample are the same, bit for bit",
        "onnx: not checked, since there is no model.onnx",
    ]
    copy = shutil.copytree(net, tmp_path / "net")
    weights = copy / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    with pytest.raises(UserError, match=r"weights.safetensors: changed since it was delivered"):
        list(check_net(copy))


def test_info_is_a_screen_without_heavy_imports(net):
    lines = describe(net).splitlines()
    assert len(lines) <= 24
    text = "\n".join(lines)
    for fact in ("small: simple_cnn, 27,169 parameters", "Dice 0.800 (95 % interval 0.700 to 0.900)", "MIT"):
        assert fact in text
    code = (
        "import sys; from pathlib import Path; from tumorseg.delivery.info import describe\n"
        "describe(Path(sys.argv[1])); print([name for name in ('torch', 'scipy') if name in sys.modules])"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    seen = subprocess.check_output([sys.executable, "-c", code, str(net)], env=environment, text=True)
    assert seen == "[]\n"


def test_info_and_help_wait_for_no_heavy_package(net):
    heavy = {"torch", "scipy", "pandas", "sklearn", "matplotlib", "lightning", "onnxruntime", "dvc"}
    for arguments in (["info", str(net)], ["--help"]):
        code = (
            "import sys\n"
            f"sys.argv = ['tumorseg', *{arguments!r}]\n"
            "from tumorseg.cli import main\n"
            "try:\n    main()\nexcept SystemExit:\n    pass\n"
            f"print('heavy:', sorted(set(sys.modules) & {heavy!r}))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout.splitlines()[-1] == "heavy: []", done.stdout + done.stderr
