"""Types of values that params.yaml holds, each with its range."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError


def described(meaning: str, unit: str = "", default: Any = ...) -> Any:
    """A pydantic field with what docs/params.md says about it; its range is in its type."""
    return Field(default, description=meaning, json_schema_extra={"unit": unit})


def _printable(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("printable", "input should have no character that cannot be shown")
    return text


# What is longer than that makes no name of a file: 255 bytes, and others are put before and behind it.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=64)]  # becomes that of files and stages
# Names of others, paths, addresses: any language, but nothing that a terminal or a file system takes amiss.
Text = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_printable)]
MOST_PIXELS = 1024  # a side: beyond it nets take memory that no card has
Count = Annotated[int, Field(ge=1, le=10**6)]  # of epochs, slices, pixels: more would end with nobody there
Width = Annotated[int, Field(ge=1, le=1024)]  # channels of a layer; the widest published U-Nets end at 1024
BatchSize = Annotated[int, Field(ge=1, le=4096)]  # slices of 1024² beyond it take over 16 GB, before any net
Members = Annotated[int, Field(ge=1, le=100)]  # each is a training; beyond 10 the mean hardly changes
FileNumbers = Annotated[int, Field(ge=0, le=10**9)]  # files are numbered by hand or by scanner
Seed = Annotated[int, Field(ge=0, lt=2**31)]  # what every generator of random numbers takes
Fraction = Annotated[float, Field(ge=0, le=1)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
LossName = Literal["bce", "dice", "slice_dice", "bce_dice", "bce_slice_dice", "focal", "tversky"]
Flip = Literal["none", "horizontal", "vertical"]
Precision = Literal["auto", "32-true", "bf16-mixed"]  # auto: bf16 where the processor computes in it
Strategy = Literal["auto", "shipped", "blocks", "similar"]
OnMissing = Literal["refuse", "leave out"]
Channels = Literal[1, 3]  # of slices: grey; or red, green and blue
Exif = Literal["stored", "shown"]  # pictures as they are in their files, or as EXIF's orientation turns them
Boxes = Literal["keep", "grabcut"]  # what becomes of labels that are upright boxes
PreprocessStep = Literal["crop", "pad", "clahe", "normalise"]
Folds = Annotated[int, Field(ge=3, le=100)]
# What the audit can find. Here, as params.yaml names them and must be checked within a second.
FindingId = Literal[
    "search_approximate",
    "copies_across",
    "copies_within",
    "siblings_test",
    "siblings_valid",
    "sequence",
    "groups",
    "split",
    "left_out",
    "split_unlabelled",
    "boxes",
    "boxes_outlined",
    "label_agreement",
    "label_ceiling",
    "label_area_of_box",
    "label_painted_over",
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
    "image_over_8_bits",
    "image_sizes",
    "image_formats",
    "image_exif",
    "image_colour",
    "image_aspect",
    "source_mended",
    "source_left_out",
    "source_guessed",
]

__all__ = [
    "MOST_PIXELS",
    "BatchSize",
    "Boxes",
    "Channels",
    "Count",
    "Dropout",
    "Exif",
    "FileNumbers",
    "FindingId",
    "Flip",
    "Folds",
    "Fraction",
    "Literal",
    "LossName",
    "Members",
    "Name",
    "OnMissing",
    "Positive",
    "Precision",
    "PreprocessStep",
    "Seed",
    "Strategy",
    "Text",
    "Width",
    "described",
]
