"""The founding report's residual net."""

from torch import nn

from tumorseg.models.layers import ResidualBlock, upsample
from tumorseg.types import Dropout


def build(*, dropout: Dropout = 0.2) -> nn.Sequential:
    """435,553 parameters; a latent image of an eighth of the side (32×32 at 256²).

    Args:
        dropout: Probability of dropping a channel inside a residual block.
    """
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.BatchNorm2d(32),
        ResidualBlock(32, dropout),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 128, 3, padding=1),
        nn.BatchNorm2d(128),
        ResidualBlock(128, dropout),
        nn.MaxPool2d(4),
        upsample(128, 32, factor=4),
        nn.BatchNorm2d(32),
        ResidualBlock(32, dropout),
        upsample(32, 1),
    )
