"""NIfTI volumes: slices along the axis that was acquired, shown as training slices are, and the way back."""

import functools
import hashlib
import math
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any

import numpy as np

from tumorseg.data.read import to_greys
from tumorseg.delivery.inputs.files import GZIP, MAX_BYTES, InputFile, open_unpacked
from tumorseg.delivery.inputs.source import InputSlice, Source
from tumorseg.delivery.inputs.window import Window, guess_window, spread
from tumorseg.errors import UserError

THICKER = 1.01  # an axis is the acquired one if its voxels are this much longer than others'
TO_MM = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}


@dataclass(frozen=True)
class Plane:
    """How a slice of the volume is shown: which axes are its rows and columns, and which are reversed."""

    axis: int  # along which slices follow each other
    transposed: bool  # the second of the other axes is the rows
    flipped: tuple[int, ...]  # 0 for rows, 1 for columns, after that

    def show(self, voxels: np.ndarray) -> np.ndarray:
        """A slice of the volume, the other axes in their order, as it is shown."""
        return np.flip(voxels.T if self.transposed else voxels, self.flipped)

    def restore(self, shown: np.ndarray) -> np.ndarray:
        """What `show` did, undone."""
        turned = np.flip(shown, self.flipped)
        return turned.T if self.transposed else turned


@dataclass(frozen=True)
class Layout:
    """The header of a NIfTI file."""

    header: Any  # of nibabel
    shape: tuple[int, int, int, int]  # the last axis counts volumes
    affine: np.ndarray  # (4, 4)
    sizes: np.ndarray  # (3): mm of a voxel along each axis
    plane: Plane

    @property
    def spacing(self) -> tuple[float, float]:
        """mm between rows and between columns of a slice as shown."""
        first, second = np.delete(self.sizes, self.plane.axis)
        return (float(second), float(first)) if self.plane.transposed else (float(first), float(second))

    @property
    def end(self) -> int:
        """Bytes of the file, unpacked."""
        size = math.prod(self.shape) * self.header.get_data_dtype().itemsize
        return int(self.header.get_data_offset()) + size

    def index(self, number: int) -> tuple[int | slice, ...]:
        """Of slice `number`, volume after volume, in the array."""
        volume, place = divmod(number, self.shape[self.plane.axis])
        parts: list[int | slice] = [slice(None)] * 3
        parts[self.plane.axis] = place
        return (*parts, volume)


def read_layout(file: InputFile) -> Layout:
    """The header of a NIfTI file.

    Raises:
        UserError: It is damaged, or of a kind that is no scan.
    """
    import nibabel

    with open_unpacked(file) as opened:
        start = opened.read(544)
    second = start[4:7] == b"n+2"
    if start[344:347] == b"ni1" or start[4:7] == b"ni2":
        raise UserError(f"{file.shown}: has its pixels in another file (.img); save it as one .nii file")
    kind = nibabel.Nifti2Header if second else nibabel.Nifti1Header
    try:
        header = kind(start[: 540 if second else 348], check=False)
        shape = header.get_data_shape()
        dtype = header.get_data_dtype()
        affine = header.get_best_affine()
        unit = header.get_xyzt_units()[0]
    except Exception:  # nibabel's parsers raise anything at damaged files
        raise UserError(f"{file.shown}: has a damaged NIfTI header; get it anew") from None
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if not 2 <= len(shape) <= 4 or min(shape) < 1:
        raise UserError(f"{file.shown}: has the shape {shape}; give a volume of two to four axes")
    if dtype.kind not in "uif":
        raise UserError(f"{file.shown}: holds {dtype}, no greys; save it as integers or floats")
    if math.prod(shape) * dtype.itemsize > MAX_BYTES:
        raise UserError(f"{file.shown}: is larger than {MAX_BYTES // 2**30} GiB unpacked; give a part of it")
    whole = (*shape, *([1] * (4 - len(shape))))
    sizes = np.linalg.norm(affine[:3, :3], axis=0) * TO_MM[unit]
    return Layout(header, whole, affine, sizes, _plane(file, whole, affine, sizes))


def _plane(file: InputFile, shape: tuple[int, ...], affine: np.ndarray, sizes: np.ndarray) -> Plane:
    """Slices along an axis of one voxel, else along the longest voxels, else along the last axis."""
    import nibabel

    ways = nibabel.orientations.io_orientation(affine)
    if np.isnan(ways).any() or not np.isfinite(affine).all():
        raise UserError(f"{file.shown}: its affine maps no volume (an axis has length 0); mend its header")
    single = [axis for axis in range(3) if shape[axis] == 1]
    longest = int(sizes.argmax())
    if single:
        axis = single[-1]
    elif sizes[longest] >= THICKER * sorted(sizes)[1]:
        axis = longest
    else:
        axis = 2
    first, second = (other for other in range(3) if other != axis)
    # The rows of a slice follow each other from head to feet, or from front to back: NIfTI's z, else y.
    transposed = ways[second, 0] > ways[first, 0]
    rows, columns = (second, first) if transposed else (first, second)
    # NIfTI's axes go to the right, front and head; what is shown goes to the left, back and feet.
    flipped = tuple(place for place, each in enumerate((rows, columns)) if ways[each, 1] > 0)
    return Plane(axis, bool(transposed), flipped)


@dataclass(frozen=True)
class NiftiVolume(Source):
    """A NIfTI file: a slice, a volume, or several."""

    file: InputFile
    layout: Layout
    window: Window

    def names(self) -> list[str]:
        count, volumes = self.layout.shape[self.layout.plane.axis], self.layout.shape[3]
        places = [f"{number:04d}" for number in range(1, count + 1)]
        if volumes == 1:
            return [f"{self.name}/{place}" for place in places]
        return [f"{self.name}/v{volume:02d}/{place}" for volume in range(1, volumes + 1) for place in places]

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
        return InputSlice(self.names()[index], to_greys(values, *ends), self.layout.spacing, found)

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
