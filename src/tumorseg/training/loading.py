"""Batches of prepared slices, the same whatever the number of loader processes."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from tumorseg.data.slices import SplitArrays
from tumorseg.training.augmentation import Augmentation, paste_tumor
from tumorseg.training.ranks import Ranks
from tumorseg.training.recipe import Recipe


def derive_seed(*parts: int) -> int:
    """A seed that depends on all parts, well mixed, so that neighbouring epochs do not correlate."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


def channels_first(arrays: np.ndarray) -> Tensor:
    """Slices or masks (N, S, S) as float32 (N, 1, S, S); in colour, (N, S, S, 3) as (N, 3, S, S)."""
    tensor = torch.from_numpy(np.array(arrays, np.float32))
    return tensor[:, None] if tensor.dim() == 3 else tensor.movedim(-1, 1).contiguous()


class SliceDataset(Dataset[tuple[Tensor, Tensor]]):
    """Normalised slices, float32 (C, S, S), and masks, (1, S, S), augmented by (seed, epoch, index) alone.

    An item is asked for by (epoch, index): loader processes keep no epoch of their own.
    """

    def __init__(
        self, arrays: SplitArrays, mean: float, std: float, augmentation: Augmentation | None, seed: int
    ) -> None:
        self.arrays, self.mean, self.std = arrays, mean, std
        self.augmentation, self.seed = augmentation, seed

    def __len__(self) -> int:
        return len(self.arrays)

    def __getitem__(self, item: tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, index = item
        augmentation = self.augmentation
        pair = self._augmented(augmentation, epoch, index) if augmentation else self._plain(index)
        image, mask = (channels_first(array[None])[0] for array in pair)
        return (image / 255 - self.mean) / self.std, mask

    def _plain(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self.arrays.images[index], self.arrays.masks[index]

    def _augmented(self, augmentation: Augmentation, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        pair = augmentation(*self._plain(index), derive_seed(self.seed, epoch, index))
        rng = np.random.default_rng([self.seed, epoch, index])
        if rng.random() < augmentation.params.paste:
            other = int(rng.integers(len(self)))
            donor = augmentation(*self._plain(other), derive_seed(self.seed, epoch, index, other))
            pair = paste_tumor(*pair, *donor)
        return pair


class EpochSampler(Sampler[tuple[int, int]]):
    """Yields (epoch, index); the order of each epoch depends on (seed, epoch) alone.

    Args:
        length: How many slices there are.
        seed: Of the recipe.
        shuffle: Whether the order is drawn, or that of the slices.
        epoch: The first one, from 0. Loader processes are asked for its batches before `set_epoch` is called.
    """

    def __init__(self, length: int, seed: int, shuffle: bool, epoch: int) -> None:
        self.length, self.seed, self.shuffle, self.epoch = length, seed, shuffle, epoch

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[tuple[int, int]]:
        order = np.arange(self.length)
        if self.shuffle:
            np.random.default_rng([self.seed, self.epoch]).shuffle(order)
        epoch = self.epoch
        return ((epoch, int(index)) for index in order)


class ShareSampler(Sampler[list[tuple[int, int]]]):
    """Yields this rank's share of each batch: of the same batches, whatever the number of ranks."""

    def __init__(self, order: EpochSampler, batch_size: int, ranks: Ranks) -> None:
        self.sampler = order  # by this name Lightning finds it, to tell it the epoch
        self.batch_size, self.ranks = batch_size, ranks

    def __len__(self) -> int:
        return -(-len(self.sampler) // self.batch_size)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        order, rank = iter(self.sampler), self.ranks.rank
        while batch := list(islice(order, self.batch_size)):
            shares = self.ranks.shares(len(batch))
            share = batch[sum(shares[:rank]) : sum(shares[: rank + 1])]
            # Not every net takes a batch of none. What it makes of this slice is left out, but by batch norm.
            yield share or [batch[rank % len(batch)]]


def loader(
    arrays: SplitArrays,
    split: str,
    statistics: tuple[float, float],
    recipe: Recipe,
    ranks: Ranks,
    epoch: int,
) -> DataLoader:
    """Batches of a split from an epoch on, the same whatever the number of loader processes.

    Only train is shuffled and augmented.
    """
    augmentation = Augmentation(recipe.augment) if split == "train" else None
    workers = recipe.compute.workers
    order = EpochSampler(len(arrays), recipe.seed, shuffle=split == "train", epoch=epoch)
    return DataLoader(
        SliceDataset(arrays, *statistics, augmentation, recipe.seed),
        batch_sampler=ShareSampler(order, recipe.train.batch_size, ranks),
        num_workers=workers,
        persistent_workers=workers > 0,
    )
