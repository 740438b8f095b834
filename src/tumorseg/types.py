"""Types of values that params.yaml holds, each with its range."""

from typing import Annotated, Literal

from pydantic import Field

Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
LossName = Literal["bce", "dice", "bce_dice"]

__all__ = ["Count", "Dropout", "Fraction", "Literal", "LossName", "Positive"]
