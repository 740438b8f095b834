import json
import pickle

import pytest
import torch

from tumorseg.errors import UserError
from tumorseg.models.artifact import INFO, WEIGHTS, ModelInfo, load_model, save_model
from tumorseg.models.registry import build_model

INFO_VALUES = {"parameters": 1, "image_size": 32, "mean": 0.3, "std": 0.2, "best_epoch": 1, "epochs": 2}


def saved(folder, name, **options):
    torch.manual_seed(0)
    net = build_model(name, **options)
    if hasattr(net, "fit"):
        net.fit(torch.rand(3, 1, 32, 32), (torch.rand(3, 1, 32, 32) > 0.9).float())
    info = ModelInfo(name="m", architecture=name, options=options, **INFO_VALUES)
    folder.mkdir(exist_ok=True)
    save_model(folder, net.to(memory_format=torch.channels_last), info)
    return net, info


@pytest.mark.parametrize("name", ["unet", "renet", "location_prior", "nearest_slice"])
def test_what_is_loaded_is_what_was_saved(tmp_path, name):
    options = {"width": 4} if name == "unet" else {}
    net, info = saved(tmp_path, name, **options)
    loaded, loaded_info = load_model(tmp_path)
    assert loaded_info == info
    images = torch.rand(2, 1, 32, 32)
    assert not loaded.training
    for key, value in net.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key
    torch.testing.assert_close(loaded(images), net.eval()(images))


class Bomb:
    def __init__(self, flag):
        self.flag = flag

    def __reduce__(self):
        return (open, (str(self.flag), "w"))


def test_a_pickle_is_refused_and_not_run(tmp_path):
    saved(tmp_path, "simple_cnn")
    flag = tmp_path / "exploded"
    for content in (pickle.dumps(Bomb(flag)), b"", b"\xff" * 100):
        (tmp_path / WEIGHTS).write_bytes(content)
        with pytest.raises(UserError, match=r"weights\.safetensors: not weights of simple_cnn"):
            load_model(tmp_path)
    torch.save(Bomb(flag), tmp_path / WEIGHTS)
    with pytest.raises(UserError):
        load_model(tmp_path)
    assert not flag.exists()


def test_weights_of_another_net_are_refused_in_one_line(tmp_path):
    saved(tmp_path / "a", "simple_cnn")
    saved(tmp_path / "b", "deep_cnn")
    (tmp_path / "a" / WEIGHTS).write_bytes((tmp_path / "b" / WEIGHTS).read_bytes())
    with pytest.raises(UserError, match="not weights of simple_cnn") as caught:
        load_model(tmp_path / "a")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"architecture": "../../evil"},
        {"architecture": "os"},
        {"options": {"width": 10**9, "wid": 1}},
        {"std": 0.0},
        {"image_size": "x"},
        {"surprise": 1},
    ],
)
def test_a_hostile_description_is_refused_in_one_line(tmp_path, change):
    saved(tmp_path, "unet", width=4)
    info = json.loads((tmp_path / INFO).read_text())
    (tmp_path / INFO).write_text(json.dumps(info | change))
    with pytest.raises(UserError) as caught:
        load_model(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [INFO, WEIGHTS])
def test_a_missing_file_says_what_to_do(tmp_path, name):
    saved(tmp_path, "simple_cnn")
    (tmp_path / name).unlink()
    with pytest.raises(UserError, match=f"{name}: not found; train the model first"):
        load_model(tmp_path)
