"""Run a net over slices."""

import numpy as np
import torch
from torch import nn

from tumorseg.errors import UserError
from tumorseg.metrics import to_levels
from tumorseg.progress import progress
from tumorseg.types import Flip

BATCH = 32


def pick_device(accelerator: str) -> torch.device:
    """The device an accelerator's name means; `auto` is a GPU where there is one.

    Raises:
        UserError: The machine has no such device.
    """
    if accelerator in ("auto", "gpu") and torch.cuda.is_available():
        return torch.device("cuda")
    if accelerator in ("auto", "mps") and torch.backends.mps.is_available():
        return torch.device("mps")
    if accelerator in ("gpu", "mps"):
        raise UserError(
            f"params.yaml: compute.accelerator: this machine has no {accelerator}; choose auto or cpu"
        )
    return torch.device("cpu")


@torch.inference_mode()
def predict_levels(
    net: nn.Module, images: np.ndarray, mean: float, std: float, device: torch.device, flip: Flip = "none"
) -> np.ndarray:
    """Probability levels (see `metrics`) of slices, both uint8 (N, S, S).

    Unless `flip` is "none", a probability is the mean of those of the slice and of its mirror image,
    flipped back.
    """
    net = net.to(device, memory_format=torch.channels_last).eval()
    levels = np.empty(images.shape, dtype=np.uint8)
    for start in progress(range(0, len(images), BATCH), "predicting batches"):
        batch = torch.from_numpy(images[start : start + BATCH].copy())[:, None].to(device)
        batch = (batch.float() / 255 - mean) / std
        probabilities = torch.sigmoid(net(batch))
        if flip != "none":
            axis = -1 if flip == "horizontal" else -2
            probabilities = (probabilities + torch.sigmoid(net(batch.flip(axis))).flip(axis)) / 2
        levels[start : start + BATCH] = to_levels(probabilities[:, 0].cpu().numpy())
    return levels
