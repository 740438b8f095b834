"""model.onnx as the stage `deliver` writes it, against what `evaluate` has predicted."""

import numpy as np
import pytest
from support.delivering import delivered, raw_slices, slices_of

from tumorseg.delivery.deliver import comparison_slices
from tumorseg.delivery.digests import check_digests
from tumorseg.delivery.predictor import Predictor
from tumorseg.delivery.selftest import check_sample

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("per_slice", [False, True])
def test_a_delivered_net_has_its_onnx_file(tmp_path, capsys, per_slice):
    out = delivered(tmp_path, "simple_cnn", ["normalise"], flip="horizontal", per_slice=per_slice)
    assert "No model.onnx" not in capsys.readouterr().out + (out / "README.md").read_text()
    check_digests(out)
    assert check_sample(out, "onnx").startswith("onnx: the levels of the sample are the same")
    for split in ("valid", "test"):
        known = np.load(tmp_path / "predictions" / f"{split}.npy")
        slices = raw_slices(tmp_path, split)
        levels = [prediction.levels for prediction in Predictor(out, runtime="onnx").predict(slices)]
        off = np.abs(np.stack(levels).astype(int) - known)
        assert off.max() <= 1
        assert np.count_nonzero(off) <= 0.001 * off.size


def test_a_delivered_baseline_says_why_it_has_none(tmp_path, capsys):
    out = delivered(tmp_path, "location_prior", [])
    line = "No model.onnx: location_prior learns nothing, and only nets are exported."
    assert line in capsys.readouterr().out.splitlines()
    assert f"| `model.onnx` | not there: {line}" in (out / "README.md").read_text()
    assert not (out / "model.onnx").exists()
    check_digests(out)


def test_runtimes_are_compared_on_the_sample_and_all_over_valid(tmp_path, monkeypatch):
    slices_of(tmp_path, [])
    valid = raw_slices(tmp_path, "valid")
    compared = comparison_slices(tmp_path / "prepared", tmp_path / "raw")
    assert [image.shape for image in compared[:3]] == [(256, 256)] * 3
    np.testing.assert_array_equal(np.stack(compared[3:]), valid)  # fewer than the most there may be
    monkeypatch.setattr("tumorseg.delivery.deliver.COMPARED", 3)
    fewer = comparison_slices(tmp_path / "prepared", tmp_path / "raw")[3:]
    np.testing.assert_array_equal(np.stack(fewer), valid[:: -(-len(valid) // 3)])
