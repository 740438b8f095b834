"""A small delivered net, and slices to predict with it."""

from pathlib import Path

import cv2
import numpy as np
import torch
from support.contracts import made_up_contract

from tumorseg.data.read import read_slice, resize_slice
from tumorseg.delivery.contract import write_contract
from tumorseg.delivery.digests import write_digests
from tumorseg.delivery.selftest import write_sample
from tumorseg.models.artifact import ModelInfo, save_model
from tumorseg.models.registry import build_model, channels
from tumorseg.params import PhantomSource
from tumorseg.sources.phantom import write_phantom

SIZE = 64  # pixels a side that the net works at
NATIVE = 96  # of its slices


def write_slices(folder: Path) -> Path:
    """A phantom export of 12 slices, in train, valid and test, with annotations."""
    folder.mkdir(parents=True, exist_ok=True)
    write_phantom(
        PhantomSource(kind="phantom", seed=0, patients=6, slices_per_patient=2, native_size=NATIVE), folder
    )
    return folder


def write_delivered(folder: Path, slices: Path, classes: tuple[str, ...] = ()) -> Path:
    """A net of random weights whose masks cover about a tenth of a slice."""
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    net = build_model("simple_cnn", channels(list(classes))).eval()
    info = ModelInfo(
        name="small",
        architecture="simple_cnn",
        options={},
        parameters=27_169,
        image_size=SIZE,
        mean=0.2,
        std=0.2,
        best_epoch=1,
        epochs=1,
        classes=list(classes),
    )
    train = np.stack(
        [resize_slice(read_slice(path), SIZE) for path in sorted((slices / "train").glob("*.jpg"))]
    )
    spread(net, train, info)
    save_model(folder, net, info)
    write_contract(folder, made_up_contract(info, train))
    write_sample(folder)
    write_digests(folder)
    return folder


def spread(net: torch.nn.Sequential, images: np.ndarray, info: ModelInfo) -> None:
    """Scale and shift the logits so that a tenth of the pixels is tumour, surely or hardly so."""
    scale, (weight, bias) = 10, list(net.parameters())[-2:]
    with torch.no_grad():
        weight *= scale
        bias *= scale
        x = (torch.from_numpy(images)[:, None] / 255 - info.mean) / info.std
        logits = net(x)
        if info.classes:  # what tumour of any class has above background
            logits = logits[:, 1:].logsumexp(1) - logits[:, 0]
        shift = logits.flatten()[::7].quantile(0.9)
        bias[-max(1, len(info.classes)) :] -= shift


def write_pictures(folder: Path, pictures: dict[str, np.ndarray]) -> Path:
    """PNGs by name."""
    for name, array in pictures.items():
        path = folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", array)[1].tobytes())
    return folder
