"""Depthwise convolutions on a CPU, which compute in float32 while the rest of a net is in bfloat16."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def depthwise_in_float32(net: nn.Module, device: torch.device) -> Iterator[None]:
    """Within it, `net` and its copies leave autocast for the convolutions that `_is_slow` names.

    On a GPU nothing changes.
    """
    hooks = []
    for module in net.modules() if device.type == "cpu" else ():
        if isinstance(module, nn.Conv2d) and _is_slow(module):
            hooks.append(module.register_forward_pre_hook(_leave_autocast))
            hooks.append(module.register_forward_hook(_return_to_autocast, always_call=True))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _is_slow(module: nn.Conv2d) -> bool:
    """Whether it is a depthwise convolution with stride, or with more than 3×3 weights.

    oneDNN has no fast kernel in bfloat16 for the gradient of its input with stride, which takes up to 190
    times as long as in float32, nor for that of its weights where they are 5×5, up to 10 times
    (`python bench/depthwise.py`).
    """
    depthwise = module.groups == module.in_channels > 1
    return depthwise and (max(module.stride) > 1 or max(module.kernel_size) > 3)


def _leave_autocast(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    module.left_autocast = torch.is_autocast_enabled("cpu")  # type: ignore[assignment]  # a plain attribute
    torch.set_autocast_enabled("cpu", False)
    return tuple(each.float() for each in inputs)


def _return_to_autocast(module: nn.Module, inputs: Any, output: Any) -> None:
    torch.set_autocast_enabled("cpu", bool(module.left_autocast))
