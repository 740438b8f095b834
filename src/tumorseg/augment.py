"""Random flips and rotations, the same for a slice and its mask."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode, v2

if TYPE_CHECKING:
    from tumorseg.params import Augment


class Augmentation:
    """Flips and a rotation, drawn from the seed given with each call and from nothing else."""

    def __init__(self, params: "Augment") -> None:
        # v2 rotates a tv_tensors.Mask by nearest neighbour whatever is chosen for the image.
        self.transform = v2.Compose(
            [
                v2.RandomHorizontalFlip(params.hflip),
                v2.RandomVerticalFlip(params.vflip),
                v2.RandomRotation(params.rotate, interpolation=InterpolationMode.BILINEAR),
            ]
        )

    def __call__(self, image: Tensor, mask: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Transform image and mask, both uint8 (1, H, W), together.

        The seed makes the draw independent of loader processes and of where a run was resumed.
        """
        with torch.random.fork_rng(devices=[]):  # leaves the net's own generator alone
            torch.manual_seed(seed)
            image, mask = self.transform(tv_tensors.Image(image), tv_tensors.Mask(mask))
        return image.as_subclass(Tensor), mask.as_subclass(Tensor)
