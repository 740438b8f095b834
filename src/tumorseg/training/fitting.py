"""The Lightning side of training: devices, checkpoints, early stopping and how the ranks meet."""

import io
import logging
import signal
import sys
import warnings
from pathlib import Path
from typing import Any, Literal

import lightning as L
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.strategies import DDPStrategy
from torch import nn

from tumorseg.data.slices import SplitArrays
from tumorseg.errors import UserError
from tumorseg.files import atomic_file
from tumorseg.memory import keep_freed_memory
from tumorseg.models.predict import pick_device
from tumorseg.progress import Pulse
from tumorseg.stage import Stopped
from tumorseg.training.batch_norm import share_batch_norm
from tumorseg.training.checkpoints import BEST, LATEST, epochs_done
from tumorseg.training.depthwise import depthwise_in_float32
from tumorseg.training.loading import loader
from tumorseg.training.ranks import KEY, Ranks
from tumorseg.training.recipe import Recipe
from tumorseg.training.segmenter import MONITOR, Segmenter
from tumorseg.types import Precision

SECONDS_BETWEEN_LINES = 60.0  # within an epoch, in a log

# Lightning's tips and its list of devices are not about the user's data.
logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
warnings.filterwarnings("ignore", message=".*does not have many workers.*")
warnings.filterwarnings("ignore", message=".*LeafSpec.*deprecated.*")
warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")  # it resumes
warnings.filterwarnings("ignore", message=".*sync_dist=True.*")  # what is logged is the same on every rank


class Heartbeat(Callback):
    """A line a minute in a log within an epoch, so that a long one is not taken for dead."""

    def __init__(self, name: str) -> None:
        self.name, self.pulse = name, Pulse(SECONDS_BETWEEN_LINES)

    def _beat(self, trainer: L.Trainer, split: str, batch: int, batches: float) -> None:
        if not trainer.is_global_zero:
            return
        epoch = f"{trainer.current_epoch + 1}/{trainer.max_epochs}"
        self.pulse.beat(f"{self.name} {epoch}: {split} batch {batch + 1} of {batches:g}")

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.pulse.restart()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._beat(trainer, "train", batch_idx, trainer.num_training_batches)

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        self._beat(trainer, "valid", batch_idx, trainer.num_val_batches[dataloader_idx])


