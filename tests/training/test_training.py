import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from support.training import CODE, recipe, run, with_mean

from tumorseg.data.classes import write_classes
from tumorseg.data.slices import load_split
from tumorseg.models.artifact import load_model
from tumorseg.models.batches import predict_all
from tumorseg.models.predict import TorchRuntime
from tumorseg.params import load_params
from tumorseg.training import pixel_statistics
from tumorseg.training.augmentation import Augmentation
from tumorseg.training.loading import SliceDataset
from tumorseg.training.recipe import make_recipe, training_code


def test_same_recipe_same_bytes_whatever_the_workers_and_another_seed_others(prepared, tmp_path):
    made = recipe("resnet", epochs=2)  # it has dropout, so every source of chance is there
    chance = {"elastic": 0.05, "paste": 0.5, "boxes": True}
    made = replace(made, augment=made.augment.model_copy(update=chance))
    first = run(made, prepared, tmp_path / "a")
    with_workers = replace(made, compute=made.compute.model_copy(update={"workers": 2}))
    assert run(with_workers, prepared, tmp_path / "b") == first
    assert run(replace(made, seed=1), prepared, tmp_path / "c")[0] != first[0]


def test_tumours_of_other_slices_are_pasted_in_as_often_as_asked(prepared):
    arrays = load_split(prepared, "train")

    def masks(paste: float) -> list[np.ndarray]:
        still = dict.fromkeys(("hflip", "vflip", "rotate"), 0.0)
        augment = load_params().augment.model_copy(update={**still, "paste": paste})
        dataset = SliceDataset(arrays, 0.0, 1.0, Augmentation(augment), seed=0)
        return [dataset[epoch, index][1][0].numpy() for epoch in range(4) for index in range(len(dataset))]

    plain = masks(0.0)
    for each, mask in zip(plain, [*arrays.masks] * 4, strict=True):
        np.testing.assert_array_equal(each, mask)
    changed = [not np.array_equal(a, b) for a, b in zip(plain, masks(0.5), strict=True)]
    assert 12 < sum(changed) < 32  # of 48, half of them, less those that were given their own tumour
    assert all(np.array_equal(a, b) for a, b in zip(masks(1.0), masks(1.0), strict=True))


def test_a_net_with_deep_supervision_trains_and_is_rebuilt(prepared, tmp_path):
    made = recipe("unet", epochs=6)
    options = made.model.model_copy(update={"depth": 2, "width": 8, "deep_supervision": True})
    run(replace(made, model=options), prepared, tmp_path)
    net, info = load_model(tmp_path / "model")
    assert info.options["deep_supervision"] is True
    assert net(torch.zeros(1, 1, 32, 32)).shape == (1, 1, 32, 32)
    valid = pd.read_csv(tmp_path / "curves.csv").query("split == 'valid'")
    assert valid.best_dice.iloc[-1] > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_killed_and_resumed_gives_the_bytes_of_an_unbroken_run(prepared, tmp_path, decay):
    unbroken = run(with_mean(recipe("resnet", epochs=4), decay), prepared, tmp_path / "a")
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from support.training import CODE, recipe, run, with_mean\n"
        "made = with_mean(recipe('resnet', epochs=4), float(sys.argv[4]))\n"
        "run(made, Path(sys.argv[2]), Path(sys.argv[3]))\n"
    )
    paths = [str(Path(__file__).parents[1]), str(prepared), str(tmp_path / "b")]
    command = [sys.executable, "-c", script, *paths, str(decay)]
    checkpoints = tmp_path / "b" / "work" / "resnet"
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("resnet 2/4"):
                break
        deadline = time.monotonic() + 30
        while not list(checkpoints.glob("*/latest.ckpt")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
    assert not (tmp_path / "b/model").exists()
    resumed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "resuming from" in resumed
    assert "resnet 1/4" not in resumed
    files = ("model/weights.safetensors", "model/model.json", "curves.csv")
    assert tuple((tmp_path / "b" / file).read_bytes() for file in files) == unbroken
    assert not checkpoints.exists()


def test_the_running_mean_of_the_weights_is_what_is_kept(prepared, tmp_path):
    plain = recipe("simple_cnn", epochs=1)
    last = run(plain, prepared, tmp_path / "a")
    assert run(with_mean(plain, 0.5), prepared, tmp_path / "b")[0] != last[0]
    nets = [load_model(tmp_path / name / "model")[0].state_dict() for name in "ab"]
    # Three steps from the same start: the mean lags behind, nowhere far from where the steps led.
    for name, weights in nets[0].items():
        assert not torch.equal(weights, nets[1][name]), name
        torch.testing.assert_close(weights, nets[1][name], rtol=0, atol=0.05)


def test_a_run_that_had_stopped_early_stays_stopped(prepared, tmp_path, monkeypatch):
    made = recipe("simple_cnn", epochs=30)
    made = replace(made, train=made.train.model_copy(update={"lr": 1e-9, "patience": 2}))
    # Killed after the last checkpoint, before the checkpoints are deleted.
    monkeypatch.setattr("tumorseg.training.shutil.rmtree", lambda *_, **__: None)
    first = run(made, prepared, tmp_path)
    assert pd.read_csv(tmp_path / "curves.csv").epoch.max() < 30
    assert run(made, prepared, tmp_path) == first


def test_fingerprint_follows_params_and_data_but_not_workers(prepared, tmp_path):
    made = recipe("simple_cnn")
    first = made.fingerprint(prepared, CODE)
    assert replace(made, epochs=4).fingerprint(prepared, CODE) != first
    with_workers = replace(made, compute=made.compute.model_copy(update={"workers": 3}))
    assert with_workers.fingerprint(prepared, CODE) == first
    other = tmp_path / "prepared"
    (other / "train").mkdir(parents=True)
    np.save(other / "train" / "images.npy", np.zeros(1, np.uint8))
    assert made.fingerprint(other, CODE) != first


def test_a_checkpoint_is_good_for_the_code_that_dvc_lists_and_no_other(root, prepared, tmp_path):
    for name in ("src", "stages"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "dvc.yaml", tmp_path)
    code, made = training_code(tmp_path / "dvc.yaml", "simple_cnn"), recipe("simple_cnn")
    assert tmp_path / "src/tumorseg/nets/simple_cnn.py" in code
    first = made.fingerprint(prepared, code)

    def edited(name: str) -> str:
        path = tmp_path / "src/tumorseg" / name
        text = path.read_text(encoding="utf-8")
        path.write_text(f"{text}# edited\n", encoding="utf-8")
        changed = made.fingerprint(prepared, code)
        path.write_text(text, encoding="utf-8")
        return changed

    for name in ("compare/verdicts.py", "nets/unet.py", "params.py", "audit/labels.py"):
        assert edited(name) == first, name
    for name in ("nets/simple_cnn.py", "training/losses.py", "metrics.py", "data/slices.py"):
        assert edited(name) != first, name


def test_checkpoints_of_another_recipe_are_left_alone(prepared, tmp_path):
    other = tmp_path / "work/simple_cnn/0123456789abcdef/latest.ckpt"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"hours of work")
    run(recipe("simple_cnn", epochs=1), prepared, tmp_path)
    assert [path.name for path in other.parents[1].iterdir()] == ["0123456789abcdef"]
    assert other.read_bytes() == b"hours of work"


