"""NIfTI volumes: slices along the axis that was acquired, shown as training slices are, and the way back."""

import functools
import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import IO

import numpy as np

from tumorseg.data.read import to_greys
from tumorseg.delivery.inputs.files import GZIP, InputFile, open_unpacked
from tumorseg.delivery.inputs.nifti_headers import Layout
from tumorseg.delivery.inputs.source import InputSlice, Source
from tumorseg.delivery.inputs.window import Window, guess_window, spread
from tumorseg.errors import UserError


@dataclass(frozen=True)
class NiftiVolume(Source):
    """A NIfTI file: a slice, a volume, or several."""

    file: InputFile
    layout: Layout
    window: Window

    def names(self) -> list[str]:
        return [self._name(index) for index in range(len(self))]

    def _name(self, index: int) -> str:
        volume, place = divmod(index, self.layout.shape[self.layout.plane.axis])
        folder = self.name if self.layout.shape[3] == 1 else f"{self.name}/v{volume + 1:02d}"
        return f"{folder}/{place + 1:04d}"

    def __len__(self) -> int:
        return self.layout.slices

    def read(self, index: int) -> InputSlice:
        values = self._values(index)
        ends, guessed = self._ends(index // self.layout.shape[self.layout.plane.axis])
        header = self.layout.header
        codes = {
            "window-guessed": guessed,
            "units-guessed": header.get_xyzt_units()[0] == "unknown",
            "orientation-unknown": not (header["sform_code"] or header["qform_code"]),
        }
        found = tuple(code for code, true in codes.items() if true)
        return InputSlice(self._name(index), to_greys(values, *ends), self.layout.spacing, found)

    @property
    def slice_step(self) -> float:
        """mm from the centre of a slice to that of the next."""
        return float(self.layout.sizes[self.layout.plane.axis])

    def stamp(self) -> str:
        return hashlib.sha256(self.layout.header.binaryblock).hexdigest()

    def voxels(self, masks: Iterable[np.ndarray]) -> np.ndarray:
        """Masks, uint8 (H, W) each, one a slice in their order, as an array of the file's own shape."""
        whole = np.zeros(self.layout.shape, np.uint8)
        for number, mask in zip(range(len(self)), masks, strict=True):
            whole[self.layout.index(number)] = self.layout.plane.restore(mask)
        return whole.reshape(self.layout.header.get_data_shape())

    def _values(self, number: int) -> np.ndarray:
        """The values of a slice as shown, float64 (H, W)."""
        array = _unpacked(self.file, self.layout.end, self.file.stamp()).array(self.layout)
        slope, intercept = self.layout.header.get_slope_inter()
        voxels = self.layout.plane.show(array[self.layout.index(number)]).astype(np.float64)
        return voxels if slope is None else voxels * slope + (intercept or 0)

    def _ends(self, volume: int) -> tuple[tuple[float, float], bool]:
        """The values that become black and white in a volume, and whether they were guessed."""
        if self.window.mode == "fixed":
            return (self.window.low, self.window.high), False
        header = self.layout.header
        low, high = float(header["cal_min"]), float(header["cal_max"])
        if -np.inf < low < high < np.inf:
            return (low, high), False
        if self.window.mode == "dicom":
            raise UserError(f"{self.file.shown}: has no cal_min, cal_max; use --window auto or LOW:HIGH")
        if header.get_data_dtype() == np.uint8 and header.get_slope_inter() in ((None, None), (1.0, 0.0)):
            return (0.0, 255.0), False
        if volume not in self._guessed:
            count = self.layout.shape[self.layout.plane.axis]
            self._guessed[volume] = guess_window(
                self._values(volume * count + each) for each in spread(count)
            )
        return self._guessed[volume], True

    @cached_property
    def _guessed(self) -> dict[int, tuple[float, float]]:
        return {}


class _Unpacked:
    """The bytes of a volume on disk, unpacked where they were packed: slices may lie in them all over."""

    def __init__(self, file: InputFile, size: int) -> None:
        self.shown = file.shown
        if file.path is not None and file.read(2) != GZIP:
            self.file: IO[bytes] = file.path.open("rb")
            return
        self.file = tempfile.TemporaryFile()  # noqa: SIM115, closed in __del__
        with open_unpacked(file) as source:
            while size > 0 and (block := source.read(min(size, 2**20))):  # no more than the header says
                self.file.write(block)
                size -= len(block)
        self.file.flush()

    def array(self, layout: Layout) -> np.ndarray:
        """The volume, mapped anew for each slice, so that no more than a slice stays in memory."""
        offset, dtype = int(layout.header.get_data_offset()), layout.header.get_data_dtype()
        try:
            return np.memmap(self.file, dtype, "r", offset, layout.shape, order="F")
        except ValueError:
            raise UserError(f"{self.shown}: is cut off; get it anew") from None

    def __del__(self) -> None:
        if hasattr(self, "file"):
            self.file.close()


@functools.lru_cache(maxsize=1)  # slices of one volume follow each other
def _unpacked(file: InputFile, size: int, stamp: object) -> _Unpacked:
    """The volume; `stamp` is the file's, so that a file that was changed is read anew."""
    return _Unpacked(file, size)
