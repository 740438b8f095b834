"""U-Net: an encoder and a decoder joined by skip connections (Ronneberger et al. 2015)."""

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from tumorseg.models.layers import upsample
from tumorseg.types import Dropout, Width


class DoubleConv(nn.Sequential):
    """(3×3 convolution, batch norm, ReLU) twice; the norm makes the convolutions' bias useless."""

    def __init__(self, inputs: int, outputs: int) -> None:
        layers: list[nn.Module] = []
        for channels in (inputs, outputs):
            layers += [
                nn.Conv2d(channels, outputs, 3, padding=1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            ]
        super().__init__(*layers)


class UNet(nn.Module):
    """Channels double and the side halves `depth` times, and back.

    With a `stem` above 1, each stem × stem square of pixels becomes one pixel of as many channels at the
    start, and its logits become such a square at the end (Shi et al. 2016). With `deep`, each resolution of
    the decoder has logits of its own while training, the smallest last (`losses.deep_loss`).
    """

    def __init__(
        self, outputs: int, inputs: int, width: int, depth: int, dropout: float, stem: int, deep: bool
    ) -> None:
        super().__init__()
        channels = [width * 2**halvings for halvings in range(depth + 1)]
        self.fold, self.unfold = nn.PixelUnshuffle(stem), nn.PixelShuffle(stem)
        self.stem = DoubleConv(inputs * stem**2, width)
        self.down = nn.ModuleList(DoubleConv(a, b) for a, b in pairwise(channels))
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout2d(dropout)
        channels.reverse()
        pairs = list(pairwise(channels))
        self.up = nn.ModuleList(upsample(a, b) for a, b in pairs)
        self.merge = nn.ModuleList(DoubleConv(2 * b, b) for _, b in pairs)
        self.head = nn.Conv2d(width, outputs * stem**2, 1)
        self.side = nn.ModuleList(nn.Conv2d(b, outputs, 1) for _, b in pairs[:-1]) if deep else None

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        features = [self.stem(self.fold(x))]
        for down in self.down:
            features.append(down(self.pool(features[-1])))
        x, decoded = self.dropout(features.pop()), []
        for up, merge in zip(self.up, self.merge, strict=True):
            x = merge(torch.cat([features.pop(), up(x)], dim=1))
            decoded.append(x)
        logits = self.unfold(self.head(x))
        if self.side is None or not self.training:
            return logits
        sides = [side(each) for side, each in zip(self.side, decoded, strict=False)]
        return [logits, *reversed(sides)]


def build(
    outputs: int,
    inputs: int,
    *,
    width: Width = 16,
    depth: Literal[1, 2, 3, 4] = 4,
    dropout: Dropout = 0.0,
    stem: Literal[1, 2, 4] = 1,
    deep_supervision: bool = False,
) -> UNet:
    """About 1.9 million parameters as it stands.

    Args:
        width: Channels at full size.
        depth: How often the side is halved.
        dropout: Probability of dropping a channel of the smallest image.
        stem: How many times smaller than the slice the first resolution is: 2 trains about 4 times as
            fast, 4 about 16.
        deep_supervision: Whether, in training, every resolution of the decoder is to find the tumour too.
    """
    return UNet(outputs, inputs, width, depth, dropout, stem, deep_supervision)
