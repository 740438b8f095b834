"""The Lightning side of training: a net, its loss and its curves, reproducible epoch by epoch."""

import logging
import sys
import time
import warnings
from pathlib import Path
from typing import Any, Literal

import lightning as L
import numpy as np
import pandas as pd
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from tumorseg.data.slices import SplitArrays
from tumorseg.errors import UserError
from tumorseg.files import write_csv
from tumorseg.metrics import STEPS, count_pixels, quantise, summarise_counts
from tumorseg.models.predict import pick_device, to_probabilities, tumor_probability
from tumorseg.models.registry import channels
from tumorseg.progress import Pulse
from tumorseg.stage import Stopped
from tumorseg.training.checkpoints import BEST, LATEST, epochs_done
from tumorseg.training.loading import derive_seed, loader
from tumorseg.training.losses import build_loss, deep_loss
from tumorseg.training.recipe import Recipe
from tumorseg.types import Precision

MONITOR = "valid_best_dice"
SECONDS_BETWEEN_LINES = 60.0  # within an epoch, in a log

# Lightning's tips and its list of devices are not about the user's data.
logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
warnings.filterwarnings("ignore", message=".*does not have many workers.*")
warnings.filterwarnings("ignore", message=".*LeafSpec.*deprecated.*")
warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")  # it resumes


class EpochScores:
    """Running loss and pixel counts of one split's epoch."""

    def __init__(self) -> None:
        self.loss, self.slices = 0.0, 0
        self.counts = np.zeros((2, STEPS), dtype=np.int64)

    def add(self, loss: Tensor, logits: Tensor, masks: Tensor) -> None:
        """Add a batch."""
        self.loss += float(loss.detach()) * len(masks)
        self.slices += len(masks)
        quantised = quantise(tumor_probability(to_probabilities(logits.detach().float())).cpu().numpy())
        self.counts += count_pixels(quantised, masks.cpu().numpy()).sum(0)

    def row(self) -> dict[str, float]:
        """Mean loss; accuracy and Dice at 0.5; Dice at the threshold that is best here."""
        return {"loss": self.loss / self.slices, **summarise_counts(self.counts)}


class Segmenter(L.LightningModule):
    """Trains `net` with AdamW and a one-cycle schedule; `curves` has a row an epoch and split.

    After each epoch they are written to `live` too, where `tumorseg watch` reads them.
    """

    def __init__(self, net: nn.Module, recipe: Recipe, classes: list[str], live: Path) -> None:
        super().__init__()
        self.net, self.recipe, self.live = net, recipe, live
        # Given, since this net learns: params.yaml is checked for that.
        self.loss = build_loss(str(recipe.model.loss), recipe.pos_weight, channels(classes))
        self.curves: list[dict[str, Any]] = []
        self.scores: dict[str, EpochScores] = {}

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        lr = self.recipe.train.lr
        optimizer = torch.optim.AdamW(self.net.parameters(), lr, weight_decay=self.recipe.train.weight_decay)
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_train_epoch_start(self) -> None:
        self.scores = {"train": EpochScores(), "valid": EpochScores()}
        self.started = time.monotonic()

    def _step(self, batch: tuple[Tensor, Tensor], split: str) -> Tensor:
        images, masks = batch
        outputs = self.net(images.contiguous(memory_format=torch.channels_last))
        logits = [each.float() for each in (outputs if isinstance(outputs, list) else [outputs])]
        loss = deep_loss(self.loss, logits, masks)
        if not torch.isfinite(loss):
            raise UserError(
                f"{self.recipe.name}: the {split} loss is {loss:.0f}; lower train.lr in params.yaml"
            )
        self.scores[split].add(loss, logits[0], masks)
        return loss

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        # Dropout draws from the global generator. Tied to the step, it draws the same after a resume,
        # and whatever loader processes have drawn from that generator in between.
        torch.manual_seed(derive_seed(self.recipe.seed, self.global_step))
        return self._step(batch, "train")

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        self._step(batch, "valid")

    def on_validation_epoch_end(self) -> None:
        self.log(MONITOR, self.scores["valid"].row()["best_dice"])

    def on_train_epoch_end(self) -> None:
        epoch, last = self.current_epoch + 1, self.trainer.max_epochs
        rows = {split: epoch_scores.row() for split, epoch_scores in self.scores.items()}
        self.curves += [{"epoch": epoch, **row, "split": split} for split, row in rows.items()]
        write_csv(self.live, pd.DataFrame(self.curves).assign(model=self.recipe.name, epochs=last))
        train, valid = rows["train"], rows["valid"]
        print(
            f"{self.recipe.name} {epoch}/{last}: loss {train['loss']:.3f} train, {valid['loss']:.3f} valid; "
            f"best Dice {train['best_dice']:.3f} train, {valid['best_dice']:.3f} valid "
            f"({time.monotonic() - self.started:.1f} s)",
            flush=True,
        )

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["curves"] = self.curves

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        self.curves = checkpoint["curves"]


