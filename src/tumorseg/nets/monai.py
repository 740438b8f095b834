"""Nets of MONAI that segmentation_models.pytorch has no like of, with batch, instance or group norm."""

import math
from typing import Any, Literal

from monai.networks import nets
from torch import nn

from tumorseg.types import Width

DEPTH = 5  # of the U-shaped nets with a list of channels; each halves the side


def build(
    outputs: int,
    inputs: int,
    *,
    net: Literal["attention_unet", "dynunet", "mednext", "segresnet"] = "segresnet",
    width: Width = 16,
) -> nn.Module:
    """MONAI's net of that name.

    Args:
        outputs: Channels of the logits.
        inputs: Channels of a slice.
        net: attention_unet has gates on its skip connections (Oktay et al. 2018); dynunet is that of
            nnU-Net (Isensee et al. 2021); mednext has ConvNeXt's blocks (Roy et al. 2023); segresnet is
            residual with group norm (Myronenko 2018).
        width: Channels at full size.
    """
    ends: dict[str, Any] = {"spatial_dims": 2, "in_channels": inputs, "out_channels": outputs}
    doubling = [width * 2**step for step in range(DEPTH)]
    halvings = [2] * (DEPTH - 1)
    match net:
        case "attention_unet":
            return nets.AttentionUnet(**ends, channels=doubling, strides=halvings)
        case "dynunet":
            return nets.DynUNet(
                **ends,
                kernel_size=[3] * DEPTH,
                strides=[1, *halvings],
                upsample_kernel_size=halvings,
                filters=doubling,
            )
        case "mednext":
            return nets.MedNeXt(**ends, init_filters=width)
        case "segresnet":
            norm = ("GROUP", {"num_groups": math.gcd(8, width)})  # so that any width will do
            return nets.SegResNet(**ends, init_filters=width, norm=norm)
