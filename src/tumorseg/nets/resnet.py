"""The founding report's residual net."""

from torch import nn

from tumorseg.models.layers import ResidualBlock, upsample
from tumorseg.types import Dropout, Width


def build(
    outputs: int, inputs: int, *, width: Width = 32, norm: bool = True, dropout: Dropout = 0.2
) -> nn.Sequential:
    """435,553 parameters as it stands; a latent image of an eighth of the side (32×32 at 256²).

    Args:
        outputs: Channels of the logits.
        inputs: Channels of a slice.
        width: Channels at full size, and of the latent image; a quarter of those between.
        norm: Whether there is batch norm.
        dropout: Probability of dropping a channel inside a residual block.
    """

    def normalise(channels: int) -> nn.Module:
        return nn.BatchNorm2d(channels) if norm else nn.Identity()

    return nn.Sequential(
        nn.Conv2d(inputs, width, 3, padding=1),
        normalise(width),
        ResidualBlock(width, dropout),
        nn.MaxPool2d(2),
        nn.Conv2d(width, 4 * width, 3, padding=1),
        normalise(4 * width),
        ResidualBlock(4 * width, dropout),
        nn.MaxPool2d(4),
        upsample(4 * width, width, factor=4),
        normalise(width),
        ResidualBlock(width, dropout),
        upsample(width, outputs),
    )