def test_a_model_has_its_own_values_in_place_of_those_of_the_sections():
    params = load_params()
    changes = {"epochs": 7, "train": {"lr": 0.5}, "augment": {"vflip": 0.25}}
    own = type(params.models["unet"]).model_validate({"architecture": "unet", "loss": "bce", **changes})
    common = {"seed": 3, "epochs": 5, "pos_weight": 2.0, "augment": params.augment, "train": params.train}
    made = make_recipe("mine", own, **common, compute=params.compute)
    assert (made.name, made.seed, made.epochs, made.train.lr, made.augment.vflip) == ("mine", 3, 7, 0.5, 0.25)
    assert made.train.batch_size == params.train.batch_size
    assert made.augment.rotate == params.augment.rotate
    plain = make_recipe("plain", params.models["simple_cnn"], **common, compute=params.compute)
    assert (plain.epochs, plain.train, plain.augment) == (5, params.train, params.augment)


def test_a_net_learns_and_keeps_its_best_epoch(prepared, tmp_path):
    run(recipe("simple_cnn", epochs=6), prepared, tmp_path)
    curves = pd.read_csv(tmp_path / "curves.csv")
    assert list(curves.columns) == ["epoch", "loss", "accuracy", "dice", "best_dice", "split", "model"]
    assert curves[curves.split == "train"].epoch.tolist() == [1, 2, 3, 4, 5, 6]
    valid = curves[curves.split == "valid"].set_index("epoch")
    assert valid.loss.iloc[-1] < valid.loss.iloc[0]
    _, info = load_model(tmp_path / "model")
    assert info.best_epoch == valid.best_dice.idxmax()
    assert info.parameters == 27_169


def test_stops_early_when_valid_does_not_improve(prepared, tmp_path):
    made = recipe("simple_cnn", epochs=30)
    still = made.train.model_copy(update={"lr": 1e-9, "patience": 2})
    run(replace(made, train=still), prepared, tmp_path)
    assert pd.read_csv(tmp_path / "curves.csv").epoch.max() < 30


@pytest.mark.parametrize("name", ["location_prior", "nearest_slice"])
def test_baselines_leave_the_same_files(prepared, tmp_path, name):
    run(recipe(name), prepared, tmp_path)
    curves = pd.read_csv(tmp_path / "curves.csv")
    assert curves.epoch.tolist() == [0]
    assert curves.split.tolist() == ["valid"]
    assert load_model(tmp_path / "model")[1].parameters == 0


@pytest.mark.parametrize("name", ["unet", "nearest_slice"])
def test_a_model_of_classes_says_which_and_has_a_channel_for_each(prepared_classes, tmp_path, name):
    run(recipe(name, epochs=8), prepared_classes, tmp_path)
    net, info = load_model(tmp_path / "model")
    assert info.classes == ["glioma", "other"]
    test = load_split(prepared_classes, "test")
    assert net(torch.zeros(1, 1, 32, 32)).shape == (1, 3, 32, 32)
    runtime = TorchRuntime(net, info.mean, info.std, torch.device("cpu"))
    levels, indices = predict_all(runtime, test.images)
    if name == "unet":  # brightness tells the classes apart
        found = (levels >= 128) & (test.masks > 0)
        assert found.sum() > 0.5 * (test.masks > 0).sum()
        assert (indices == test.masks)[found].mean() > 0.8
    valid = pd.read_csv(tmp_path / "curves.csv").query("split == 'valid'")
    assert valid.best_dice.iloc[-1] > 0


def test_other_names_of_classes_are_another_training(prepared_classes, tmp_path):
    shutil.copytree(prepared_classes, tmp_path / "other")
    made = recipe("simple_cnn")
    first = made.fingerprint(prepared_classes, CODE)
    assert made.fingerprint(tmp_path / "other", CODE) == first
    write_classes(tmp_path / "other", ["glioma", "meningioma"])
    assert made.fingerprint(tmp_path / "other", CODE) != first


def test_pixel_statistics_are_those_of_numpy(prepared):
    images = load_split(prepared, "train").images
    assert pixel_statistics(images) == pytest.approx((np.mean(images / 255), np.std(images / 255)))
