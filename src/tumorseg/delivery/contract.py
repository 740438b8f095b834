"""The contract of a delivered net, delivered/model.json: what it is, what it expects, how it decides.

It holds all that `predict` needs besides the weights. Nothing here imports torch.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tumorseg.data.read import DEFAULT, Reading
from tumorseg.delivery.expectation import Expectation
from tumorseg.errors import UserError, explain_first
from tumorseg.files import write_json
from tumorseg.identity import Identity
from tumorseg.models.artifact import ModelInfo
from tumorseg.scores_file import Score
from tumorseg.types import Count, Flip, Fraction, Positive, PreprocessStep

FILE = "model.json"
SCHEMA = 2  # 1 is models/<model>/model.json, which knows neither threshold nor input


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Decision(_Part):
    """How probabilities become a mask."""

    threshold: Annotated[float, Field(gt=0, lt=1)]  # from which a pixel is tumour, a multiple of 1/256
    beta: Positive  # of the F-beta by which it was chosen on valid
    per_slice: bool  # whether each slice is cut where its own expected score is best
    platt: tuple[float, float] | None = None  # slope and offset of logits, where `per_slice`
    flip: Flip  # whether a slice's mirror image is asked too
    temperature: Score  # of valid: logits divided by it are calibrated; NaN where it cannot be fitted


class Input(_Part):
    """What a slice must be."""

    image_size: Count  # pixels a side, to which it is resized by area, whatever its aspect
    reading: Reading = DEFAULT  # how files become slices
    preprocess: list[PreprocessStep]  # steps taken before, in this order
    expects: str  # in words
    aspect: tuple[Positive, Positive]  # width over height after those steps, least and most in training
    expectation: Expectation


class Headline(_Part):
    """Scores of one split: Dice pooled over all pixels, its 95 % interval, the mean of slices."""

    dice: Score
    low: Score
    high: Score
    mean_dice: Score
    precision: Score
    recall: Score
    native_dice: Score  # of the masks that `predict` writes, at the slices' own size


class Contract(_Part):
    """All of it."""

    schema_version: Literal[2] = 2
    model: ModelInfo
    decision: Decision
    input: Input
    prepared: Identity  # the data that it was trained and scored on
    scores: dict[Literal["valid", "test"], Headline]
    share_of_siblings: Fraction  # of test slices with a very similar one in train
    licence_of_weights: str
    licence_of_data: str
    source_of_data: str

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        size, other = self.input.image_size, self.model.image_size
        if size != other:
            raise ValueError(f"input.image_size: {size}, but model.image_size is {other}")
        return self


def write_contract(folder: Path, contract: Contract) -> None:
    write_json(folder / FILE, contract.model_dump(mode="json"))


def read_contract(folder: Path) -> Contract:
    """Read the contract of a delivered net.

    Raises:
        UserError: There is none, or it is malformed or of another schema.
    """
    path = folder / FILE
    try:
        return Contract.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path}: not found; dvc repro deliver makes it, tumorseg get fetches one") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise UserError(
            f"{path}: not a contract of schema {SCHEMA}: {explain_first(error)}; deliver the net again"
        ) from None
