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
    Fraction,
    LossName,
    Positive,
    Precision,
    PreprocessStep,
    Strategy,
)

__all__ = ["ArchiveSource", "Blocks", "KaggleSource", "Params", "PhantomSource", "Source", "load_params"]

PARAMS_FILE = Path("params.yaml")


class Split(Frozen):
    """Which slices are train, valid and test. See `tumorseg.data.splits`."""

    strategy: Strategy
    folds: Annotated[int, Field(ge=3, le=100)]
    fold: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _fold_exists(self) -> Self:
        if self.fold >= self.folds:
            raise ValueError(f"fold: {self.fold} is not below folds, which is {self.folds}")
        return self


class Audit(Frozen):
    fail_on: list[FindingId]  # what stops the pipeline before training, where found


class Augment(Frozen):
    hflip: Fraction
    vflip: Fraction
    rotate: Annotated[float, Field(ge=0, le=180)]  # degrees, drawn from ±rotate
    scale: Annotated[float, Field(ge=0, lt=1)]  # size is drawn from 1 ± scale
    translate: Fraction  # of the side, drawn from ±translate
    gamma: Annotated[float, Field(ge=0, le=10)]  # grey levels to a power from 1 / (1 + gamma) to 1 + gamma
    brightness: Fraction  # drawn from 1 ± brightness
    elastic: Annotated[float, Field(ge=0, le=0.1)]  # of the side: how far a smooth bend shifts pixels
    paste: Fraction  # probability that another training slice's tumour is pasted in
    boxes: bool  # labels that are upright boxes stay so when turned or bent


class Loss(Frozen):
    pos_weight: Literal["auto"] | Positive  # auto: √(background / tumour pixels) of the train split


class Train(Frozen):
    batch_size: Count
    lr: Positive  # peak of the one-cycle schedule
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    ema: Annotated[float, Field(ge=0, lt=1)]  # decay of a running mean of the weights; 0: none
    patience: Count  # epochs without a better valid Dice before stopping


class Evaluate(Frozen):
    beta: Positive  # the threshold has the best F-beta on valid; above 1, missed tumour weighs more
    flip: Flip  # predict each slice and its mirror image, and take the mean
    neighbors: Annotated[int, Field(ge=0)]  # training slices asked for a second opinion; 0: none
    per_slice: bool  # cut each slice where its own expected Dice is best, not all at one threshold


class Compute(Frozen):
    """The machine: what to run on. `auto` takes a GPU where there is one."""

    accelerator: Literal["auto", "cpu", "gpu", "mps"]
    precision: Precision
    workers: Annotated[int, Field(ge=0)]  # loader processes; results do not depend on it


def changes_of(section: type[Frozen]) -> type[Frozen]:
    """A section with the same keys, each of which may be left out."""
    fields: dict[
        str, Any
    ] = {  # Field(), since a type without a range has no metadata, and Annotated wants some
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

    architecture: str
    loss: LossName | None = None
    # In place of the dataset's and of the sections' values, for this model alone.
    epochs: Count | None = None
    members: Count = 1  # nets of seeds seed, seed + 1, …, that speak as one
    train: TrainChanges | None = None
    augment: AugmentChanges | None = None

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

    seed: Annotated[int, Field(ge=0, lt=2**31)]
    data: str
    model: str
    datasets: dict[Name, Dataset]
    preprocess: list[PreprocessStep]  # in this order, before slices are brought to the working size
    split: Split
    audit: Audit
    augment: Augment
    loss: Loss
    train: Train
    evaluate: Evaluate
    compute: Compute
    models: Annotated[dict[Name, Model], Field(min_length=1)]

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
