"""DICOM series: slices as a viewer shows them, sorted along the normal, on the series' own grid.

No name says anything of the patient: slices are `series_1/0007`, and so they are called in errors.
"""

import contextlib
import functools
import hashlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np

from tumorseg.data.headers import MAX_PIXELS
from tumorseg.data.read import channel_range, to_greys
from tumorseg.delivery.inputs.dicom_headers import Frame, hush
from tumorseg.delivery.inputs.files import InputFile
from tumorseg.delivery.inputs.geometry import affine_of, even_step, shown_as_usual
from tumorseg.delivery.inputs.pictures import COLOURED
from tumorseg.delivery.inputs.source import InputSlice, Source
from tumorseg.delivery.inputs.window import Window, guess_window, spread
from tumorseg.errors import UserError

# Transfer syntaxes that need a package which is not installed with this one.
EXTRA_CODEC = {
    "1.2.840.10008.1.2.4.51": "python-gdcm",
    "1.2.840.10008.1.2.4.57": "python-gdcm",
    "1.2.840.10008.1.2.4.70": "python-gdcm",
}
EXPORT = "export the series anew, uncompressed (explicit VR little endian)"


@dataclass(frozen=True)
class DicomSeries(Source):
    """Frames of one series, size and orientation."""

    frames: tuple[Frame, ...]  # in their order
    window: Window

    def names(self) -> list[str]:
        return [f"{self.name}/{number:04d}" for number in range(1, len(self.frames) + 1)]

    def read(self, index: int) -> InputSlice:
        frame, name = self.frames[index], f"{self.name}/{index + 1:04d}"
        ends, guessed = self._ends
        with self._errors(frame, name):
            values = _pixels(frame, own_window=ends is None)
        greys, coloured = _to_greys(values, frame, ends)
        codes = {
            "colour": coloured,
            "window-guessed": guessed,
            "spacing-unknown": frame.spacing is None,
            "position-unknown": not frame.placed,
            "uneven": self.uneven,
            "orientation": frame.orientation is not None and not shown_as_usual(frame.orientation),
            "duplicate": frame.repeated,
            "burned-in": frame.burned,
        }
        return InputSlice(name, greys, frame.spacing, tuple(code for code, true in codes.items() if true))

    @cached_property
    def _ends(self) -> tuple[tuple[float, float] | None, bool]:
        """The values that become black and white, or None for the files' own window; whether guessed."""
        windowed = all(frame.windowed for frame in self.frames)
        if self.window.mode == "fixed":
            return (self.window.low, self.window.high), False
        if windowed:
            return None, False
        if self.window.mode == "dicom":
            missing = sum(not frame.windowed for frame in self.frames)
            raise UserError(f"{self.name}: {missing} slices have no window; use --window auto or LOW:HIGH")
        if all(frame.greys for frame in self.frames):
            return (0.0, 255.0), False
        return guess_window(self._samples()), True

    def _samples(self) -> Iterator[np.ndarray]:
        for index in spread(len(self.frames)):
            # One that cannot be read is an error of its own, when its turn comes.
            with contextlib.suppress(UserError), self._errors(self.frames[index], self.name):
                yield _pixels(self.frames[index], own_window=False)

    @cached_property
    def _step(self) -> np.ndarray | None:
        positions = [frame.position for frame in self.frames if frame.position and frame.orientation]
        return even_step(positions) if 1 < len(positions) == len(self.frames) else None

    def stamp(self) -> str:
        whole = "\n".join(f"{frame.header} {frame.number}" for frame in self.frames)
        return hashlib.sha256(whole.encode()).hexdigest()

    @property
    def slice_step(self) -> float | None:
        return None if self._step is None else float(np.linalg.norm(self._step))

    @property
    def uneven(self) -> bool:
        """Whether slices are missing, or not evenly spaced."""
        placed = all(frame.placed for frame in self.frames)
        return placed and len(self.frames) > 1 and self._step is None

    @cached_property
    def affine(self) -> np.ndarray:
        """Of voxels (column, row, slice) to mm, in NIfTI's coordinates, (4, 4).

        Raises:
            UserError: The files do not say where the slices are, or they are not evenly spaced.
        """
        first = self.frames[0]
        tags = {
            "ImagePositionPatient": first.position,
            "ImageOrientationPatient": first.orientation,
            "PixelSpacing": first.spacing,
        }
        if absent := [tag for tag, value in tags.items() if value is None]:
            raise UserError(f"{self.name}: has no {', '.join(absent)}; no volume is written of it")
        if self.uneven:
            raise UserError(f"{self.name}: its slices are not evenly spaced; no volume is written of it")
        assert first.position
        assert first.orientation
        assert first.spacing
        step = self._step
        if step is None:  # of one slice: any depth is as true as another
            step = np.cross(first.orientation[:3], first.orientation[3:])
        return affine_of(first.orientation, first.position, first.spacing, step)

    @contextlib.contextmanager
    def _errors(self, frame: Frame, name: str) -> Iterator[None]:
        """What reading pixels raises, as one line that says nothing of the patient."""
        try:
            yield
        except UserError as error:  # of the file itself: its path may hold the patient's name
            reason = str(error).removeprefix(f"{frame.file.shown}: ")
            raise UserError(f"{name}: InstanceNumber {frame.instance}: {reason}") from None
        except Exception as error:  # decoders raise anything at damaged files
            reason = _reason(frame.file, error)
            raise UserError(f"{name}: InstanceNumber {frame.instance}: {reason}") from None


