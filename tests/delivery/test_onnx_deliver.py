"""model.onnx as the stage `deliver` writes it, against what `evaluate` has predicted."""

import numpy as np
import pytest
from support.delivering import deliver, delivered, raw_slices, slices_of, trained

from tumorseg.delivery.contract import read_contract
from tumorseg.delivery.deliver import comparison_slices
from tumorseg.delivery.digests import check_digests
from tumorseg.delivery.predictor import Predictor
from tumorseg.delivery.selftest import check_sample
from tumorseg.models.pretrained import PACKAGES
from tumorseg.params import Model, load_params

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


def test_a_net_that_began_with_weights_of_a_package_is_delivered_and_says_so(tmp_path, capsys):
    encoder = "tu-tf_efficientnet_lite0"
    about = {"loss": "bce_dice", "decoder": "FPN", "encoder": encoder, "weights": "package"}
    # Of 17 slices the last batch has 5: of a single one, batch norm has one value at the encoder's end.
    train = load_params().train.model_copy(update={"batch_size": 6})
    slices_of(tmp_path, ["normalise"])
    trained(tmp_path, "lite", {"model": Model(architecture="smp", **about), "train": train})
    out = deliver(tmp_path, ["normalise"])
    assert "No model.onnx" not in capsys.readouterr().out
    check_digests(out)
    assert check_sample(out, "torch").endswith("bit for bit")
    assert check_sample(out, "onnx").startswith("onnx: the levels of the sample are the same")
    contract, source = read_contract(out), PACKAGES[encoder]
    assert contract.model.pretrained == source
    assert contract.model.options["weights"] == "package"
    assert contract.licence_of_weights == "Apache-2.0"
    card = (out / "README.md").read_text()
    assert "\nlicense: apache-2.0\n" in card
    assert f"`{source.package}`, SHA-256 `{source.sha256}`, licence Apache-2.0." in card


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
