"""What slices a net was made for, and what is not like them: codes of warnings, not a verdict.

A net says nothing of a slice whose greys are halved, inverted or turned: it gives a mask as sure as any
other. So the artifact carries what the training slices looked like, at the working size and after
`preprocess`, and `predict` compares. What `normalise` mends is mended before the comparison.
"""

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tumorseg.data.similarity import embed
from tumorseg.delivery.features import gradients, measure

Band = tuple[float | None, float | None]  # lowest and highest value that is no surprise; None: any

# What a figure below or above its band is called. None: that side is no surprise.
CODES: dict[str, tuple[str | None, str | None]] = {
    **dict.fromkeys(("dark", "middle", "bright", "saturated"), ("contrast", "contrast")),
    "gamma": ("contrast", None),
    **dict.fromkeys(("border", "head_area", "row", "column"), ("framing", "framing")),
    **dict.fromkeys(("top", "bottom", "left", "right"), ("framing", "framing")),
    **dict.fromkeys(("grain_of_head", "grain_of_air", "step"), ("blurred", "noise")),
    "upright": ("turned", None),
    "similarity": ("unlike", None),
}
# What to do about each, for the summary and the card.
ADVICE: dict[str, str] = {
    "no-head": "there is no head in it, only one grey; check that it is the right file",
    "contrast": "greys are unlike those of the training slices; check bit depth, window and gamma",
    "inverted": "dark and bright seem to be exchanged; invert it, so that air is black",
    "noise": "it has more noise than the training slices; give the slice as it was before it was compressed",
    "blurred": "it has less detail than the training slices; give it at its own size, not a thumbnail",
    "framing": "the head is larger, smaller or elsewhere than in the training slices; crop it likewise",
    "turned": "it seems to be turned or mirrored; turn it as the training slices are",
    "unlike": "it does not look like the training slices; check that it is a slice of a head, of that kind",
    "all-tumour": "the mask is far larger than any in training; look at it before you use it",
}
LARGER = 1.5  # times the largest mask of train: what is larger is `all-tumour`


class Rule(BaseModel):
    """A linear rule: what it gives is high where a vector is like those of training slices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: list[float]
    offset: float

    def score(self, vector: np.ndarray) -> float:
        return float(vector @ np.array(self.weights) + self.offset)


class Expectation(BaseModel):
    """Of slices at the working size, after preprocessing; made by `fit_expectation`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bands: dict[str, Band]  # of each of CODES
    centre: list[float]  # mean of the training slices' embeddings, 1024 values
    upright: Rule  # of `gradients`: training slices, and not the same turned
    gamma: Rule  # of `tones`: training slices, and not the same with gamma 2
    largest_mask: float = Field(gt=0)  # share of the slice, of the training masks
    false_alarms: float | None = None  # share of valid slices with a warning; None: not measured
    power: dict[str, float] = {}  # likewise once they are distorted, by the name of the distortion


def described(expectation: Expectation, image: np.ndarray) -> dict[str, float]:
    """All figures of a slice uint8 (S, S), by the names of CODES."""
    figures, tones = measure(image)
    return {
        **figures,
        "gamma": expectation.gamma.score(tones),
        "upright": expectation.upright.score(gradients(image)),
        "similarity": float(embed(image[None])[0] @ np.array(expectation.centre)),
    }


def unexpected(expectation: Expectation, image: np.ndarray) -> list[str]:
    """Codes of what a slice, uint8 (S, S) after preprocessing, has that training slices have not.

    They are keys of ADVICE, each once, in the order of that table.
    """
    found = described(expectation, image)
    if not found["head_area"]:
        return ["no-head"]
    # `normalise` stretches an inverted slice otherwise, so that its negative may still differ in contrast.
    if found["similarity"] < 0 and set(_outside(expectation, described(expectation, ~image))) <= {"contrast"}:
        return ["inverted"]
    return _outside(expectation, found)


def _outside(expectation: Expectation, found: dict[str, float]) -> list[str]:
    codes = {code for name, band in expectation.bands.items() if (code := _code(name, found[name], band))}
    return [code for code in ADVICE if code in codes]


def unexpected_mask(expectation: Expectation, mask: np.ndarray) -> list[str]:
    """Codes of what a predicted mask, (S, S) at the working size, has that training masks have not."""
    limit = min(LARGER * expectation.largest_mask, 1)
    return ["all-tumour"] if np.count_nonzero(mask) >= limit * mask.size else []


def _code(name: str, value: float, band: Band) -> str | None:
    low, high = band
    if low is not None and value < low:
        return CODES[name][0]
    return CODES[name][1] if high is not None and value > high else None
