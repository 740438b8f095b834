"""A cross-validation's results, docs/results/NAME.json: what the file holds, and its reader.

Scores are in [0, 1] and of all slices, each as it was scored in the one fold where it is test, with that
fold's threshold. Dice is pooled over all pixels unless a name says otherwise. `low` and `high` are the ends
of a 95 % interval, of a bootstrap over groups of slices. A score that is not defined is null in the file and
NaN here.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from tumorseg.experiments.spec import Strict
from tumorseg.experiments.study_file import DiceScores, Differences, PooledDice, read_results
from tumorseg.metrics import mean_defined
from tumorseg.scores_file import Score


class FoldScores(PooledDice):
    """One fold's own test slices."""

    experiment: str
    slices: int
    groups: int
    left_out: int  # slices in no split of this fold, as too near another one
    threshold: float  # chosen on this fold's valid
    parameters: int
    epochs: int
    best_epoch: int
    params: str  # `Experiment.digest`
    code: str  # Git's name of the folder src that it was run with
    machine: str | None = None
    threads: int | None = None


class PartScores(PooledDice):
    """The slices of one category, or of one size of tumour."""

    slices: int


class ArmScores(DiceScores):
    """One arm on all slices."""

    set: dict[str, Any]  # in place of the values of params.yaml and of the file
    model: str
    parameters: int
    iou: Score  # pooled, as precision and recall are
    precision: Score
    recall: Score
    lesion_recall: Score
    box_hit_rate: Score
    category: dict[str, PartScores]
    size: dict[str, PartScores]  # thirds of the annotated slices, by annotated area
    folds: Annotated[list[FoldScores], Field(min_length=1)]

    @property
    def width(self) -> float:
        """Of the interval of all folds together."""
        return self.high - self.low

    @property
    def fold_width(self) -> float:
        """Of the interval of a single fold, the mean over those that have one."""
        return float(mean_defined(np.array([each.high - each.low for each in self.folds])))


class Pair(Differences):
    """By how much `arm` is above `other`."""

    arm: str
    other: str


class CrossValidationResults(Strict):
    """All arms whose folds have all been run."""

    question: str
    data: str  # of `datasets`
    set: dict[str, Any]
    strategy: Literal["blocks", "similar"]
    folds: int
    slices: int  # all of the set, the same for every arm
    groups: int
    missing: dict[str, list[int]]  # by arm: folds that have not been run
    partial: dict[str, list[FoldScores]]  # by arm that has missing ones: those that have been run
    arms: Annotated[dict[str, ArmScores], Field(min_length=1)]
    pairs: list[Pair]  # every two arms, once

    @model_validator(mode="after")
    def _parts_are_the_same(self) -> Self:
        (first, base), *others = self.arms.items()
        for name, arm in others:
            for key in ("category", "size"):
                if {*getattr(arm, key)} != {*getattr(base, key)}:
                    raise ValueError(f"arms.{name}.{key}: its names are not those of {first}")
        return self


def read_cross_validation(path: Path) -> CrossValidationResults:
    """Read a cross-validation's results.

    Raises:
        UserError: The file is missing or malformed; the message names the file, the field and the way out.
    """
    return read_results(path, CrossValidationResults, "cv")
