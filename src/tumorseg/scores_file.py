"""The scores of one model, metrics/details/<model>.json: what the file holds, its reader, its headline.

`evaluation` writes the file; `compare`, `report` and `experiments` read it. Scores are in [0, 1], but HD95 is
in pixels. A score of nothing is null in the file and NaN here.
"""

import math
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from tumorseg.errors import UserError
from tumorseg.identity import Identity
from tumorseg.types import Flip

Score = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]


def _none(value: Any) -> Any:
    """What `reading.read_json` makes of null is nothing again."""
    return None if isinstance(value, float) and math.isnan(value) else value


class _Part(BaseModel):
    """Keys that nobody reads may be there too."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Interval(_Part):
    """A 95 % interval."""

    low: Score
    high: Score


class PixelScores(_Part):
    """`metrics.METRICS`."""

    precision: Score
    recall: Score
    dice: Score
    iou: Score
    specificity: Score
    accuracy: Score


class SliceScores(PixelScores):
    """The mean or the median of slices."""

    hd95: Score  # pixels
    nsd: Score
    box_iou: Score


class PixelIntervals(_Part):
    precision: Interval
    recall: Interval
    dice: Interval
    iou: Interval


class Intervals(_Part):
    pooled: PixelIntervals
    mean: PixelIntervals


class AtHalf(_Part):
    """At threshold 0.5."""

    pooled: PixelScores  # of all pixels of the split together
    mean: PixelScores  # of the slices where a score is defined


class Lesions(_Part):
    recall: Score


class Boxes(_Part):
    hit_rate: Score


class AtBest(_Part):
    """At the threshold that was chosen on valid."""

    pooled: PixelScores
    mean: SliceScores
    median: SliceScores
    interval: Intervals
    lesions: Lesions
    boxes: Boxes


class AveragePrecision(_Part):
    pooled: Score
    mean: Score


class Calibration(_Part):
    ece: Score
    temperature: Score  # of valid


class ClassPixels(_Part):
    dice: Score


class ClassIntervals(_Part):
    dice: Interval


class ClassScores(_Part):
    pooled: ClassPixels
    interval: ClassIntervals  # of `pooled`


class MeanDice(_Part):
    value: Score


class Classes(_Part):
    """Each class of tumour against everything else."""

    mean_dice: MeanDice
    of: dict[str, ClassScores]
    confusion: dict[str, dict[str, int]]  # pixels by annotated class and by what is predicted there


class SplitScores(_Part):
    slices: int
    groups: int
    average_precision: AveragePrecision
    at_half: AtHalf
    at_best: AtBest
    calibration: Calibration
    classes: Classes | None = None  # where all tumour is one class

    @property
    def dice(self) -> float:
        """Pooled over all pixels, at the chosen threshold: the score that models are compared by."""
        return self.at_best.pooled.dice

    @property
    def dice_interval(self) -> Interval:
        """The 95 % interval of `dice`."""
        return self.at_best.interval.pooled.dice


class Scores(_Part):
    """The scores of one model."""

    prepared: Identity  # the data that they are of
    parameters: int
    epoch: int  # that was kept, counted from 1; 0 for what learns nothing
    gflops: float  # 10⁹ operations of one forward pass of one slice
    threshold: float  # from which a probability is tumour
    siblings: int  # similar slices of the same split whose predictions vote on each slice
    siblings_weight: float  # of their votes; 0: they change nothing
    neighbors: int  # training slices that vote on each slice, or valid ones too
    neighbors_weight: float  # of their votes; 0: they change nothing
    valid_votes: bool  # whether masks of valid slices count among them
    per_slice: bool  # whether each slice is cut where its own expected score is best
    platt: Annotated[
        tuple[float, float] | None, BeforeValidator(_none)
    ]  # slope and offset of logits, where `per_slice`
    flip: Flip  # whether a slice's mirror image is asked too
    beta: float  # of the F-beta by which the threshold was chosen
    valid: SplitScores
    test: SplitScores


def read_scores(path: Path) -> Scores:
    """Read a metrics file.

    Raises:
        UserError: It is missing or malformed; the message names the file, the field and the way out.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: not found; {score_again(path.stem)}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8; {score_again(path.stem)}") from None
    return parse_scores(text, path)


def parse_scores(text: str, path: Path) -> Scores:
    """The scores in the text of a metrics file; `path` says where it is from.

    Raises:
        UserError: The text is malformed.
    """
    try:
        return Scores.model_validate_json(text)
    except ValidationError as error:
        raise UserError(f"{path}: {_plain(error.errors()[0])}; {score_again(path.stem)}") from None


def headline(name: str, scores: Scores) -> dict[str, Any]:
    """The few figures of a model that DVC's tables show, in the order of their columns.

    All scores but `valid_dice` are of test; all but `mean_dice`, the mean of the slices, are pooled over the
    pixels of the split. No key is that of a param: DVC would put the file's name before both.
    """
    best = scores.test.at_best
    return {
        "name": name,
        "valid_dice": scores.valid.dice,
        "dice": scores.test.dice,
        "low": scores.test.dice_interval.low,
        "high": scores.test.dice_interval.high,
        "dataset": scores.prepared.data,
        "split": scores.prepared.split,
        "mean_dice": best.mean.dice,
        "precision": best.pooled.precision,
        "recall": best.pooled.recall,
        "parameters": scores.parameters,
    }


def _plain(error: Any) -> str:
    """One pydantic error in a line: the field, and what is wrong."""
    field = ".".join(map(str, error["loc"]))
    if error["type"] == "json_invalid":
        return f"not JSON: {error['ctx']['error']}"
    if error["type"] == "missing":
        return f"{field}: missing"
    message = error["msg"][0].lower() + error["msg"][1:]
    return f"{field}: {message}" if field else message


def score_again(name: str) -> str:
    """What to do where the scores of a model or an ensemble are not as they should be."""
    return f"run dvc repro -f -s evaluate@{name} (of an ensemble: ensemble@{name})"
