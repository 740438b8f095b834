"""Blocks that several nets share."""

from torch import Tensor, nn


def conv_relu(inputs: int, outputs: int) -> nn.Sequential:
    """3×3 convolution, same size, then ReLU."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU())


def upsample(inputs: int, outputs: int, factor: int = 2) -> nn.ConvTranspose2d:
    """Transpose convolution whose kernel equals its stride: `factor` times the size, no overlap."""
    return nn.ConvTranspose2d(inputs, outputs, factor, stride=factor)


class ResidualBlock(nn.Module):
    """x + conv(ReLU(dropout(conv(x)))), then ReLU; the same size and channels out as in."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
            nn.Dropout2d(dropout),
            nn.Conv2d(channels, channels, 3, padding=1),
        )
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(x + self.body(x))
