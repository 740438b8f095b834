"""Convolutions down, then recurrent sweeps over rows and columns, then transpose convolutions up.

After ReNet (Visin et al. 2015) and ReSeg (Visin et al. 2016): each row of the latent image is read from
left to right and from right to left, then each column of the result downwards and upwards, so that
every latent pixel has seen the whole slice.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from tumorseg.models.layers import conv_relu, upsample
from tumorseg.types import Width

CELLS = {"rnn": nn.RNN, "gru": nn.GRU}


class Sweep(nn.Module):
    """A bidirectional recurrent cell along the rows, then one along the columns.

    Shapes: (N, inputs, H, W) in, (N, 2 · hidden, H, W) out.
    """

    def __init__(self, inputs: int, hidden: int, cell: str) -> None:
        super().__init__()
        recurrent = CELLS[cell]
        self.rows = recurrent(inputs, hidden, batch_first=True, bidirectional=True)
        self.columns = recurrent(2 * hidden, hidden, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        n, _, height, width = x.shape
        rows, _ = self.rows(x.permute(0, 2, 3, 1).reshape(n * height, width, -1))
        columns = rows.reshape(n, height, width, -1).transpose(1, 2).reshape(n * width, height, -1)
        columns, _ = self.columns(columns)
        return columns.reshape(n, width, height, -1).permute(0, 3, 2, 1).contiguous()


class ReNet(nn.Module):
    """Latent images of an eighth of the side are swept; three transpose convolutions lead back."""

    def __init__(self, outputs: int, inputs: int, hidden: int, cell: str) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            conv_relu(inputs, 32),
            nn.MaxPool2d(2),
            conv_relu(32, 64),
            nn.MaxPool2d(2),
            conv_relu(64, 64),
            nn.MaxPool2d(2),
        )
        self.sweep = Sweep(64, hidden, cell)
        self.decoder = nn.Sequential(
            upsample(2 * hidden, 64), nn.ReLU(), upsample(64, 32), nn.ReLU(), upsample(32, outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        # Recurrent kernels have no bfloat16 on every processor; the sweep is the cheap part.
        latent = self.encoder(x)
        with torch.autocast(x.device.type, enabled=False):
            latent = self.sweep(latent.float())
        return self.decoder(latent)


def build(outputs: int, inputs: int, *, cell: Literal["rnn", "gru"] = "gru", hidden: Width = 32) -> ReNet:
    """118,177 parameters as it stands.

    Args:
        cell: Elman's plain recurrent cell, or the gated one.
        hidden: Size of the state, in each of the four directions.
    """
    return ReNet(outputs, inputs, hidden, cell)
