"""The files that say what to run: studies, searches and cross-validations, typed and strict."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tumorseg.errors import UserError, explain
from tumorseg.reading import read_yaml
from tumorseg.types import Count, Folds, Positive

# Names become those of experiments, FILE-ARM: with a - in FILE, arm c of a-b.yaml would be arm b-c of a.yaml.
FILE = r"[A-Za-z0-9][A-Za-z0-9_]*"
NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
KEY = r"^\+{0,2}[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$"  # + adds a key to params.yaml, ++ adds or replaces it

Name = Annotated[str, Field(pattern=NAME)]
Key = Annotated[str, Field(pattern=KEY)]
Scalar = bool | int | float | str
Pair = Field(min_length=2, max_length=2)
Ends = Annotated[list[int], Pair]
PositiveEnds = Annotated[list[Count], Pair]
RealEnds = Annotated[list[float], Pair]
PositiveRealEnds = Annotated[list[Positive], Pair]
Spec = TypeVar("Spec", bound="Strict")


class Strict(BaseModel):
    """No unknown key, no conversion of types, no change after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Arm(Strict):
    """One run: a model, and what it has in place of the values of params.yaml."""

    model: Name
    set: dict[Key, Any] = {}


class Study(Strict):
    """Arms that are compared with one of them."""

    question: str
    set: dict[Key, Any] = {}  # for every arm; an arm's own `set` comes after it
    reference: Name
    arms: Annotated[dict[Name, Arm], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        if self.reference not in self.arms:
            raise ValueError(f"reference: {self.reference!r} is not one of {', '.join(self.arms)}")
        return self


class CrossValidation(Strict):
    """Arms that are trained on every fold, and scored on all slices together."""

    question: str
    strategy: Literal["blocks", "similar"]
    folds: Folds
    set: dict[Key, Any] = {}
    arms: Annotated[dict[Name, Arm], Field(min_length=1)]

    @model_validator(mode="after")
    def _split_is_left_alone(self) -> Self:
        for place, settings in [
            ("", self.set),
            *((f"arms.{name}.", arm.set) for name, arm in self.arms.items()),
        ]:
            for key in settings:
                if key.lstrip("+").split(".")[0] == "split":
                    raise ValueError(f"{place}set.{key}: is set fold by fold; give `strategy` and `folds`")
        return self


class Range(Strict):
    """Where the values of one key come from: exactly one of these."""

    choice: Annotated[list[Scalar], Field(min_length=1)] | None = None
    int: Ends | None = None  # both ends included
    log_int: PositiveEnds | None = None
    float: RealEnds | None = None
    log_float: PositiveRealEnds | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = self.model_dump(exclude_none=True)
        if len(given) != 1:
            raise ValueError(f"give one of {', '.join(type(self).model_fields)}")
        (kind, values), *_ = given.items()
        if kind != "choice" and not values[0] < values[1]:
            raise ValueError(f"{kind}: {values[0]} is not below {values[1]}")
        return self


class Search(Strict):
    """What is looked for: the values of `space` with the best valid Dice."""

    model: Name
    set: dict[Key, Any] = {}
    trials: Count
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    space: Annotated[dict[Key, Range], Field(min_length=1)]


def read_spec(path: Path, kind: type[Spec]) -> Spec:
    """Read and check one of these files; its name is the file's, without .yaml.

    Raises:
        UserError: The file is missing, is not YAML, has a bad name, or holds a bad key or value.
    """
    if not re.fullmatch(FILE, path.stem):
        raise UserError(
            f"{path}: its name begins those of its experiments, up to a -; rename it, to ASCII letters, "
            "digits and _ alone"
        )
    values = read_yaml(path)
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{path}: {explain(error, values)}") from None


def merged(*settings: dict[str, Any]) -> dict[str, Any]:
    """Settings with the later ones in place of earlier ones of the same key, + or not."""
    latest: dict[str, tuple[str, Any]] = {}
    for setting in settings:
        for key, value in setting.items():
            latest[key.lstrip("+")] = (key, value)
    return dict(latest.values())
