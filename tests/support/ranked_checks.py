"""What two ranks make of their shares, against what one process makes of the whole batch.

It is run as two ranks; whatever differs ends it with an AssertionError. All of it is in float64.
"""

from copy import deepcopy

import numpy as np
import torch
import torch.distributed as dist
from timm.layers import BatchNormAct2d
from torch import Tensor, nn

from tumorseg.training.batch_norm import share_batch_norm
from tumorseg.training.losses import build_loss
from tumorseg.training.ranks import Ranks, joined

SHARES = [3, 2]  # of 5 slices


def same(one: Tensor, other: Tensor, what: str) -> None:
    torch.testing.assert_close(one, other, rtol=0, atol=1e-10, msg=f"{what}: {one} {other}")


def own(batch: Tensor, ranks: Ranks) -> Tensor:
    return batch.split(SHARES)[ranks.rank]


def check_losses(ranks: Ranks) -> None:
    """Each loss and its gradient are those of the whole batch."""
    torch.manual_seed(1)
    for outputs in (1, 3):
        logits = torch.randn(5, outputs, 6, 6, dtype=torch.float64)
        masks = torch.randint(0, max(outputs, 2), (5, 1, 6, 6)).double()
        masks[1:3] = 0  # slices without tumour, one at the edge of a share
        for name in ("bce", "dice", "slice_dice", "bce_dice", "bce_slice_dice", "focal", "tversky"):
            loss = build_loss(name, 5.0, outputs).double()
            whole = logits.clone().requires_grad_()
            share = own(logits, ranks).clone().requires_grad_()
            expected = loss(whole, masks)
            shared = loss(ranks.gather(share, 5), ranks.gather(own(masks, ranks), 5))
            same(shared, expected, name)
            expected.backward()
            shared.backward()
            same(share.grad, own(whole.grad, ranks), name)


def check_an_empty_share(ranks: Ranks) -> None:
    """Of a batch of one slice the second rank has none: what it made of another slice is left out."""
    value = torch.full((1, 2), float(ranks.rank), requires_grad=True)
    whole = ranks.gather(value, 1)
    assert whole.tolist() == [[0.0, 0.0]]
    whole.sum().backward()
    assert value.grad.tolist() == [[1.0, 1.0]] if ranks.first else [[0.0, 0.0]]


def check_batch_norm(ranks: Ranks) -> None:
    """Outputs, gradients and running statistics are those of the whole batch."""
    torch.manual_seed(0)
    norms = nn.BatchNorm2d(3), BatchNormAct2d(4)  # the second has its ReLU inside
    net = nn.Sequential(nn.Conv2d(1, 3, 3), norms[0], nn.ReLU(), nn.Conv2d(3, 4, 3), norms[1])
    nets = [net.append(nn.Conv2d(4, 1, 3)).double(), deepcopy(net)]
    share_batch_norm(nets[1], torch.device("cpu"))
    batch = 3 + 2 * torch.randn(5, 1, 8, 8, dtype=torch.float64)
    outputs = nets[0](batch), ranks.gather(nets[1](own(batch, ranks)), 5)
    same(outputs[1], outputs[0], "outputs")
    for each in outputs:
        (each.sigmoid().sum() / each.square().mean()).backward()  # no sum over slices
    for name, weights in nets[0].named_parameters():
        gradient = nets[1].get_parameter(name).grad
        dist.all_reduce(gradient)
        same(gradient, weights.grad, name)
    for name, buffer in nets[0].named_buffers():
        same(nets[1].get_buffer(name), buffer, name)
    same(nets[1].eval()(batch), nets[0].eval()(batch), "evaluation")


def check_counts(ranks: Ranks) -> None:
    """Sums that floats could not hold are exact."""
    large = 2**53 + 1
    total = ranks.total(np.array([large, ranks.rank], np.int64), torch.device("cpu"))
    assert total.tolist() == [2 * large, 1]


if __name__ == "__main__":
    with joined(2, "cpu") as met:
        for check in (check_losses, check_an_empty_share, check_batch_norm, check_counts):
            check(met)
        if met.first:
            print("all the same")
