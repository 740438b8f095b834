"""The typed, frozen schema of params.yaml: an unknown key or a bad value stops everything at once."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model, model_validator

from tumorseg.datasets import (
    ArchiveSource,
    Blocks,
    Dataset,
    Frozen,
    KaggleSource,
    Name,
    PhantomSource,
    Source,
)
from tumorseg.errors import UserError, explain
from tumorseg.files import read_yaml
from tumorseg.models.registry import check_options
from tumorseg.types import (
    Count,
    FindingId,
    Flip,
    Folds,
    Fraction,
    LossName,
    Positive,
    Precision,
    PreprocessStep,
    Strategy,
    described,
)

__all__ = ["ArchiveSource", "Blocks", "KaggleSource", "Params", "PhantomSource", "Source", "load_params"]

PARAMS_FILE = Path("params.yaml")


class Split(Frozen):
    """Which slices are train, valid and test. See `tumorseg.data.splits`."""

    strategy: Strategy = described(
        "`shipped`: the splits of the dataset; `blocks`: blocks of file numbers stay together; "
        "`similar`: slices that look alike stay together"
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

    pos_weight: Literal["auto"] | Positive = described(
        "weight of a tumour pixel in BCE; `auto`: √(background pixels / tumour pixels) of train",
        "times a background pixel",
    )


class Train(Frozen):
    """How nets are trained. A model may have its own values."""

    batch_size: Count = described("slices in one training step", "slices")
    lr: Positive = described("peak learning rate of the one-cycle schedule")
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = described("weight decay of AdamW")
    ema: Annotated[float, Field(ge=0, lt=1)] = described(
        "decay of the running mean of the weights, which is the net that is kept; 0: no mean"
    )
    patience: Count = described("training stops after this many epochs without a better valid Dice", "epochs")


class Evaluate(Frozen):
    """How predictions are made and cut. What is left open is chosen on valid."""

    beta: Positive = described(
        "the threshold is the one with the best F-beta on valid; above 1, a missed tumour pixel costs more "
        "than a false one"
    )
    flip: Flip = described("also predict the mirror image of each slice, and average the two")
    neighbors: Annotated[int, Field(ge=0)] = described(
        "add the masks of this many most similar training slices to the prediction, with a weight chosen on "
        "valid; 0: none",
        "slices",
    )
    per_slice: bool = described(
        "choose the threshold of each slice by its own expected Dice, instead of one threshold for all"
    )


class Compute(Frozen):
    """The machine to run on."""

    accelerator: Literal["auto", "cpu", "gpu", "mps"] = described("`auto`: a GPU where there is one")
    precision: Precision = described("`auto`: bfloat16 where the processor computes in it")
    workers: Annotated[int, Field(ge=0)] = described(
        "processes that load slices; results do not depend on it", "processes"
    )


def changes_of(section: type[Frozen]) -> type[Frozen]:
    """A section with the same keys, each of which may be left out."""
    # Field(), since a type without a range has no metadata, and Annotated wants some.
    fields: dict[str, Any] = {
        key: (Annotated[field.annotation, Field(), *field.metadata] | None, None)
        for key, field in section.model_fields.items()
    }
    return create_model(f"{section.__name__}Changes", __base__=Frozen, **fields)


if TYPE_CHECKING:  # a class made at run time is no type
    TrainChanges = Frozen
    AugmentChanges = Frozen
else:
    TrainChanges, AugmentChanges = changes_of(Train), changes_of(Augment)


class Model(BaseModel):
    """One entry of `models`: an architecture and its own options, its loss, and what it trains with."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    architecture: str = described("name of an architecture, with its own options beside it")
    loss: LossName | None = described("the loss; required for every net that learns", default=None)
    epochs: Count | None = described("epochs of this model, in place of the dataset's", "epochs", None)
    members: Count = described(
        "train this many nets, with seeds `seed`, `seed` + 1, …, and average their probabilities", "nets", 1
    )
    train: TrainChanges | None = described("values of `train` for this model alone", default=None)
    augment: AugmentChanges | None = described("values of `augment` for this model alone", default=None)

    @property
    def options(self) -> dict[str, Any]:
        """The architecture's own options, as given."""
        return dict(self.model_extra or {})

    @model_validator(mode="after")
    def _known_to_the_architecture(self) -> Self:
        check_options(self.architecture, self.options, has_loss=self.loss is not None)
        if self.members > 1 and self.loss is None:
            raise ValueError(f"members: {self.architecture} learns nothing, so all would be the same")
        return self


class Params(Frozen):
    """All of params.yaml."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = described("seed of weights, shuffling and augmentation")
    data: str = described("the dataset to run on: a name in `datasets`")
    model: str = described("the model that the pipeline delivers: a name in `models`")
    datasets: dict[Name, Dataset] = described("datasets by name")
    preprocess: list[PreprocessStep] = described(
        "steps before slices are resized, in this order; `crop`: cut to the head; `clahe`: equalise contrast "
        "tile by tile; `normalise`: stretch the grey levels of the head"
    )
    split: Split
    audit: Audit
    augment: Augment
    loss: Loss
    train: Train
    evaluate: Evaluate
    compute: Compute
    models: Annotated[dict[Name, Model], Field(min_length=1)] = described("models by name")

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        named: list[tuple[str, str, Collection[str]]] = [
            ("data", self.data, self.datasets),
            ("model", self.model, self.models),
        ]
        for key, value, choices in named:
            if value not in choices:
                raise ValueError(f"{key}: {value!r} is not one of {', '.join(choices)}")
        return self

    def model_named(self, name: str) -> Model:
        """The entry of `models` called `name`.

        Raises:
            UserError: There is none; the message lists those there are.
        """
        if name not in self.models:
            raise UserError(f"{PARAMS_FILE}: models: {name!r} is not one of {', '.join(self.models)}")
        return self.models[name]

    @property
    def dataset(self) -> Dataset:
        """The profile that `data` names."""
        return self.datasets[self.data]


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check params.yaml, which holds every hyperparameter.

    Raises:
        UserError: The file is missing, is not YAML, or holds a bad key or value.
    """
    values = read_yaml(path)
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{path}: {explain(error, values)}") from None
