"""The founding report's deeper net: `simple_cnn` with a third resolution of 128 channels."""

from torch import nn

from tumorseg.models.layers import conv_relu, upsample


def build(outputs: int, inputs: int) -> nn.Sequential:
    """133,857 parameters; a latent image of an eighth of the side (32×32 at 256²)."""
    return nn.Sequential(
        conv_relu(inputs, 32),
        nn.MaxPool2d(2),
        conv_relu(32, 64),
        nn.MaxPool2d(2),
        conv_relu(64, 128),
        nn.MaxPool2d(2),
        upsample(128, 64),
        nn.ReLU(),
        upsample(64, 32),
        nn.ReLU(),
        upsample(32, outputs),
    )
