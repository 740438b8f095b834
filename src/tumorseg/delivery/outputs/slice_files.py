"""The files of one slice, and its record."""

import base64
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tumorseg.data.classes import to_grey
from tumorseg.delivery.inputs import InputSlice
from tumorseg.delivery.outputs.measure import find_lesions, uncertainty
from tumorseg.delivery.outputs.pictures import (
    SMALL,
    THUMBNAIL,
    draw_overlay,
    jpeg,
    png,
    shrink,
    to_bgr,
    write_bytes,
)
from tumorseg.delivery.outputs.records import OutFolder, SliceRecord
from tumorseg.delivery.predictor import Prediction

Format = Literal["png", "overlay", "coco", "csv", "html", "nifti", "seg"]


@dataclass(frozen=True)
class SliceWriter:
    """Writes what is wanted of each slice."""

    out: OutFolder
    formats: frozenset[Format]
    probabilities: bool
    classes: list[str]
    step: int  # from which a pixel is tumour
    temperature: float

    def write(self, given: InputSlice, prediction: Prediction) -> SliceRecord:
        """Write the files of a slice; what tables and pages need of it."""
        name, mask = given.name, prediction.mask
        warnings = [*given.warnings, *prediction.warnings]
        if "png" in self.formats:
            write_bytes(self.out.mask(name), png(mask_greys(mask, self.classes)))
        if self.probabilities:
            write_bytes(self.out.levels(name), png(prediction.native))
        if "coco" in self.formats:
            write_bytes(self.out.picture(name), png(to_bgr(given.greys)))
        overlay = None
        if self.formats & {"overlay", "html"}:
            lines = [f"warning: {', '.join(warnings)}"] if warnings else []
            overlay = draw_overlay(given.greys, mask, self.classes, lines)
        if overlay is not None and "overlay" in self.formats:
            write_bytes(self.out.overlay(name), png(overlay))
        html = overlay if "html" in self.formats else None
        return SliceRecord(
            name=name,
            width=mask.shape[1],
            height=mask.shape[0],
            spacing=given.spacing,
            lesions=find_lesions(mask, prediction.native),
            uncertainty=uncertainty(prediction.levels, self.step, self.temperature),
            warnings=warnings,
            picture=None if html is None else uri("jpeg", jpeg(shrink(to_bgr(given.greys), SMALL))),
            levels=None if html is None else uri("png", png(shrink(prediction.native, SMALL))),
            thumbnail=None if html is None else uri("jpeg", jpeg(shrink(html, THUMBNAIL))),
        )

    def is_there(self, each: SliceRecord) -> bool:
        """Whether the files of a slice that is done are still there."""
        wanted = {
            self.out.mask: "png" in self.formats,
            self.out.overlay: "overlay" in self.formats,
            self.out.picture: "coco" in self.formats,
            self.out.levels: self.probabilities,
        }
        return all(path(each.name).exists() for path, is_wanted in wanted.items() if is_wanted)


def mask_greys(mask: np.ndarray, classes: list[str]) -> np.ndarray:
    """Class indices as grey levels of a PNG: 255 is tumour, or see `data.classes`."""
    table = np.zeros(256, np.uint8)
    for index in range(1, 1 + max(1, len(classes))):
        table[index] = to_grey(index, classes)
    greys: np.ndarray = table[mask]
    return greys


def uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
