"""The typed, frozen schema of params.yaml: an unknown key or a bad value stops everything at once."""

from collections.abc import Collection, Mapping
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


class Ensemble(Frozen):
    """One entry of `ensembles`: two trained models as one, the mean of their probabilities.

    Nothing is trained again. Each part has half of the weight, also where it is an ensemble itself.
    """

    first: str = described("one part: a model that learns, or an ensemble further up")
    second: str = described("the other part; no model is in both")


def made_of(name: str, ensembles: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The models that a model or an ensemble is made of: itself; or those of its first part, then the others.

    Args:
        name: Of a model or an ensemble.
        ensembles: As params.yaml has them.
    """
    if name not in ensembles:
        return [name]
    parts = (ensembles[name][part] for part in ("first", "second"))
    return [model for part in parts for model in made_of(part, ensembles)]


class Params(Frozen):
    """All of params.yaml."""

    seed: Seed = described("seed of weights, shuffling and augmentation")
    data: str = described("the dataset to run on: a name in `datasets`")
    model: str = described("the model that the pipeline delivers: a name in `models` or `ensembles`")
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
    ensembles: dict[Name, Ensemble] = described("ensembles by name")

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        named: list[tuple[str, str, Collection[str]]] = [
            ("data", self.data, self.datasets),
            ("model", self.model, [*self.models, *self.ensembles]),
        ]
        for key, value, choices in named:
            if value not in choices:
                raise ValueError(f"{key}: {value!r} is not one of {', '.join(choices)}")
        lower: dict[str, str] = {}
        sections: dict[str, Collection[str]] = {"models": self.models, "ensembles": self.ensembles}
        for section, name in ((section, name) for section, names in sections.items() for name in names):
            if (other := lower.setdefault(name.lower(), name)) != name:  # to some file systems one folder
                raise ValueError(f"{section}: {other} and {name} differ in case alone")
            if section == "ensembles" and name in self.models:
                raise ValueError(f"ensembles: {name} is the name of a model; choose another")
        return self

    @model_validator(mode="after")
    def _parts_can_be_joined(self) -> Self:
        choices = [name for name, model in self.models.items() if model.loss]
        for name, ensemble in self.ensembles.items():
            for key, part in ensemble:
                if part not in choices:
                    raise ValueError(
                        f"ensembles.{name}.{key}: {part!r} is not one of {', '.join(choices)}: "
                        "models that learn, and ensembles further up"
                    )
            models = self.made_of(name)
            if twice := [model for model in models if models.count(model) > 1]:
                raise ValueError(f"ensembles.{name}: {twice[0]} is in both parts")
            choices.append(name)
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

    def ensemble_named(self, name: str) -> Ensemble:
        """The entry of `ensembles` called `name`.

        Raises:
            UserError: There is none; the message lists those there are.
        """
        if name not in self.ensembles:
            listed = ", ".join(self.ensembles) or "none"
            raise UserError(f"{PARAMS_FILE}: ensembles: {name!r} is not one of those there are: {listed}")
        return self.ensembles[name]

    def made_of(self, name: str) -> list[str]:
        """The models that a model or an ensemble is made of, as from `made_of`."""
        return made_of(name, {key: each.model_dump() for key, each in self.ensembles.items()})

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
