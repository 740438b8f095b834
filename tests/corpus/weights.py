"""Models on disk that are damaged, made up, or of another net."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from corpus import Case, Kind
from tumorseg.models.artifact import INFO, WEIGHTS, ModelInfo, save_model
from tumorseg.models.registry import build_model

MODEL = "model"


def sound(folder: Path, name: str = "simple_cnn") -> Path:
    """A net as training leaves it."""
    torch.manual_seed(0)
    net = build_model(name)
    if hasattr(net, "fit"):
        net.fit(torch.rand(3, 1, 32, 32), (torch.rand(3, 1, 32, 32) > 0.9).float())
    about: dict[str, Any] = {"name": "m", "architecture": name, "options": {}, "parameters": 1}
    about |= {"image_size": 32, "mean": 0.3, "std": 0.2, "best_epoch": 1, "epochs": 2}
    (folder / MODEL).mkdir()
    save_model(folder / MODEL, net, ModelInfo(**about))
    return folder / MODEL


def _info(**changes: Any) -> Callable[[Path], object]:
    def make(folder: Path, name: str = "simple_cnn") -> None:
        path = sound(folder, name) / INFO
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return make


def _weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        path = sound(folder) / WEIGHTS
        weights = load_file(path)
        change(weights)
        save_file(weights, path)

    return make


def _first(weights: dict[str, torch.Tensor]) -> str:
    return sorted(weights)[0]


def _fill(value: float) -> Callable[[Path], object]:
    return _weights(lambda weights: weights[_first(weights)].view(-1)[0].fill_(value))


def _bytes(content: bytes, name: str = WEIGHTS) -> Callable[[Path], object]:
    return lambda folder: (sound(folder) / name).write_bytes(content)


def _prior(**changes: Any) -> Callable[[Path], object]:
    return lambda folder: _info(**changes)(folder, "location_prior")


W, ABOUT = f"{MODEL}/{WEIGHTS}: not weights of simple_cnn: ", f"{MODEL}/{INFO}: not a model description: "
KIND = Kind(
    "Models",
    "what every command that uses a net reads it with",
    [
        Case("no weights", f"{MODEL}/{WEIGHTS}: not found; *", lambda f: (sound(f) / WEIGHTS).unlink()),
        Case("weights: empty", f"{W}*", _bytes(b"")),
        Case("weights: a pickle", f"{W}*", _bytes(b"\x80\x04cos\nsystem\n.")),
        Case("weights: a header of 2⁶⁰ bytes", f"{W}*", _bytes(struct.pack("<Q", 2**60) + b"{}")),
        Case("weights: NaN", f"{W}* has values that are not finite; *", _fill(float("nan"))),
        Case("weights: infinity", f"{W}* has values that are not finite; *", _fill(float("inf"))),
        Case("weights: one is missing", f"{W}*Missing key*", _weights(lambda w: w.pop(_first(w)))),
        Case(
            "weights: one too many", f"{W}*Unexpected key*", _weights(lambda w: w.update(more=torch.ones(1)))
        ),
        Case(
            "weights: another shape",
            f"{W}*size mismatch*",
            _weights(lambda w: w.update({_first(w): torch.ones(3, 3)})),
        ),
        Case("no description", f"{MODEL}/{INFO}: not found; *", lambda f: (sound(f) / INFO).unlink()),
        Case("description: empty", f"{ABOUT}invalid JSON*", _bytes(b"", INFO)),
        Case("description: not UTF-8", f"{ABOUT}invalid JSON*", _bytes(b"\xff\xfe", INFO)),
        Case("description: an unknown key", f"{ABOUT}surprise: unknown key; *", _info(surprise=1)),
        Case("description: `std: 1e-300`", f"{ABOUT}std: *0.000001*", _info(std=1e-300)),
        Case("description: `std: 0`", f"{ABOUT}std: *0.000001*", _info(std=0)),
        Case("description: `mean: 1e30`", f"{ABOUT}mean: *", _info(mean=1e30)),
        Case("description: `members: 1000000`", f"{ABOUT}members: *100*", _info(members=1_000_000)),
        Case("description: `image_size: 10⁹`", f"{ABOUT}image_size: *1024*", _info(image_size=10**9)),
        Case(
            "description: another `image_size`",
            "*of a slice of model.json's image_size 64 *",
            _prior(image_size=64),
        ),
        Case("description: no such net", "*architecture: 'os' is not one of *", _info(architecture="os")),
        Case(
            "description: options of another net",
            "*unknown option of simple_cnn*",
            _info(options={"width": 4}),
        ),
        Case("description: a name that leads elsewhere", f"{ABOUT}name: *pattern*", _info(name="../../x")),
        Case("description: other classes", f"{W}*size mismatch*", _info(classes=["a", "b"])),
    ],
)
