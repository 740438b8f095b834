"""Depthwise convolutions within bfloat16 autocast."""

import copy

import pytest
import timm
import torch
from torch import nn

from tumorseg.training.depthwise import depthwise_in_float32

CPU = torch.device("cpu")
HALF, FULL = torch.bfloat16, torch.float32


def autocast() -> torch.autocast:
    return torch.autocast("cpu", HALF)


class Types(nn.Module):
    """Convolutions of all kinds, whose outputs' types it tells: of the slow ones, of the others."""

    def __init__(self) -> None:
        super().__init__()
        wide = nn.Conv2d(4, 4, (1, 7), groups=4)
        self.slow = nn.ModuleList([nn.Conv2d(4, 4, 5, groups=4), nn.Conv2d(4, 8, 3, 2, groups=4), wide])
        plain = [nn.Conv2d(4, 4, 5), nn.Conv2d(4, 1, 3, 2)]
        self.others = nn.ModuleList([nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 4, 5, groups=2), *plain])
        self.single = nn.Conv2d(1, 1, 5, 2)

    def forward(self, x: torch.Tensor) -> tuple[set[torch.dtype], set[torch.dtype]]:
        others = [*(each(x) for each in self.others), self.single(x[:, :1])]
        return {each(x).dtype for each in self.slow}, {each.dtype for each in others}


def test_slow_depthwise_ones_alone_are_in_float32_and_so_are_those_of_a_copy():
    net, x = Types(), torch.rand(1, 4, 16, 16)
    with depthwise_in_float32(net, CPU):
        twin = copy.deepcopy(net)  # such as the running mean of the weights
        with autocast():
            assert net(x) == twin(x) == ({FULL}, {HALF})
        assert net(x) == ({FULL}, {FULL})  # without autocast nothing changes
        assert not torch.is_autocast_enabled("cpu")
    with autocast():
        assert net(x) == ({HALF}, {HALF})
    assert net.state_dict().keys() == Types().state_dict().keys()


def test_on_a_gpu_nothing_changes():
    net = Types()
    with depthwise_in_float32(net, torch.device("cuda")), autocast():
        assert net(torch.rand(1, 4, 16, 16)) == ({HALF}, {HALF})


def test_an_error_within_leaves_autocast_as_it_was():
    net = nn.Conv2d(4, 4, 5, groups=4)
    with depthwise_in_float32(net, CPU), autocast():
        with pytest.raises(RuntimeError):
            net(torch.rand(1, 5, 8, 8))
        assert torch.is_autocast_enabled("cpu")


def test_convolutions_of_timm_that_pad_by_themselves_are_found():
    net = timm.create_model("tf_efficientnet_lite0", in_chans=1).train()
    kinds = {}
    for name, module in net.named_modules():
        if name.endswith("conv_dw"):
            module.register_forward_hook(
                lambda module, _, out: kinds.update({(module.stride[0], module.kernel_size[0]): out.dtype})
            )
    with depthwise_in_float32(net, CPU), autocast():
        net(torch.rand(2, 1, 64, 64))
    assert kinds == {(1, 3): HALF, (2, 3): FULL, (1, 5): FULL, (2, 5): FULL}
