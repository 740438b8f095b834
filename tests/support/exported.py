"""Delivered nets made in a moment: random weights, everything else as `deliver` writes it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from support.contracts import made_up_contract

from tumorseg.delivery.contract import write_contract
from tumorseg.delivery.predictor import Predictor
from tumorseg.models.artifact import ModelInfo, save_model
from tumorseg.models.ensemble import join
from tumorseg.models.registry import build_model, channels, describe
from tumorseg.sources.phantom import sample_slices
from tumorseg.types import Flip

SIDE = 64  # the working size
SLICES = sample_slices(96)
SEEN = np.stack(sample_slices(SIDE))
# A module that raises stands in for each of these: an environment without them.
WITHOUT_TORCH = ("torch", "lightning", "pandas", "scipy", "sklearn", "monai", "safetensors", "onnx")


def deliver_random(
    folder: Path,
    architecture: str,
    *,
    classes: tuple[str, ...] = (),
    members: int = 1,
    flip: Flip = "none",
    platt: tuple[float, float] | None = None,
    steps: tuple[str, ...] = (),
    cut: bool = True,
    **options: Any,
) -> Path:
    """Weights and contract of a net that has learned nothing; no model.onnx yet.

    With `cut` its threshold is amid its levels: for that it must run.
    """
    torch.manual_seed(0)
    folder.mkdir(parents=True)
    net = join([build_model(architecture, channels(list(classes)), **options) for _ in range(members)]).eval()
    info = ModelInfo(
        name=architecture,
        architecture=architecture,
        options=options,
        parameters=sum(parameter.numel() for parameter in net.parameters()),
        image_size=SIDE,
        mean=0.25,
        std=0.25,
        best_epoch=1,
        epochs=1,
        members=members,
        classes=list(classes),
    )
    save_model(folder, net, info)
    rule = {"per_slice": platt is not None, "platt": platt, "flip": flip}
    contract = made_up_contract(info, SEEN, steps=steps, **rule)
    write_contract(folder, contract)
    if cut and describe(architecture).learns:
        # Cut amid its levels, so that masks are neither empty nor full.
        levels = [prediction.levels for prediction in Predictor(folder, device="cpu").predict(SLICES)]
        decision = contract.decision.model_copy(update={"threshold": np.percentile(levels, 75) / 256})
        write_contract(folder, contract.model_copy(update={"decision": decision}))
    return folder


def run_without(
    modules: tuple[str, ...], folder: Path, *command: str, paths: tuple[Path, ...] = ()
) -> subprocess.CompletedProcess:
    """Run Python where importing any of these modules is an error.

    Args:
        modules: Names of packages.
        folder: For the files that stand in for them.
        command: Arguments of Python.
        paths: Folders that modules may come from, beside what is installed.
    """
    for name in modules:
        (folder / f"{name}.py").write_text(
            f"raise ModuleNotFoundError('No module named {name}', name='{name}')"
        )
    places = os.pathsep.join(map(str, [folder, *paths]))
    return subprocess.run(
        [sys.executable, *command], env=os.environ | {"PYTHONPATH": places}, capture_output=True, text=True
    )
