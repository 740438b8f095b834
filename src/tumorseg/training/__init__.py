"""Train one model: a net through Lightning, resuming where a killed run stopped; a baseline by fitting."""

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from tumorseg.data.slices import SplitArrays, load_split
from tumorseg.files import atomic_folder, write_csv
from tumorseg.metrics import count_pixels, summarise_counts
from tumorseg.models.artifact import ModelInfo, save_model
from tumorseg.models.baseline import Baseline
from tumorseg.models.batches import predict_all
from tumorseg.models.ensemble import join
from tumorseg.models.predict import TorchRuntime
from tumorseg.models.pretrained import start_of
from tumorseg.models.registry import build_model, channels
from tumorseg.training.flops import count_gflops
from tumorseg.training.loading import channels_first
from tumorseg.training.ranks import Ranks, joined
from tumorseg.training.recipe import Recipe

Trained = tuple[nn.Module, list[dict[str, Any]], int]


def train_model(
    recipe: Recipe, prepared: Path, code: list[Path], out: Path, curves: Path, work: Path
) -> None:
    """Train on the train split, choose the epoch on valid, write the model and its curves.

    Where `train.ranks` is above 1, so many processes make this call at the same time. Rank 0 alone writes.

    Args:
        recipe: What to train, and how.
        prepared: Folder made by `prepare.prepare`.
        code: What a checkpoint is good for, as from `recipe.training_code`.
        out: Folder for weights.safetensors and model.json.
        curves: CSV with a row an epoch and split, the mean of several nets.
        work: Folder for checkpoints, in a folder of the model's name. A later call with the same recipe, data
            and code resumes from them. On success they are deleted; those of other recipes stay.

    Raises:
        UserError: The loss diverged; or ranks do not fit the machine, the data or each other.
    """
    members = _members(recipe)
    with joined(recipe.ranks, recipe.compute.accelerator) as ranks:
        splits = {split: load_split(prepared, split) for split in ("train", "valid")}
        statistics = pixel_statistics(splits["train"].images)
        checkpoints = [work / recipe.name / member.fingerprint(prepared, code) for member in members]
        trained = [
            train_net(member, splits, statistics, folder, ranks)
            for member, folder in zip(members, checkpoints, strict=True)
        ]
        if ranks.first:
            _write(recipe, trained, splits["train"], statistics, out, curves)
            for folder in checkpoints:
                shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # checkpoints of other recipes are in it, or there were none
                (work / recipe.name).rmdir()


def _write(
    recipe: Recipe,
    trained: list[Trained],
    train: SplitArrays,
    statistics: tuple[float, float],
    out: Path,
    curves: Path,
) -> None:
    """Write the net, or the mean of several, and the curves."""
    net = join([net for net, _, _ in trained])
    table = pd.DataFrame([row for _, rows, _ in trained for row in rows])
    info = ModelInfo(
        name=recipe.name,
        architecture=recipe.model.architecture,
        options=recipe.model.options,
        parameters=sum(parameter.numel() for parameter in net.parameters()),
        image_size=train.images.shape[1],
        channels=train.channels,
        mean=statistics[0],
        std=statistics[1],
        best_epoch=trained[0][2],
        epochs=int(table["epoch"].max()),
        members=len(trained),
        gflops=count_gflops(net, train.images.shape[1], train.channels),
        classes=train.classes,
        pretrained=start_of(recipe.model.options),
    )
    with atomic_folder(out) as folder:
        save_model(folder, net, info)
    if len(trained) > 1:
        table = table.groupby(["epoch", "split"], sort=False, as_index=False).mean()[table.columns]
    write_csv(curves, table.assign(model=recipe.name))


def _members(recipe: Recipe) -> list[Recipe]:
    """The recipe of each net of an ensemble, whose seeds are seed, seed + 1, …; the recipe itself of one."""
    count = recipe.model.members
    if count == 1:
        return [recipe]
    return [
        replace(recipe, name=f"{recipe.name} (net {number + 1} of {count})", seed=recipe.seed + number)
        for number in range(count)
    ]


def train_net(
    recipe: Recipe,
    splits: dict[str, SplitArrays],
    statistics: tuple[float, float],
    checkpoints: Path,
    ranks: Ranks,
) -> Trained:
    """Build and train a net of the recipe's seed; it, its curves, and the epoch chosen, 0 of a baseline."""
    torch.manual_seed(recipe.seed)
    outputs = channels(splits["train"].classes)
    inputs = splits["train"].channels
    net = build_model(recipe.model.architecture, outputs, inputs, **recipe.model.options)
    if isinstance(net, Baseline):
        return net, fit_baseline(net, splits, statistics), 0
    from tumorseg.training.fitting import fit_net

    return net, *fit_net(net, splits, statistics, recipe, checkpoints, ranks)


def pixel_statistics(images: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of uint8 pixels / 255, exact: from counts of the 256 values."""
    counts = np.zeros(256, np.int64)
    for image in images:
        counts += np.bincount(image.ravel(), minlength=256)
    values = np.arange(256) / 255
    mean = float((counts * values).sum() / counts.sum())
    variance = float((counts * (values - mean) ** 2).sum() / counts.sum())
    return mean, max(variance**0.5, 1e-6)


def fit_baseline(
    net: Baseline, splits: dict[str, SplitArrays], statistics: tuple[float, float]
) -> list[dict[str, Any]]:
    """Fit on the train split; the curves are a single row, of valid at epoch 0, without a loss.

    On train `nearest_slice` would find each slice itself.
    """
    mean, std = statistics
    images, masks = (channels_first(array) for array in (splits["train"].images, splits["train"].masks))
    net.fit((images / 255 - mean) / std, masks)
    runtime = TorchRuntime(net, mean, std, torch.device("cpu"))
    quantised, _ = predict_all(runtime, splits["valid"].images)
    counts = count_pixels(quantised, splits["valid"].masks).sum(0)
    return [{"epoch": 0, "loss": np.nan, **summarise_counts(counts), "split": "valid"}]
