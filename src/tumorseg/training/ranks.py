"""The ranks of a training: processes that train one net, each on its share of every batch.

The loss of each step is that of the whole batch. Every rank has the logits of all, and lets the gradient flow
through its own alone; their sum is the gradient that one process would have. So it holds for any loss.
"""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from tumorseg.errors import UserError
from tumorseg.models.predict import pick_device
from tumorseg.training.launch import launched_here, started_as_rank

if TYPE_CHECKING:
    from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment

Value = TypeVar("Value")
KEY = "params.yaml: train.ranks"


class LostRankError(UserError):
    """Another rank has ended; its own line says why."""


@dataclass(frozen=True)
class Ranks:
    """Which rank this process is, 0 being the one that writes and prints, and how to reach the others."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0  # on this host
    local_size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the rank that writes and prints."""
        return self.rank == 0

    @property
    def cluster(self) -> "ClusterEnvironment":
        """Where Lightning reads the ranks and the address of rank 0; a lone process asks nobody."""
        # Seconds, which a baseline need not wait for.
        from lightning.fabric.plugins.environments.lightning import LightningEnvironment
        from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
        from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment

        if self.size == 1:
            return LightningEnvironment()
        if TorchElasticEnvironment.detect():
            return TorchElasticEnvironment()
        return SLURMEnvironment(auto_requeue=False)

    def shares(self, slices: int) -> list[int]:
        """How many slices of a batch each rank has, in order; they differ by one at most."""
        return [len(part) for part in np.array_split(np.arange(slices), self.size)]

    def gather(self, tensor: Tensor, slices: int) -> Tensor:
        """The whole batch, (slices, …), of this rank's share; the gradient reaches this share alone.

        Args:
            tensor: (N, …). Where this rank's share of the batch is empty, it is of a slice that is left out.
            slices: In the whole batch.
        """
        if self.size == 1:
            return tensor
        shares = self.shares(slices)
        tensor = tensor[: shares[self.rank]]
        padded = tensor.new_zeros(max(shares), *tensor.shape[1:])
        padded[: len(tensor)] = tensor.detach()
        parts = [torch.empty_like(padded) for _ in shares]
        dist.all_gather(parts, padded)
        own = [part[:share] for part, share in zip(parts, shares, strict=True)]
        own[self.rank] = tensor
        return torch.cat(own)

    def total(self, counts: np.ndarray, device: torch.device) -> np.ndarray:
        """The sum over all ranks of int64 counts, exact; it passes through `device`."""
        if self.size == 1:
            return counts
        tensor = torch.from_numpy(counts).to(device)
        dist.all_reduce(tensor)
        return tensor.cpu().numpy()

    def from_first(self, value: Value) -> Value:
        """What rank 0 has, on every rank."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box)
        return box[0]

    def agree(self, facts: dict[str, str]) -> None:
        """Check that every rank has the same facts.

        Raises:
            UserError: On each rank alike: one differs from rank 0; the message names its host and the facts.
        """
        if self.size == 1:
            return
        answers: list[Any] = [None] * self.size
        dist.all_gather_object(answers, (socket.gethostname(), facts))
        host, expected = answers[0]
        for rank, (other, given) in enumerate(answers):
            if wrong := [
                f"{key}: {given[key]}, not {expected[key]}" for key in facts if given[key] != expected[key]
            ]:
                raise UserError(f"rank {rank} on {other} is not as rank 0 on {host}: {'; '.join(wrong)}")


@contextmanager
def joined(expected: int, accelerator: str) -> Iterator[Ranks]:
    """Meet the other ranks; what one of them raises becomes a line, and is left to whoever started it.

    Args:
        expected: How many there are to be, `train.ranks`.
        accelerator: Of params.yaml. Ranks on GPUs talk by NCCL, others by Gloo.

    Raises:
        UserError: Another number was started; a machine has fewer GPUs than ranks; another rank has ended.
    """
    try:
        ranks = _find(expected)
        if ranks.size > 1:
            _meet(ranks, accelerator)
        yield ranks
        if ranks.size > 1:
            dist.barrier()  # so that none ends while another still needs its connection
            dist.destroy_process_group()
    except Exception as error:
        lost = _is_lost(error)
        if lost:
            line = str(error).strip().splitlines()[0]
            error = LostRankError(
                f"{KEY}: another rank ended, or was never met; its own line says why ({line})"
            )
        if launched_here():
            signal.signal(
                signal.SIGTERM, signal.SIG_IGN
            )  # which the ranks that are left get: it ends already
            from torch.distributed.elastic.multiprocessing.errors import get_error_handler

            get_error_handler().record_exception(error)  # for the stage, which prints it
            raise SystemExit(1) from None
        if lost:
            raise error from None
        raise


def _find(expected: int) -> Ranks:
    """This process among the ranks that the environment tells of."""
    torchrun = "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"
    srun = "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_NTASKS_PER_NODE"
    if not started_as_rank():
        ranks = Ranks()
    elif "TORCHELASTIC_RUN_ID" in os.environ:
        ranks = Ranks(*(int(os.environ[name]) for name in torchrun))
    elif all(name in os.environ for name in srun):
        ranks = Ranks(*(int(os.environ[name]) for name in srun))
    else:
        raise UserError(
            "TUMORSEG_LAUNCHER: its processes know no ranks; use torchrun, or srun with --ntasks-per-node"
        )
    if ranks.size != expected:
        raise UserError(f"{KEY}: is {expected}, but {ranks.size} were started; make them the same")
    if ranks.size % ranks.local_size:
        raise UserError(
            f"{KEY}: {ranks.size} ranks, {ranks.local_size} of them on this host; give each host as many"
        )
    return ranks


def _meet(ranks: Ranks, accelerator: str) -> None:
    device = pick_device(accelerator)
    if device.type == "mps":
        raise UserError(f"{KEY}: {ranks.size} ranks need a GPU of CUDA each, or compute.accelerator: cpu")
    if device.type == "cuda":
        gpus = torch.cuda.device_count()
        if gpus < ranks.local_size:
            raise UserError(
                f"{KEY}: {ranks.local_size} ranks on {socket.gethostname()}, which has {gpus} GPUs in sight; "
                "start one a GPU, each with all GPUs in sight, or set compute.accelerator: cpu"
            )
        torch.cuda.set_device(ranks.local_rank)
    if not ranks.first:  # nothing of it is to be tidied up, and none is to wait for another's tidying up
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    cluster = ranks.cluster
    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = cluster.main_address, str(cluster.main_port)
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, rank=ranks.rank, world_size=ranks.size)


def _is_lost(error: Exception) -> bool:
    """Whether it is about the connection to another rank."""
    # Gloo raises plain RuntimeErrors, whose text names the file of Gloo that they are from.
    gloo = isinstance(error, RuntimeError) and "gloo" in str(error).lower()
    return gloo or isinstance(error, dist.DistError)
