"""Run a net of torch over slices."""

import numpy as np
import torch
from torch import Tensor, nn

from tumorseg.errors import UserError
from tumorseg.memory import keep_freed_memory
from tumorseg.types import Flip


def pick_device(accelerator: str, option: str = "params.yaml: compute.accelerator") -> torch.device:
    """The device an accelerator's name means; `auto` is a GPU where there is one.

    Args:
        accelerator: cpu, gpu, mps or auto.
        option: Where the user named it.

    Raises:
        UserError: The machine has no such device.
    """
    if accelerator in ("auto", "gpu") and torch.cuda.is_available():
        return torch.device("cuda")
    if accelerator in ("auto", "mps") and torch.backends.mps.is_available():
        return torch.device("mps")
    if accelerator in ("gpu", "mps"):
        raise UserError(f"{option}: this machine has no {accelerator}; choose auto or cpu")
    return torch.device("cpu")


def to_probabilities(logits: Tensor) -> Tensor:
    """Of tumour where there is one channel, else of background and each class; (N, C, H, W) as the logits."""
    return torch.sigmoid(logits) if logits.shape[1] == 1 else torch.softmax(logits, dim=1)


def tumor_probability(probabilities: Tensor) -> Tensor:
    """Probabilities of tumour, whatever its class, (N, 1, H, W), as of `to_probabilities`."""
    return probabilities if probabilities.shape[1] == 1 else 1 - probabilities[:, :1]


class Pipeline(nn.Module):
    """A net with all that lies round it: greys in, probabilities out.

    Args:
        net: float32 slices (N, 1, S, S), or (N, 3, S, S) of colour, in, logits (N, C, S, S) out.
        mean: Of training pixels / 255.
        std: Likewise: a slice is (pixels / 255 − mean) / std to the net.
        flip: Unless "none", probabilities are the mean of those of the slice and of its mirror image, flipped
            back.
    """

    def __init__(self, net: nn.Module, mean: float, std: float, flip: Flip = "none") -> None:
        super().__init__()
        self.net, self.mean, self.std = net, mean, std
        self.axis = {"none": None, "horizontal": -1, "vertical": -2}[flip]

    def forward(self, greys: Tensor) -> Tensor:
        """Greys 0 to 255, float32 (N, S, S), or colours (N, S, S, 3), to probabilities (N, C, S, S)."""
        channels = greys[:, None] if greys.dim() == 3 else greys.movedim(-1, 1)
        x = (channels / 255 - self.mean) / self.std
        probabilities = to_probabilities(self.net(x))
        if self.axis is not None:
            mirrored = to_probabilities(self.net(x.flip(self.axis))).flip(self.axis)
            probabilities = (probabilities + mirrored) / 2
        return probabilities


class TorchRuntime:
    """A `batches.Runtime` of a net, in eval mode on a device."""

    def __init__(
        self, net: nn.Module, mean: float, std: float, device: torch.device, flip: Flip = "none"
    ) -> None:
        keep_freed_memory()
        net = net.to(device).to(memory_format=torch.channels_last)
        self.pipeline, self.device = Pipeline(net, mean, std, flip).eval(), device

    @torch.inference_mode()
    def probabilities(self, batch: np.ndarray) -> np.ndarray:
        greys = torch.from_numpy(batch).to(self.device).float()
        array: np.ndarray = self.pipeline(greys).float().cpu().numpy()
        return array
