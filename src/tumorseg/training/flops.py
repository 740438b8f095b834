"""The computing cost of one prediction."""

from copy import deepcopy

import torch
from torch import nn

from tumorseg.models.baseline import Baseline


@torch.inference_mode()
def count_gflops(net: nn.Module, size: int, channels: int = 1) -> float:
    """Floating-point operations of one forward pass of one slice, in units of 10⁹; 0 for a baseline.

    Counted by torch.utils.flop_counter: two for each multiply-add of convolutions and matrix products,
    those within recurrent cells too; the rest (norms, activations, pooling) is left out, as is usual.

    Args:
        net: In any mode, on any device; it is left as it is. A copy is counted on the CPU, since a GPU's
            recurrent kernels hide their products from the counter.
        size: Pixels a side.
        channels: Of a slice.
    """
    from torch.utils.flop_counter import FlopCounterMode

    if isinstance(net, Baseline):
        return 0.0
    copy = deepcopy(net).cpu().eval()
    with FlopCounterMode(display=False) as counter:
        copy(torch.zeros(1, channels, size, size))
    return float(counter.get_total_flops() / 1e9)