class CheckpointsOfFirst(TorchCheckpointIO):
    """Checkpoints lie on the disk of rank 0, who reads them out to the others.

    They are written beside their place and renamed. Lightning moves its own there from the folder of
    temporary files, maybe of another disk: a full disk or a kill then leaves half a file in place of a whole.
    """

    def __init__(self, ranks: Ranks) -> None:
        super().__init__()
        self.ranks = ranks

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        # Of a full disk torch makes an error of its own, which does not say so.
        whole = io.BytesIO()
        torch.save(checkpoint, whole)
        with atomic_file(Path(path)) as temporary:
            temporary.write_bytes(whole.getbuffer())

    def load_checkpoint(self, path: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        loaded = super().load_checkpoint(path, *arguments, **options) if self.ranks.first else {}
        return self.ranks.from_first(loaded)


class PlainSigterm(Callback):
    """Keeps SIGTERM as the stage has it: in Lightning's handler ranks wait for each other, maybe for ever."""

    def __init__(self) -> None:
        self.handler = signal.getsignal(signal.SIGTERM)

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        signal.signal(signal.SIGTERM, self.handler)


class Patience(EarlyStopping):
    """Early stopping that a resumed run remembers: one that had stopped trains no further."""

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        trainer.should_stop = self.wait_count >= self.patience


def choose_precision(precision: Precision, accelerator: str) -> Literal["32-true", "bf16-mixed"]:
    """Resolve `auto`: bfloat16 where the processor computes in it, else float32."""
    if precision != "auto":
        return precision
    if accelerator != "cpu" and torch.cuda.is_available():
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = any(torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16"))
    return "bf16-mixed" if native else "32-true"


def fit_net(
    net: nn.Module,
    splits: dict[str, SplitArrays],
    statistics: tuple[float, float],
    recipe: Recipe,
    checkpoints: Path,
    ranks: Ranks,
) -> tuple[list[dict[str, Any]], int]:
    """Train `net` in place, resuming from `checkpoints` where a run was cut off.

    Returns:
        The curves, a row an epoch and split; and the epoch, counted from 1, with the highest valid
        Dice at its best threshold, whose weights `net` then has. The same on every rank.

    Raises:
        UserError: The loss diverged, the machine lacks the accelerator, or `check_ranks` found something.
    """
    keep_freed_memory()
    device = pick_device(recipe.compute.accelerator)  # says in a line what Lightning says in a traceback
    if ranks.size > 1:
        check_ranks(ranks, recipe, checkpoints.name, splits["train"])
        share_batch_norm(net, device)
    lengths = {split: len(arrays) for split, arrays in splits.items()}
    live = checkpoints / "curves.csv"
    net = net.to(memory_format=torch.channels_last)
    segmenter = Segmenter(net, recipe, splits["train"].classes, live, ranks, lengths)
    best, latest = _checkpoints(checkpoints)
    trainer = build_trainer(recipe, ranks, [best, latest])
    done = ranks.from_first(epochs_done(checkpoints) if ranks.first else 0)
    path = ranks.from_first(checkpoints / LATEST if done else None)
    if path and ranks.first:
        print(f"{recipe.name}: resuming from {path}", flush=True)
    train, valid = (
        loader(splits[split], split, statistics, recipe, ranks, done) for split in ("train", "valid")
    )
    try:
        with depthwise_in_float32(net, device):
            trainer.fit(segmenter, train, valid, ckpt_path=path, weights_only=True)
    except Stopped as stopped:
        stopped.then = f"the training of {recipe.name} resumes at epoch {epochs_done(checkpoints) + 1}"
        raise
    chosen = trainer.strategy.load_checkpoint(best.best_model_path, weights_only=True)
    segmenter.load_state_dict(chosen["state_dict"])
    return segmenter.curves, chosen["epoch"] + 1


def _checkpoints(folder: Path) -> tuple[ModelCheckpoint, ModelCheckpoint]:
    """What keeps the best and the latest epoch in a folder."""
    common: dict[str, Any] = {
        "dirpath": folder,
        "enable_version_counter": False,
        "save_on_train_epoch_end": True,
    }
    best = ModelCheckpoint(filename=Path(BEST).stem, monitor=MONITOR, mode="max", **common)
    # Not `save_last`, which skips all but the best.
    return best, ModelCheckpoint(filename=Path(LATEST).stem, **common)


def check_ranks(ranks: Ranks, recipe: Recipe, fingerprint: str, train: SplitArrays) -> None:
    """Refuse ranks that would stand idle, and hosts that would train something else than rank 0 does.

    Raises:
        UserError: On every rank alike.
    """
    if len(train) < ranks.size:
        raise UserError(f"{KEY}: {ranks.size} ranks, but train has {len(train)} slices; take fewer")
    compute = recipe.compute
    ranks.agree(
        {
            "digest of params, prepared data and code": fingerprint,
            "precision": choose_precision(compute.precision, compute.accelerator),
            "torch": torch.__version__,
        }
    )


def build_trainer(recipe: Recipe, ranks: Ranks, checkpoints: list[Callback]) -> L.Trainer:
    """Lightning's trainer of a recipe, which stops early; our samplers deal out the slices, not Lightning."""
    patience = Patience(MONITOR, mode="max", patience=recipe.train.patience, check_on_train_epoch_end=True)
    callbacks: list[Callback] = [*checkpoints, patience, Heartbeat(recipe.name)]
    if recipe.train.ema:  # validation, checkpoints and the net that is kept have the mean's weights
        callbacks.append(EMAWeightAveraging(decay=recipe.train.ema))
    if ranks.size > 1:
        callbacks.append(PlainSigterm())
    return L.Trainer(
        accelerator=recipe.compute.accelerator,
        strategy=DDPStrategy() if ranks.size > 1 else "auto",
        devices=ranks.local_size,
        num_nodes=ranks.size // ranks.local_size,
        plugins=[ranks.cluster, CheckpointsOfFirst(ranks)],
        use_distributed_sampler=False,
        precision=choose_precision(recipe.compute.precision, recipe.compute.accelerator),
        max_epochs=recipe.epochs,
        callbacks=callbacks,
        deterministic=True,
        num_sanity_val_steps=0,
        logger=False,
        enable_progress_bar=sys.stderr.isatty(),
        enable_model_summary=False,
    )
