"""The sections of params.yaml that are neither datasets nor models: splitting, training, evaluation."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tumorseg.datasets import Frozen
from tumorseg.types import (
    BatchSize,
    Count,
    FindingId,
    Flip,
    Folds,
    Fraction,
    Positive,
    Precision,
    Strategy,
    described,
)


class Split(Frozen):
    """Which slices are train, valid and test. See `tumorseg.data.splits`."""

    strategy: Strategy = described(
        "`shipped`: the splits of the dataset; `blocks`: blocks of file numbers stay together; "
        "`similar`: slices that look alike stay together; `auto`: `shipped` where train, valid and test were "
        "shipped with annotations, else `similar`"
    )
    folds: Folds = described(
        "parts that `blocks` and `similar` make, balanced by category and tumour size", "folds"
    )
    fold: Annotated[int, Field(ge=0)] = described(
        "the fold that is test, counted from 0; the next fold is valid, the others are train; below `folds`"
    )

    @model_validator(mode="after")
    def _fold_exists(self) -> Self:
        if self.fold >= self.folds:
            raise ValueError(f"fold: {self.fold} is not below folds, which is {self.folds}")
        return self


class Audit(Frozen):
    """The check of the data before training."""

    fail_on: list[FindingId] = described("findings that stop the pipeline before training")


class Augment(Frozen):
    """Random changes of the training slices, drawn anew for each slice and epoch."""

    hflip: Fraction = described("mirror left to right", "probability")
    vflip: Fraction = described("mirror top to bottom", "probability")
    rotate: Annotated[float, Field(ge=0, le=180)] = described("rotate by an angle from ±`rotate`", "degrees")
    scale: Annotated[float, Field(ge=0, lt=1)] = described("resize by a factor from 1 ± `scale`", "factor")
    translate: Fraction = described("shift by a distance from ±`translate`", "share of the side")
    gamma: Annotated[float, Field(ge=0, le=10)] = described(
        "raise grey levels to a power from 1 / (1 + `gamma`) to 1 + `gamma`", "exponent"
    )
    brightness: Fraction = described("multiply grey levels by a factor from 1 ± `brightness`", "factor")
    elastic: Annotated[float, Field(ge=0, le=0.1)] = described(
        "smooth random deformation that moves pixels by about this much at most", "share of the side"
    )
    paste: Fraction = described("paste the tumour of another training slice into the slice", "probability")
    boxes: bool = described("masks that are upright boxes stay so when a slice is rotated or deformed")


class Loss(Frozen):
    """What every loss shares. A model names its loss in its entry of `models`."""

    # A single pixel of tumour in the largest slice there is has 2²⁰ − 1 of background for one of its own.
    pos_weight: Literal["auto"] | Annotated[Positive, Field(le=2**20)] = described(
        "weight of a tumour pixel in BCE; `auto`: √(background pixels / tumour pixels) of train",
        "times a background pixel",
    )


class Train(Frozen):
    """How nets are trained. A model may have its own values."""

    batch_size: BatchSize = described("slices in one training step", "slices")
    # AdamW moves each weight by about `lr` a step, and shrinks it by `lr` times `weight_decay`.
    lr: Annotated[Positive, Field(le=10)] = described("peak learning rate of the one-cycle schedule")
    weight_decay: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = described(
        "weight decay of AdamW"
    )
    ema: Annotated[float, Field(ge=0, lt=1)] = described(
        "decay of the running mean of the weights, which is the net that is kept; 0: no mean"
    )
    patience: Count = described("training stops after this many epochs without a better valid Dice", "epochs")
    # A batch has up to 4096 slices: 4 a rank then, with which no GPU is busy.
    ranks: Annotated[int, Field(ge=1, le=1024)] = described(
        "processes that train one net together, a GPU each where there are any, on a share of each batch; "
        "it divides `batch_size`; results depend on it in their last digits",
        "processes",
    )


class Evaluate(Frozen):
    """How predictions are made and cut. What is left open is chosen on valid."""

    # Beyond it the threshold goes by recall alone.
    beta: Annotated[Positive, Field(le=100)] = described(
        "the threshold is the one with the best F-beta on valid; above 1, a missed tumour pixel costs more "
        "than a false one"
    )
    flip: Flip = described("also predict the mirror image of each slice, and average the two")
    siblings: Annotated[int, Field(ge=0, le=1000)] = described(
        "average into the prediction of each slice those of its siblings in the same split, this many at "
        "most, with a weight chosen on valid; 0: none",
        "slices",
    )
    neighbors: Annotated[int, Field(ge=0, le=1000)] = described(
        "add the masks of this many most similar training slices to the prediction, with a weight chosen on "
        "valid; 0: none",
        "slices",
    )
    valid_votes: bool = described(
        "of the most similar slices, `neighbors` may also ask those of valid, on test and on valid, where a "
        "slice never has a say on its own mask"
    )
    per_slice: bool = described(
        "choose the threshold of each slice by its own expected Dice, instead of one threshold for all"
    )

    @model_validator(mode="after")
    def _someone_is_asked(self) -> Self:
        if self.valid_votes and not self.neighbors:
            raise ValueError("valid_votes: nobody is asked, as neighbors is 0; choose 8 of them, or false")
        return self


class Compute(Frozen):
    """The machine to run on."""

    accelerator: Literal["auto", "cpu", "gpu", "mps"] = described("`auto`: a GPU where there is one")
    precision: Precision = described("`auto`: bfloat16 where the processor computes in it")
    # No machine loads faster with more, and each is a process with memory and files of its own.
    workers: Annotated[int, Field(ge=0, le=128)] = described(
        "processes that load slices; results do not depend on it", "processes"
    )
