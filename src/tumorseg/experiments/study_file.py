"""A study's results, docs/results/NAME.json: what the file holds, and its reader.

Scores are Dice in [0, 1] with hard masks at the threshold that is best on valid: pooled over all pixels, or
the mean of the slices where a name says so. `low` and `high` are the ends of a 95 % interval. A score that is
not defined is null in the file and NaN here.
"""

from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import ValidationError, model_validator

from tumorseg.errors import UserError, explain_first
from tumorseg.experiments.spec import Strict
from tumorseg.paired import ALPHA
from tumorseg.scores_file import Score

Results = TypeVar("Results", bound=Strict)


class Difference(Strict):
    """By how much one arm is above another, paired slice by slice."""

    difference: Score
    low: Score
    high: Score
    p: Score
    p_holm: Score  # corrected for the number of pairs

    @property
    def is_firm(self) -> bool:
        """Whether it is more than chance."""
        return self.p_holm < ALPHA

    @property
    def seems_contradictory(self) -> bool:
        """Whether the interval says that it is more than chance and p says not, or the reverse."""
        return self.p_holm >= ALPHA if self.low > 0 or self.high < 0 else self.is_firm


class Differences(Strict):
    """In each of `paired.STATISTICS`."""

    pooled: Difference
    mean: Difference


class PooledDice(Strict):
    """Over all pixels together."""

    dice: Score
    low: Score
    high: Score


class DiceScores(PooledDice):
    """And the mean of the slices."""

    mean_dice: Score
    mean_low: Score
    mean_high: Score


class ScoresOnTest(DiceScores):
    """Scores on the test split: for reports of what was chosen. Whoever chooses must not look at them."""

    classes: dict[str, PooledDice] | None = None  # where the arm tells classes apart


class ArmResults(Strict):
    """One arm. All but `test` is of valid, which is what arms are chosen by."""

    set: dict[str, Any]  # in place of the values of params.yaml and of the study
    experiment: str
    model: str
    parameters: int
    epochs: int
    best_epoch: int
    threshold: float
    slices: int
    groups: int
    dice: Score
    mean_dice: Score
    dice_at_half: Score
    difference: Differences | None = None  # the reference, and what cannot be paired with it, has none
    machine: str | None = None
    threads: int | None = None
    test: ScoresOnTest


class StudyResults(Strict):
    """All arms that have been run."""

    question: str
    set: dict[str, Any]
    reference: str
    missing: list[str]  # arms that have not been run
    arms: dict[str, ArmResults]

    @model_validator(mode="after")
    def _has_reference(self) -> Self:
        if self.reference not in [*self.arms, *self.missing]:
            raise ValueError(f"reference: {self.reference!r} is not one of {', '.join(self.arms)}")
        return self


def read_study(path: Path) -> StudyResults:
    """Read a study's results.

    Raises:
        UserError: The file is missing or malformed; the message names the file, the field and the way out.
    """
    return read_results(path, StudyResults, "study")


def read_results(path: Path, kind: type[Results], command: str) -> Results:
    """Read a file of docs/results that `tumorseg` has written.

    Args:
        path: The file.
        kind: What it holds.
        command: The subcommand that writes it from studies/NAME.yaml.

    Raises:
        UserError: The file is missing or malformed; the message names the file, the field and the way out.
    """
    way_out = f"run tumorseg {command} studies/{path.stem}.yaml"
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path}: not found; {way_out}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise UserError(f"{path}: {explain_first(error)}; {way_out}") from None
