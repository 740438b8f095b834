import logging

import numpy as np
import onnx
import pytest
from support.exported import SIDE, SLICES, deliver_random

from tumorseg.delivery.contract import read_contract, write_contract
from tumorseg.delivery.onnx_export import compare_runtimes, export_onnx
from tumorseg.delivery.predictor import Predictor
from tumorseg.models.registry import architectures, describe

# By architecture: nets of it that are exported. A new file of `nets` needs an entry.
NETS = {
    "simple_cnn": [{}, {"classes": ("glioma", "other"), "flip": "vertical"}],
    "deep_cnn": [{"flip": "horizontal"}],
    "resnet": [{"norm": False}],
    "renet": [{}, {"cell": "rnn"}],
    "unet": [
        {"width": 4, "deep_supervision": True},
        {"width": 4, "stem": 2, "members": 2, "flip": "horizontal"},
    ],
    "smp": [{"encoder": "mobilenet_v2"}, {"decoder": "Segformer", "encoder": "mit_b0"}],
    "monai": [{"width": 4}, {"net": "attention_unet", "width": 4, "classes": ("glioma", "other")}],
}
TABLE = [(name, about) for name, listed in NETS.items() for about in listed]


def test_every_architecture_is_in_the_table():
    assert set(NETS) == {name for name in architectures() if describe(name).learns}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "about"), TABLE, ids=[f"{name}-{about}" for name, about in TABLE])
def test_masks_by_onnxruntime_are_those_by_torch(tmp_path, name, about):
    folder = deliver_random(tmp_path / "net", name, **about)
    assert export_onnx(folder, SLICES) is None
    by_torch, by_onnx = (
        list(Predictor(folder, runtime=runtime, device="cpu").predict(SLICES))
        for runtime in ("torch", "onnx")
    )
    assert len({prediction.levels.tobytes() for prediction in by_onnx}) == len(SLICES)  # not all the same
    for ours, theirs in zip(by_torch, by_onnx, strict=True):
        np.testing.assert_array_equal(theirs.mask, ours.mask)
        assert np.abs(theirs.levels.astype(int) - ours.levels).max() <= 1
        assert 0 < np.count_nonzero(theirs.mask) < theirs.mask.size


@pytest.mark.parametrize("name", ["location_prior", "nearest_slice"])
def test_what_learns_nothing_is_not_exported(tmp_path, name):
    folder = deliver_random(tmp_path / "net", name)
    why = export_onnx(folder, SLICES)
    assert why == f"No model.onnx: {name} learns nothing, and only nets are exported."
    assert not (folder / "model.onnx").exists()


@pytest.mark.slow
def test_the_same_net_gives_the_same_bytes_in_any_folder_and_no_path(tmp_path, root):
    first, second = (tmp_path / name / "net" for name in ("a", "elsewhere"))
    for folder in (first, second):
        assert export_onnx(deliver_random(folder, "unet", width=4), SLICES) is None
    written = (first / "model.onnx").read_bytes()
    assert written == (second / "model.onnx").read_bytes()
    for trace in (str(tmp_path), str(root), ".py", "site-packages", "File "):
        assert trace.encode() not in written, trace


@pytest.mark.slow
def test_the_file_takes_any_number_of_slices_and_is_a_sound_model(tmp_path):
    folder = deliver_random(tmp_path / "net", "simple_cnn")
    assert export_onnx(folder, SLICES) is None
    model = onnx.load(folder / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [entry.version for entry in model.opset_import if not entry.domain] == [20]
    (greys,), (probabilities,) = model.graph.input, model.graph.output
    shapes = [
        [d.dim_param or d.dim_value for d in p.type.tensor_type.shape.dim] for p in (greys, probabilities)
    ]
    assert (greys.name, probabilities.name) == ("greys", "probabilities")
    assert shapes == [["batch", SIDE, SIDE], ["batch", 1, SIDE, SIDE]]


@pytest.mark.slow
def test_an_export_prints_nothing_and_leaves_logging_as_it_was(tmp_path, capfd):
    folder = deliver_random(tmp_path / "net", "renet")  # the exporter warns of its weights
    before = logging.root.manager.disable
    assert export_onnx(folder, SLICES) is None
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == before


@pytest.mark.slow
def test_another_net_in_the_file_is_found_out(tmp_path):
    folder = deliver_random(tmp_path / "net", "simple_cnn")
    assert export_onnx(folder, SLICES) is None
    assert compare_runtimes(folder, SLICES) is None
    # The mirror image is asked too by torch alone: as if the exporter had left it out.
    contract = read_contract(folder)
    flipped = contract.decision.model_copy(update={"flip": "horizontal"})
    write_contract(folder, contract.model_copy(update={"decision": flipped}))
    assert compare_runtimes(folder, SLICES) == "by onnxruntime 3 of 3 masks differ from those by torch"


@pytest.mark.slow
def test_a_net_that_cannot_be_exported_is_said_in_a_line(tmp_path):
    # This encoder takes slices of 224 pixels a side alone.
    folder = deliver_random(tmp_path / "net", "smp", cut=False, encoder="tu-swin_tiny_patch4_window7_224")
    why = export_onnx(folder, SLICES)
    assert why.startswith("No model.onnx: torch cannot export this net (")
    assert "\n" not in why
    assert not (folder / "model.onnx").exists()