def _reason(file: InputFile, error: Exception) -> str:
    import pydicom

    with contextlib.suppress(Exception):
        syntax = pydicom.dcmread(io.BytesIO(file.read(2**16)), specific_tags=["Rows"], force=True)
        uid = syntax.file_meta.TransferSyntaxUID
        if package := EXTRA_CODEC.get(uid):
            return f"is compressed as {uid.name}; install {package} or {EXPORT}"
        if not uid.is_little_endian or uid.is_deflated:
            return f"is stored as {uid.name}, which is not read; {EXPORT}"
    if isinstance(error, (AttributeError, KeyError)):  # what highdicom says of a tag that is not there
        tag = str(error).rpartition("attribute ")[2].strip("'\"")
        return f"has no tag {tag}; {EXPORT}"
    return "its pixels are cut off or damaged; get the file anew, or leave it out"


def _pixels(frame: Frame, own_window: bool) -> np.ndarray:
    """The frame's values, float64 (H, W) or (H, W, 3): after its own window 0 to 255, else as they are."""
    if frame.shape[0] * frame.shape[1] > MAX_PIXELS:
        raise UserError(f"{frame.shape[1]}×{frame.shape[0]} pixels are too many; give a smaller one")
    many = frame.frames > 1
    image = (_open_many(frame.file, frame.file.stamp()) if many else _OpenImage(frame.file, lazy=False)).image
    # highdicom writes a traceback with the file's path to stderr, besides raising its error.
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")  # of values that the standard does not allow
        values: np.ndarray = image.get_frame(
            frame.number,
            apply_real_world_transform=False,  # it would take the place of the window
            apply_voi_transform=own_window,
            voi_output_range=(0, 255),
            apply_presentation_lut=own_window,  # else after the window, as the last step
            apply_icc_profile=False,
        )
    return values


class _OpenImage:
    """A file that highdicom has open, and closes when nobody uses it."""

    def __init__(self, file: InputFile, lazy: bool) -> None:
        import highdicom

        hush()
        self.opened = file.open() if lazy and file.path else io.BytesIO(file.read())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.image: Any = highdicom.imread(self.opened, lazy_frame_retrieval=lazy)

    def __del__(self) -> None:
        if hasattr(self, "opened"):
            self.opened.close()


@functools.lru_cache(maxsize=1)  # frames of one file follow each other
def _open_many(file: InputFile, stamp: object) -> _OpenImage:
    """A file of many frames; `stamp` is the file's, so that a file that was changed is read anew."""
    return _OpenImage(file, lazy=True)


def _to_greys(values: np.ndarray, frame: Frame, ends: tuple[float, float] | None) -> tuple[np.ndarray, bool]:
    """Greys uint8 (H, W), and whether colour was lost."""
    if values.ndim == 3:
        bright = values.max()
        scale = next(top for top in (255, 65535, 2**32 - 1) if bright <= top)
        colours = to_greys(values, 0, scale)
        return cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), bool((channel_range(colours) > COLOURED).any())
    if ends is None:
        return to_greys(values, 0, 255), False
    greys = to_greys(values, *ends)
    return (255 - greys if frame.inverted else greys), False
