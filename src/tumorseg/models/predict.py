"""Run a net over slices."""

import numpy as np
import torch
from torch import Tensor, nn

from tumorseg.errors import UserError
from tumorseg.metrics import quantise
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


def to_probabilities(logits: Tensor) -> Tensor:
    """Of tumour where there is one channel, else of background and each class; (N, C, H, W) as the logits."""
    return torch.sigmoid(logits) if logits.shape[1] == 1 else torch.softmax(logits, dim=1)


def tumor_probability(probabilities: Tensor) -> Tensor:
    """Probabilities of tumour, whatever its class, (N, 1, H, W), as of `to_probabilities`."""
    return probabilities if probabilities.shape[1] == 1 else 1 - probabilities[:, :1]


@torch.inference_mode()
def predict(
    net: nn.Module, images: np.ndarray, mean: float, std: float, device: torch.device, flip: Flip = "none"
) -> tuple[np.ndarray, np.ndarray]:
    """Quantised probabilities of tumour (see `metrics`) and classes of slices, all uint8 (N, S, S).

    Unless `flip` is "none", a probability is the mean of those of the slice and of its mirror image,
    flipped back.

    Returns:
        The probabilities; and, for each pixel, were it tumour, the index of its most probable class, from 1.
    """
    net = net.to(device, memory_format=torch.channels_last).eval()
    quantised, indices = (np.ones(images.shape, dtype=np.uint8) for _ in range(2))
    for start in progress(range(0, len(images), BATCH), "predicting batches"):
        batch = torch.from_numpy(images[start : start + BATCH].copy())[:, None].to(device)
        batch = (batch.float() / 255 - mean) / std
        probabilities = to_probabilities(net(batch))
        if flip != "none":
            axis = -1 if flip == "horizontal" else -2
            probabilities = (probabilities + to_probabilities(net(batch.flip(axis))).flip(axis)) / 2
        quantised[start : start + BATCH] = quantise(tumor_probability(probabilities)[:, 0].cpu().numpy())
        if probabilities.shape[1] > 1:
            indices[start : start + BATCH] = 1 + probabilities[:, 1:].argmax(dim=1).cpu().numpy()
    return quantised, indices


def predict_quantised(
    net: nn.Module, images: np.ndarray, mean: float, std: float, device: torch.device, flip: Flip = "none"
) -> np.ndarray:
    """The quantised probabilities of `predict` alone."""
    return predict(net, images, mean, std, device, flip)[0]
