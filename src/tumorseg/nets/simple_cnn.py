"""The founding report's smallest net: two convolutions down, two transpose convolutions up."""

from torch import nn

from tumorseg.models.layers import conv_relu, upsample


def build(outputs: int, inputs: int) -> nn.Sequential:
    """27,169 parameters; a latent image of a quarter of the side (64×64 at 256²)."""
    return nn.Sequential(
        conv_relu(inputs, 32),
        nn.MaxPool2d(2),
        conv_relu(32, 64),
        nn.MaxPool2d(2),
        upsample(64, 32),
        nn.ReLU(),
        upsample(32, outputs),
    )
