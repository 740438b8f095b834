"""What the header of a NIfTI file says: its shape, and which way its slices are shown."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tumorseg.data.headers import MAX_PIXELS
from tumorseg.delivery.inputs.files import GZIP, MAX_BYTES, MAX_SLICES, InputFile, open_unpacked
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
    def slices(self) -> int:
        """How many the file holds, in all its volumes."""
        return self.shape[self.plane.axis] * self.shape[3]

    @property
    def end(self) -> int:
        """Bytes of the file, unpacked."""
        return _end(self.header, self.shape)

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

    is_packed = file.read(2) == GZIP
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
        end = _end(header, shape)
        header.get_slope_inter()
    except Exception:  # nibabel's parsers raise anything at damaged files
        raise UserError(f"{file.shown}: has a damaged NIfTI header; get it anew") from None
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if not 2 <= len(shape) <= 4 or min(shape) < 1:
        raise UserError(f"{file.shown}: has the shape {shape}; give a volume of two to four axes")
    if dtype.kind not in "uif":
        raise UserError(f"{file.shown}: holds {dtype}, no greys; save it as integers or floats")
    if end > MAX_BYTES:
        raise UserError(f"{file.shown}: is larger than {MAX_BYTES // 2**30} GiB unpacked; give a part of it")
    if header.get_data_offset() < header.single_vox_offset:
        raise UserError(
            f"{file.shown}: says that its pixels begin in its header (vox_offset); mend its header"
        )
    if not is_packed and end > file.size():
        raise UserError(f"{file.shown}: is cut off; get it anew")
    whole = (*shape, *([1] * (4 - len(shape))))
    sizes = np.linalg.norm(affine[:3, :3], axis=0) * TO_MM[unit]
    layout = Layout(header, whole, affine, sizes, _plane(file, whole, affine, sizes))
    if math.prod(whole) > MAX_PIXELS * layout.slices:
        raise UserError(f"{file.shown}: has slices of over {MAX_PIXELS:,} pixels; give smaller ones")
    if layout.slices > MAX_SLICES:
        raise UserError(f"{file.shown}: has {layout.slices:,} slices, over {MAX_SLICES:,}; give a part of it")
    return layout


def _end(header: Any, shape: tuple[int, ...]) -> int:
    return int(header.get_data_offset()) + math.prod(shape) * int(header.get_data_dtype().itemsize)


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