class Heartbeat(Callback):
    """A line a minute in a log within an epoch, so that a long one is not taken for dead."""

    def __init__(self, name: str) -> None:
        self.name, self.pulse = name, Pulse(SECONDS_BETWEEN_LINES)

    def _beat(self, trainer: L.Trainer, split: str, batch: int, batches: float) -> None:
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


def _trainer(recipe: Recipe, checkpoints: Path) -> tuple[L.Trainer, ModelCheckpoint]:
    """A trainer that keeps the latest and the best epoch in a folder, and what keeps the best."""
    common: dict[str, Any] = {
        "dirpath": checkpoints,
        "enable_version_counter": False,
        "save_on_train_epoch_end": True,
    }
    best = ModelCheckpoint(filename=Path(BEST).stem, monitor=MONITOR, mode="max", **common)
    latest = ModelCheckpoint(
        filename=Path(LATEST).stem, **common
    )  # not `save_last`, which skips all but the best
    patience = Patience(MONITOR, mode="max", patience=recipe.train.patience, check_on_train_epoch_end=True)
    callbacks: list[Callback] = [best, latest, patience, Heartbeat(recipe.name)]
    if recipe.train.ema:  # validation, checkpoints and the net that is kept have the mean's weights
        callbacks.append(EMAWeightAveraging(decay=recipe.train.ema))
    trainer = L.Trainer(
        accelerator=recipe.compute.accelerator,
        devices=1,
        precision=choose_precision(recipe.compute.precision, recipe.compute.accelerator),
        max_epochs=recipe.epochs,
        callbacks=callbacks,
        deterministic=True,
        num_sanity_val_steps=0,
        logger=False,
        enable_progress_bar=sys.stderr.isatty(),
        enable_model_summary=False,
    )
    return trainer, best


def fit_net(
    net: nn.Module,
    splits: dict[str, SplitArrays],
    statistics: tuple[float, float],
    recipe: Recipe,
    checkpoints: Path,
) -> tuple[list[dict[str, Any]], int]:
    """Train `net` in place, resuming from `checkpoints` where a run was cut off.

    Returns:
        The curves, a row an epoch and split; and the epoch, counted from 1, with the highest valid
        Dice at its best threshold, whose weights `net` then has.
    """
    pick_device(recipe.compute.accelerator)  # says in a line what Lightning says in a traceback
    classes = splits["train"].classes
    live = checkpoints / "curves.csv"
    segmenter = Segmenter(net.to(memory_format=torch.channels_last), recipe, classes, live)
    trainer, best = _trainer(recipe, checkpoints)
    done = epochs_done(checkpoints)
    resume = checkpoints / LATEST if done else None
    if resume:
        print(f"{recipe.name}: resuming from {resume}", flush=True)
    train, valid = (loader(splits[split], split, statistics, recipe) for split in ("train", "valid"))
    try:
        trainer.fit(segmenter, train, valid, ckpt_path=resume, weights_only=True)
    except Stopped as stopped:
        stopped.then = f"the training of {recipe.name} resumes at epoch {epochs_done(checkpoints) + 1}"
        raise
    chosen = torch.load(best.best_model_path, weights_only=True)
    segmenter.load_state_dict(chosen["state_dict"])
    return segmenter.curves, chosen["epoch"] + 1
