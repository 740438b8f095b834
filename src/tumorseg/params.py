"""The typed, frozen schema of params.yaml: an unknown key or a bad value stops everything at once."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tumorseg.datasets import (
    ArchiveSource,
    Blocks,
    Dataset,
    Frozen,
    KaggleSource,
    PhantomSource,
    Source,
    changes_of,
)
from tumorseg.errors import UserError, explain
from tumorseg.models.registry import check_options
from tumorseg.reading import read_yaml
from tumorseg.sections import Audit, Augment, Compute, Evaluate, Loss, Split, Train
from tumorseg.types import (
    Count,
    LossName,
    Members,
    Name,
    PreprocessStep,
    Seed,
    described,
)

__all__ = ["ArchiveSource", "Blocks", "KaggleSource", "Params", "PhantomSource", "Source", "load_params"]

PARAMS_FILE = Path("params.yaml")


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
    members: Members = described(
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

    seed: Seed = described("seed of weights, shuffling and augmentation")
    data: str = described("the dataset to run on: a name in `datasets`")
    model: str = described("the model that the pipeline delivers: a name in `models`")
    datasets: dict[Name, Dataset] = described("datasets by name")
    preprocess: list[PreprocessStep] = described(
        "steps before slices are resized, in this order; `crop`: cut to the head; `pad`: make it square by "
        "black borders; `clahe`: equalise contrast tile by tile; `normalise`: stretch the grey levels of the "
        "head"
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
        lower: dict[str, str] = {}
        for name in self.models:  # to some file systems both are one folder
            if (other := lower.setdefault(name.lower(), name)) != name:
                raise ValueError(f"models: {other} and {name} differ in case alone")
        return self

    @model_validator(mode="after")
    def _ranks_share_batches(self) -> Self:
        own = {f"models.{name}.train": self.train.changed(each.train) for name, each in self.models.items()}
        for place, train in ({"train": self.train} | own).items():
            if train.batch_size % train.ranks:
                raise ValueError(
                    f"{place}.ranks: {train.ranks} does not divide batch_size, {train.batch_size}"
                )
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
