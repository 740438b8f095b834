import os
import subprocess
import sys
from pathlib import Path

import pytest
import segmentation_models_pytorch as smp
import torch
from safetensors.torch import save_file

from tumorseg.errors import UserError
from tumorseg.models.artifact import ModelInfo, load_model, save_model
from tumorseg.models.registry import build_model

INFO = {"parameters": 1, "image_size": 64, "mean": 0.3, "std": 0.2, "best_epoch": 1, "epochs": 2}
MONAI = ["attention_unet", "dynunet", "mednext", "segresnet"]
SLICES = torch.randn(2, 1, 64, 96, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def deterministic():
    """As Lightning trains: an operation that is not reproducible is an error."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def one_step(name, outputs=1, **options):
    """The logits of a net in training, and its state after one step from the same seed."""
    torch.manual_seed(0)
    net = build_model(name, outputs, **options).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), 0.001)
    logits = net(SLICES.contiguous(memory_format=torch.channels_last))
    logits.square().mean().backward()
    optimizer.step()
    return logits, net.state_dict()


@pytest.mark.parametrize(
    ("decoder", "encoder"),
    [
        ("Unet", "mobilenet_v2"),
        ("FPN", "tu-resnet10t"),
        ("DeepLabV3Plus", "mobilenet_v2"),
        ("PSPNet", "resnet18"),
        ("Segformer", "mit_b0"),
        ("DPT", "tu-vit_tiny_patch16_224"),
    ],
)
def test_decoders_and_encoders_take_a_step(deterministic, decoder, encoder):
    logits, _ = one_step("smp", 3, decoder=decoder, encoder=encoder)
    assert logits.shape == (2, 3, 64, 96)


@pytest.mark.parametrize(
    ("name", "options"), [("smp", {"encoder": "mobilenet_v2"}), *(("monai", {"net": net}) for net in MONAI)]
)
def test_a_step_is_the_same_each_time(deterministic, name, options):
    logits, first = one_step(name, 3, **options)
    assert logits.shape == (2, 3, 64, 96)
    again = one_step(name, 3, **options)[1]
    assert all(torch.equal(value, again[key]) for key, value in first.items())


def test_parameters_of_unet_with_resnet34():
    # 24,436,369 as published, for three channels: the first layer is 64 filters of 7×7.
    net = build_model("smp", decoder="Unet", encoder="resnet34")
    assert sum(p.numel() for p in net.parameters()) == 24_436_369 - 2 * 64 * 7 * 7


@pytest.mark.parametrize("net", MONAI)
def test_any_width(net):
    logits = build_model("monai", 1, net=net, width=5)(SLICES[..., :32, :32])
    assert logits.shape == (2, 1, 32, 32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoder": "resnet43"}, "encoder: 'resnet43' is none; there is .*resnet34"),
        ({"encoder": "tu-convnext_tinny"}, "encoder: 'tu-convnext_tinny' is none; .*tu-convnext_tiny"),
        ({"encoder": "qqqqqqqqqq"}, "encoder: 'qqqqqqqqqq' is none; there is resnet34"),
        ({"encoder": "resnet34", "weights": "imagenet21k"}, "weights: resnet34 has no .*; it has imagenet"),
        (
            {"encoder": "tu-resnet10t", "weights": "ssl"},
            "weights: tu-resnet10t has no 'ssl'; it has imagenet",
        ),
        (
            {"encoder": "tu-cspresnet50d", "weights": "imagenet"},
            "tu-cspresnet50d has no 'imagenet'; it has null",
        ),
        ({"decoder": "DPT"}, "DPT does not go with resnet34: .*'tu-'"),
        ({"decoder": "UnetPlusPlus", "encoder": "mit_b0"}, "UnetPlusPlus does not go with mit_b0"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_line(options, message):
    with pytest.raises(UserError, match=f"^params.yaml: models: architecture smp: .*{message}") as caught:
        build_model("smp", **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "slices", "message"),
    [
        ({"encoder": "tu-swin_tiny_patch4_window7_224"}, SLICES, r"2 slices of 64×96: .*\(224\)"),
        # It has a batch norm over the whole image: of an epoch's last batch, that may be of one value.
        (
            {"decoder": "DeepLabV3Plus", "encoder": "resnet18"},
            SLICES[:1],
            "1 slices of 64×96: .*more than 1 value",
        ),
    ],
)
def test_what_a_net_cannot_take_is_said_in_one_line(options, slices, message):
    with pytest.raises(UserError, match=message) as caught:
        build_model("smp", **options)(slices)
    assert "\n" not in str(caught.value)


@pytest.fixture
def no_hub(monkeypatch, tmp_path):
    """The hub's client in its own offline mode, with an empty cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def test_pretrained_weights_come_from_the_hubs_cache(no_hub):
    """As that cache would be after a download, with an encoder of ours in place of ImageNet's."""
    from huggingface_hub import constants

    hub = smp.encoders.encoders["resnet18"]["pretrained_settings"]["imagenet"]
    folder = Path(constants.HF_HUB_CACHE) / f"models--{hub['repo_id'].replace('/', '--')}"
    snapshot = folder / "snapshots" / hub["revision"]
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}", encoding="utf-8")
    pretrained = smp.encoders.get_encoder("resnet18", in_channels=3, weights=None).state_dict()
    save_file(pretrained, snapshot / "model.safetensors")
    loaded = build_model("smp", encoder="resnet18", weights="imagenet").net.encoder.state_dict()
    assert loaded.keys() == pretrained.keys()
    for name, value in loaded.items():
        colours = pretrained[name].sum(1, keepdim=True) if name == "conv1.weight" else pretrained[name]
        torch.testing.assert_close(value, colours, msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["resnet18", "tu-resnet10t"])
def test_weights_without_network_are_an_error_of_one_line(tmp_path, encoder):
    code = (
        "from tumorseg import stage\nfrom tumorseg.models.registry import build_model\n"
        f"stage.run(lambda: build_model('smp', encoder={encoder!r}, weights='imagenet'))"
    )
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert run.returncode == 1
    assert len(run.stderr.splitlines()) == 1, run.stderr
    assert f"weights: imagenet of {encoder} cannot be downloaded" in run.stderr
    assert f"not in {tmp_path}" in run.stderr
    assert "weights: null" in run.stderr


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("smp", {"encoder": "mobilenet_v2"}),
        ("smp", {"encoder": "mobilenet_v2", "weights": "imagenet"}),  # is not fetched again
        *(("monai", {"net": net, "width": 4}) for net in MONAI),
    ],
)
def test_what_is_loaded_is_what_was_saved(tmp_path, no_hub, name, options):
    torch.manual_seed(0)
    net = build_model(name, 3, **{key: value for key, value in options.items() if key != "weights"})
    info = ModelInfo(name="m", architecture=name, options=options, classes=["a", "b"], **INFO)
    save_model(tmp_path, net, info)
    loaded, loaded_info = load_model(tmp_path)
    assert loaded_info == info
    assert torch.equal(loaded(SLICES), net.eval()(SLICES))


@pytest.mark.slow
def test_only_a_model_of_the_zoo_imports_it():
    code = (
        "import sys\n"
        "import tumorseg.training.fitting, tumorseg.evaluation.evaluate, tumorseg.report\n"
        "print(sorted({'segmentation_models_pytorch', 'timm', 'optuna'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
