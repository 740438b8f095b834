"""Types of values that params.yaml holds, each with its range."""

from typing import Annotated, Any, Literal

from pydantic import Field


def described(meaning: str, unit: str = "", default: Any = ...) -> Any:
    """A pydantic field with what docs/params.md says about it; its range is in its type."""
    return Field(default, description=meaning, json_schema_extra={"unit": unit})


Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
LossName = Literal["bce", "dice", "slice_dice", "bce_dice", "bce_slice_dice", "focal", "tversky"]
Flip = Literal["none", "horizontal", "vertical"]
Precision = Literal["auto", "32-true", "bf16-mixed"]  # auto: bf16 where the processor computes in it
Strategy = Literal["shipped", "blocks", "similar"]
Folds = Annotated[int, Field(ge=3, le=100)]
PreprocessStep = Literal["crop", "clahe", "normalise"]
# What the audit can find. Here, as params.yaml names them and must be checked within a second.
FindingId = Literal[
    "copies_across",
    "copies_within",
    "siblings_test",
    "siblings_valid",
    "sequence",
    "groups",
    "split",
    "left_out",
    "boxes",
    "label_empty",
    "label_crossing",
    "label_wrong_bbox",
    "label_wrong_area",
    "label_outside",
    "label_overlapping",
    "unannotated",
    "tumor_lost",
    "category_unused",
    "category_left_out",
    "category_order",
    "image_blank",
    "image_outlier",
    "image_unnamed_files",
    "image_over_8_bits",
    "image_sizes",
    "image_formats",
]

__all__ = [
    "Count",
    "Dropout",
    "FindingId",
    "Flip",
    "Folds",
    "Fraction",
    "Literal",
    "LossName",
    "Positive",
    "Precision",
    "PreprocessStep",
    "Strategy",
    "described",
]
