"""Batch norm whose statistics are those of the whole batch, where ranks share it."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


class _TotalOfRanks(torch.autograd.Function):
    """The sum over all ranks; so is its gradient."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        total = tensor.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        dist.all_reduce(total)
        return total


def _nothing(x: Tensor) -> Tensor:
    return x


class SharedBatchNorm(nn.BatchNorm2d):
    """What `nn.SyncBatchNorm` is on GPUs, where alone it trains, in plain operations; of any axes."""

    def _check_input_dim(self, input: Tensor) -> None:
        """Channels are axis 1, whatever the others are."""

    def forward(self, x: Tensor) -> Tensor:
        x = self._normalise(x) if self.training else super().forward(x)
        # timm's batch norms, as EfficientNet has them, are followed by an activation of their own.
        for name in ("drop", "act"):
            x = getattr(self, name, _nothing)(x)
        return x

    def _normalise(self, x: Tensor) -> Tensor:
        values = x.to(torch.promote_types(x.dtype, torch.float32))
        over = [axis for axis in range(x.dim()) if axis != 1]
        shape = [-1 if axis == 1 else 1 for axis in range(x.dim())]
        values_of_ranks = torch.tensor(x.numel() // x.shape[1])
        dist.all_reduce(values_of_ranks)
        count = int(values_of_ranks)
        # In two passes: the mean of squares less the square of the mean would lose digits.
        mean = _TotalOfRanks.apply(values.sum(over)) / count
        centred = values - mean.view(shape)
        variance = _TotalOfRanks.apply((centred**2).sum(over)) / count
        self._remember(mean.detach(), variance.detach() * count / (count - 1))
        result = centred * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            result = result * self.weight.view(shape) + self.bias.view(shape)
        return result.to(x.dtype)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics, which evaluation uses, as `nn.BatchNorm2d` does."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        weight = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, weight)
        self.running_var.lerp_(variance, weight)


def share_batch_norm(net: nn.Module, device: torch.device) -> None:
    """Have every batch norm in `net` use the statistics of all ranks; names of weights stay as they are."""
    if device.type == "cuda":
        # Not PyTorch's own, which loses the activations of timm's. Only here: timm takes a second to import.
        from timm.layers import convert_sync_batchnorm

        convert_sync_batchnorm(net)
        return
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            module.__class__ = SharedBatchNorm
