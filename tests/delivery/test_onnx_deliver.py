"""model.onnx as the stage `deliver` writes it, against what `evaluate` has predicted."""

import cv2
import numpy as np
import pytest
from support.training import recipe, run

from tumorseg import SPLITS
from tumorseg.data.slices import load_split
from tumorseg.delivery.deliver import comparison_slices, deliver_model
from tumorseg.delivery.digests import check_digests
from tumorseg.delivery.predictor import Predictor
from tumorseg.delivery.selftest import check_sample
from tumorseg.evaluation.evaluate import evaluate_model
from tumorseg.files import write_json
from tumorseg.params import Evaluate


def write_whole(prepared, folder):
    """The prepared slices as those that the pipeline began with, at the same size."""
    for split in SPLITS:
        arrays = load_split(prepared, split)
        for name in ("raw", "masks"):
            (folder / name / split).mkdir(parents=True)
        for image, mask, file in zip(arrays.images, arrays.masks, arrays.table["file"], strict=True):
            (folder / "raw" / split / file).write_bytes(cv2.imencode(".png", image)[1].tobytes())
            shown = cv2.imencode(".png", 255 * mask)[1].tobytes()
            (folder / "masks" / split / file).with_suffix(".png").write_bytes(shown)


def deliver(name, prepared, folder, per_slice=False):
    run(recipe(name), prepared, folder)
    predictions, details = folder / "predictions", folder / "details.json"
    evaluate_model(
        folder / "model",
        prepared,
        accelerator="cpu",
        rule=Evaluate(beta=1.0, flip="horizontal", neighbors=0, per_slice=per_slice),
        predictions=predictions,
        headlines=folder / "headlines.json",
        details=details,
        plots=folder / "plots",
    )
    write_whole(prepared, folder)
    write_json(folder / "statement.json", {"statement": ["It is worth something."]})
    deliver_model(
        folder / "model",
        prepared=prepared,
        raw=folder / "raw",
        masks=folder / "masks",
        predictions=predictions,
        details=details,
        stated=folder / "statement.json",
        preprocess=[],
        out=folder / "delivered",
    )
    return folder / "delivered"


@pytest.mark.slow
@pytest.mark.parametrize("per_slice", [False, True])
def test_a_delivered_net_has_its_onnx_file(prepared, tmp_path, capsys, per_slice):
    out = deliver("simple_cnn", prepared, tmp_path, per_slice)
    assert "No model.onnx" not in capsys.readouterr().out + (out / "README.md").read_text()
    check_digests(out)
    assert check_sample(out, "onnx").startswith("onnx: the levels of the sample are the same")
    for split in ("valid", "test"):
        known = np.load(tmp_path / "predictions" / f"{split}.npy")
        slices = load_split(prepared, split).images
        levels = [prediction.levels for prediction in Predictor(out, runtime="onnx").predict(slices)]
        off = np.abs(np.stack(levels).astype(int) - known)
        assert off.max() <= 1
        assert np.count_nonzero(off) <= 0.001 * off.size
        assert np.ptp(known) > 50  # it has learned something to compare


@pytest.mark.slow
def test_a_delivered_baseline_says_why_it_has_none(prepared, tmp_path, capsys):
    out = deliver("location_prior", prepared, tmp_path)
    line = "No model.onnx: location_prior learns nothing, and only nets are exported."
    assert line in capsys.readouterr().out.splitlines()
    assert line in (out / "README.md").read_text().splitlines()
    assert not (out / "model.onnx").exists()
    check_digests(out)


@pytest.mark.slow
def test_runtimes_are_compared_on_the_sample_and_all_over_valid(prepared, tmp_path, monkeypatch):
    write_whole(prepared, tmp_path)
    valid = load_split(prepared, "valid").images
    compared = comparison_slices(prepared, tmp_path / "raw")
    assert [image.shape for image in compared[:3]] == [(256, 256)] * 3
    np.testing.assert_array_equal(np.stack(compared[3:]), valid)  # fewer than the most there may be
    monkeypatch.setattr("tumorseg.delivery.deliver.COMPARED", 3)
    np.testing.assert_array_equal(np.stack(comparison_slices(prepared, tmp_path / "raw")[3:]), valid[::2])
