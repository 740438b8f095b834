"""A trained model on disk: weights.safetensors, and model.json with all it takes to use them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tumorseg.errors import UserError, explain
from tumorseg.files import write_json
from tumorseg.models.pretrained import Pretrained
from tumorseg.models.registry import build_model, channels
from tumorseg.reading import WAY_OUT
from tumorseg.types import MOST_PIXELS, Channels, Fraction, Members, Name

if TYPE_CHECKING:
    from torch import Tensor, nn

WEIGHTS = "weights.safetensors"
INFO = "model.json"


class ModelInfo(BaseModel):
    """What model.json holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    name: Name
    architecture: Name  # `ensemble.ENSEMBLE` where it has parts
    options: dict[str, Any]
    parameters: Annotated[int, Field(ge=0)]  # trained ones
    image_size: Annotated[int, Field(ge=1, le=MOST_PIXELS)]
    mean: Fraction  # of training pixels / 255: a slice is (pixels / 255 − mean) / std to the net
    # `training.pixel_statistics` has no less, and no values from 0 to 1 have more.
    std: Annotated[float, Field(ge=1e-6, le=0.5)]
    best_epoch: Annotated[int, Field(ge=0)]  # of the first net, counted from 1; 0 for what learns nothing
    epochs: Annotated[int, Field(ge=0)]  # that were run; of parts, the most
    channels: Channels = 1  # of a slice: grey; or red, green and blue
    members: Members = 1  # nets whose probabilities are averaged
    gflops: Annotated[float, Field(ge=0)] = 0.0  # 10⁹ operations of one slice; 0 where they were not counted
    classes: list[str] = []  # of tumour, as its logits have them after background; none: all is one
    # What its encoder started from; the files of other nets do without the key.
    pretrained: Annotated[Pretrained | None, Field(exclude_if=lambda value: value is None)] = None
    # Trained models that it joins, in the order of its members; the files of other nets do without the key.
    parts: Annotated[list["ModelInfo"], Field(exclude_if=lambda value: not value)] = []

    @property
    def made_of(self) -> list["ModelInfo"]:
        """The models that were trained: itself, or those of its parts."""
        return [model for part in self.parts for model in part.made_of] or [self]


def save_model(folder: Path, net: "nn.Module", info: ModelInfo) -> None:
    """Write the net's parameters and buffers and its `info` into an existing folder."""
    from safetensors.torch import save_file

    # Contiguous, since safetensors refuses channels_last strides; cloned, since it refuses a tensor of two
    # names, as some nets have.
    weights = {key: value.cpu().contiguous().clone() for key, value in net.state_dict().items()}
    save_file(weights, folder / WEIGHTS)
    write_json(folder / INFO, info.model_dump())


def load_info(folder: Path) -> ModelInfo:
    """Read model.json.

    Raises:
        UserError: It is missing or malformed.
    """
    path = folder / INFO
    try:
        return ModelInfo.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path}: not found; train the model first (dvc repro)") from None
    except ValidationError as error:
        raise UserError(f"{path}: not a model description: {explain(error)}; {WAY_OUT}") from None


def load_model(folder: Path) -> tuple["nn.Module", ModelInfo]:
    """Rebuild the net in eval mode from a folder written by `save_model`. Nothing is unpickled.

    Raises:
        UserError: A file is missing or malformed, or the weights are not this net's.
    """
    info = load_info(folder)
    return load_weights(folder, info), info


def load_weights(folder: Path, info: ModelInfo) -> "nn.Module":
    """The net that `info` describes, in eval mode, with the weights of the folder. Nothing is unpickled.

    Raises:
        UserError: The file is missing or malformed, the weights are not this net's, or are for slices of
            another size, or some are not finite.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / WEIGHTS
    try:
        weights = load_file(path)
        net = _build(info)
        for name, buffer in net.named_buffers():  # a baseline's buffers get their size by fitting
            if buffer.numel() == 0 and name in weights:
                setattr(net, name, weights[name].clone())
        net.load_state_dict(weights)
        _check_values(weights)
        _check_net(net, info)
    except FileNotFoundError:
        raise UserError(f"{path}: not found; train the model first (dvc repro)") from None
    except (SafetensorError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: not weights of {info.architecture}: {reason}; {WAY_OUT}") from None
    return net.eval()


def _build(info: ModelInfo) -> "nn.Module":
    """The net that `info` describes, its weights at random."""
    from tumorseg.models.ensemble import Ensemble, join

    if info.parts:
        return Ensemble([_build(part) for part in info.parts])
    # What training started from: not fetched again, since the saved weights take its place.
    options = {key: value for key, value in info.options.items() if key != "weights"}
    shape = (channels(info.classes), info.channels)
    return join([build_model(info.architecture, *shape, **options) for _ in range(info.members)])


def _check_values(weights: "dict[str, Tensor]") -> None:
    for name, tensor in weights.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise ValueError(f"{name} has values that are not finite")


def _check_net(net: "nn.Module", info: ModelInfo) -> None:
    """That what it makes of a slice has the size that its description says."""
    import torch

    size = info.image_size
    with torch.inference_mode():
        shape = tuple(net.eval()(torch.zeros(1, info.channels, size, size)).shape)
    if shape != (wanted := (1, channels(info.classes), size, size)):
        raise ValueError(f"of a slice of {INFO}'s image_size {size} they make {shape}, not {wanted}")
