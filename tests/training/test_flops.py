import torch

from tumorseg.models.registry import build_model
from tumorseg.training.flops import count_gflops


def test_simple_cnn_by_hand():
    # Two for each weight and output pixel: 3×3 convolutions, then transpose convolutions, where each
    # pixel meets each weight once.
    down = 128**2 * 32 * 9 + 64**2 * 64 * 32 * 9
    up = 32**2 * 64 * 32 * 4 + 64**2 * 32 * 4
    assert count_gflops(build_model("simple_cnn").eval(), 128) == 2 * (down + up) / 1e9


def test_recurrent_cells_are_counted():
    gru, rnn = (build_model("renet", cell=cell, hidden=32).eval() for cell in ("gru", "rnn"))
    # A GRU has 3 gates, an RNN 1, of weights (inputs 64 + state 32) × 32, in two directions of two sweeps
    # over the 16×16 latent pixels.
    gate = 2 * 2 * 16**2 * (64 + 32) * 32
    difference = count_gflops(gru, 128) - count_gflops(rnn, 128)
    assert round(difference * 1e9) == 2 * 2 * gate  # two operations of each of two more gates


def test_what_learns_nothing_costs_nothing():
    net = build_model("nearest_slice")
    net.fit(torch.rand(3, 1, 32, 32), torch.zeros(3, 1, 32, 32))
    assert count_gflops(net, 32) == 0
