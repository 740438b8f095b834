"""What Lightning trains: a net with its loss, its steps and its curves, reproducible step by step."""

import time
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import pandas as pd
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from tumorseg.errors import UserError
from tumorseg.files import write_csv
from tumorseg.metrics import STEPS, count_pixels, quantise, summarise_counts
from tumorseg.models.predict import to_probabilities, tumor_probability
from tumorseg.models.registry import channels
from tumorseg.training.loading import derive_seed
from tumorseg.training.losses import build_loss, deep_loss
from tumorseg.training.ranks import Ranks
from tumorseg.training.recipe import Recipe

MONITOR = "valid_best_dice"


class EpochScores:
    """Running loss and pixel counts of one split's epoch."""

    def __init__(self) -> None:
        self.loss, self.slices = 0.0, 0
        self.counts = np.zeros((2, STEPS), dtype=np.int64)

    def add(self, loss: Tensor, slices: int, logits: Tensor, masks: Tensor) -> None:
        """Add the loss of a batch of so many slices, and the pixels of this rank's share of it."""
        self.loss += float(loss.detach()) * slices
        self.slices += slices
        quantised = quantise(tumor_probability(to_probabilities(logits.detach().float())).cpu().numpy())
        self.counts += count_pixels(quantised, masks.cpu().numpy()).sum(0)

    def row(self, ranks: Ranks, device: torch.device) -> dict[str, float]:
        """Mean loss; accuracy and Dice at 0.5; Dice at the threshold that is best here. Of all ranks."""
        counts = ranks.total(self.counts, device)
        return {"loss": self.loss / self.slices, **summarise_counts(counts)}


class Segmenter(L.LightningModule):
    """Trains `net` with AdamW and a one-cycle schedule; `curves` has a row an epoch and split.

    After each epoch they are written to `live` too, where `tumorseg watch` reads them.

    Args:
        net: Gets float32 (N, 1, S, S).
        recipe: What to train, and how.
        classes: Of tumour.
        live: A CSV file.
        ranks: That share each batch.
        lengths: How many slices each split has.
    """

    def __init__(
        self,
        net: nn.Module,
        recipe: Recipe,
        classes: list[str],
        live: Path,
        ranks: Ranks,
        lengths: dict[str, int],
    ) -> None:
        super().__init__()
        self.net, self.recipe, self.live = net, recipe, live
        self.ranks, self.lengths = ranks, lengths
        # Given, since this net learns: params.yaml is checked for that.
        self.loss = build_loss(str(recipe.model.loss), recipe.pos_weight, channels(classes))
        self.curves: list[dict[str, Any]] = []
        self.scores: dict[str, EpochScores] = {}
        self.rows: dict[str, dict[str, float]] = {}

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        lr = self.recipe.train.lr
        optimizer = torch.optim.AdamW(self.net.parameters(), lr, weight_decay=self.recipe.train.weight_decay)
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_train_epoch_start(self) -> None:
        self.scores = {"train": EpochScores(), "valid": EpochScores()}
        self.started = time.monotonic()

    def _step(self, batch: tuple[Tensor, Tensor], number: int, split: str) -> Tensor:
        """The loss of batch `number`, of which `batch` is this rank's share."""
        images, masks = batch
        outputs = self.net(images.contiguous(memory_format=torch.channels_last))
        logits = [each.float() for each in (outputs if isinstance(outputs, list) else [outputs])]
        size = self.recipe.train.batch_size
        slices = min(size, self.lengths[split] - number * size)  # of all ranks; the last batch may be smaller
        every = [self.ranks.gather(each, slices) for each in logits]
        loss = deep_loss(self.loss, every, self.ranks.gather(masks, slices))
        if not torch.isfinite(loss):
            raise UserError(
                f"{self.recipe.name}: the {split} loss is {loss:.0f}; lower train.lr in params.yaml"
            )
        own = self.ranks.shares(slices)[self.ranks.rank]
        self.scores[split].add(loss, slices, logits[0][:own], masks[:own])
        return (
            loss * self.ranks.size
        )  # DDP takes the mean of the ranks' gradients, and this one wants their sum

    def training_step(self, batch: tuple[Tensor, Tensor], number: int) -> Tensor:
        # Dropout draws from the global generator. Tied to the step, it draws the same after a resume,
        # and whatever loader processes have drawn from that generator in between. Each rank draws its own.
        torch.manual_seed(derive_seed(self.recipe.seed, self.global_step, self.ranks.rank))
        return self._step(batch, number, "train")

    def validation_step(self, batch: tuple[Tensor, Tensor], number: int) -> None:
        self._step(batch, number, "valid")

    def on_validation_epoch_end(self) -> None:
        self.rows["valid"] = self.scores["valid"].row(self.ranks, self.device)
        self.log(MONITOR, self.rows["valid"]["best_dice"])

    def on_train_epoch_end(self) -> None:
        epoch, last = self.current_epoch + 1, self.trainer.max_epochs
        rows = {"train": self.scores["train"].row(self.ranks, self.device), **self.rows}
        self.curves += [{"epoch": epoch, **row, "split": split} for split, row in rows.items()]
        if not self.ranks.first:
            return
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
