"""What every kind of input is to the rest: a source of slices in grey."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tumorseg.errors import UserError

Kind = Literal["picture", "dicom", "nifti"]


@dataclass(frozen=True)
class InputSlice:
    """One slice to segment."""

    name: str  # unique in a run, safe as a relative path without suffix: "a/scan_01", "series_1/0007"
    greys: np.ndarray  # uint8 (H, W), or for a net of colours (H, W, 3), its own size, brighter is brighter
    spacing: tuple[float, float] | None  # mm from one row to the next, and from one column to the next
    warnings: tuple[str, ...]  # codes of what was found, or guessed, while reading; see docs/inputs.md


@dataclass(frozen=True)
class Source(ABC):
    """What is read and written as one: a picture, a DICOM series, a NIfTI file."""

    name: str  # unique in a run, safe as a relative path without suffix
    kind: Kind

    @abstractmethod
    def names(self) -> list[str]:
        """The names of its slices, in their order, without reading any pixels."""

    @abstractmethod
    def read(self, index: int) -> InputSlice:
        """One slice; `index` counts from 0.

        Raises:
            UserError: It cannot be read.
        """

    @property
    def slice_step(self) -> float | None:
        """mm from the centre of a slice to that of the next; None where that is unknown or uneven."""
        return None

    def stamp(self) -> str:
        """Changes when what its volumes depend on does, beside the masks: where it lies, and whose it is."""
        return ""

    def slices(self) -> Iterator[InputSlice]:
        """Each slice, read when it is asked for.

        After a `UserError` of one slice the iterator can be asked for the next: a bad slice hides no others.
        """
        return map(self.read, range(len(self)))  # a generator would be over after an error

    def __len__(self) -> int:
        return len(self.names())


@dataclass(frozen=True)
class Unreadable(Source):
    """Stands for a file of which no slice can be had, so that it is reported beside the others."""

    message: str  # one line

    def names(self) -> list[str]:
        return [self.name]

    def read(self, index: int) -> InputSlice:
        raise UserError(self.message)
