"""What the headers of DICOM files say of each frame, and which frames are a series."""

import hashlib
import io
import logging
import math
import warnings
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tumorseg.delivery.inputs.files import MAX_SLICES, InputFile
from tumorseg.delivery.inputs.geometry import normal_of, spans_a_plane
from tumorseg.errors import UserError

TAGS = [
    *("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber", "InstanceNumber", "Modality"),
    *("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel"),
    *("BitsAllocated", "BitsStored", "PixelRepresentation"),
    *(
        "PhotometricInterpretation",
        "PresentationLUTShape",
        "RescaleSlope",
        "RescaleIntercept",
        "ModalityLUTSequence",
    ),
    *("WindowCenter", "WindowWidth", "VOILUTSequence", "BurnedInAnnotation"),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
]
NO_SCANS = ("SEG", "RTDOSE", "PR", "KO")  # have rows and columns, or pixels, and are no scans
SAME_WAY = 0.01  # of direction cosines: slices that differ by less are parallel
SAME_PLACE = 0.01  # mm: slices nearer to each other are at one position
LEAST_BITS = 256  # of a compressed frame: its item and its header take as much
PLAIN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")  # uncompressed transfer syntaxes


@dataclass(frozen=True)
class Frame:
    """One frame of a DICOM file: all of it but its pixels that is needed here, and nothing of the patient."""

    file: InputFile
    number: int  # in the file, from 1
    frames: int  # of the file
    uid: str  # of the file's object
    series: tuple[int, str]  # SeriesNumber, SeriesInstanceUID
    instance: int  # InstanceNumber
    shape: tuple[int, int]
    position: tuple[float, float, float] | None  # mm, of the centre of the first pixel
    orientation: tuple[float, ...] | None
    spacing: tuple[float, float] | None  # mm, rows and columns
    windowed: bool  # the file says which values to show
    greys: bool  # its values are 8-bit greys already
    inverted: bool  # low values are bright
    burned: bool  # there may be text in the pixels
    repeated: bool = False  # the same frame was given twice
    header: str = ""  # a digest of all of the file before its pixels

    @property
    def placed(self) -> bool:
        """Whether the file says where the frame lies in the patient."""
        return self.position is not None and self.orientation is not None

    @property
    def along(self) -> float:
        """mm along the normal; 0 where the position is unknown."""
        if self.position is None or self.orientation is None:
            return 0.0
        return float(np.dot(self.position, normal_of(self.orientation)))


def hush() -> None:
    """Keep what the libraries log to themselves: it has tracebacks, paths and values of tags."""
    for name in ("pydicom", "highdicom"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def read_frames(file: InputFile) -> list[Frame]:
    """The frames of a DICOM file; none where it is no scan (a report, a directory, a segmentation).

    Raises:
        UserError: Its header is damaged.
    """
    import pydicom

    hush()
    raw = io.BytesIO(file.read()) if file.path is None else file.open()
    try:
        with raw, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of values that the standard does not allow
            header = pydicom.dcmread(raw, stop_before_pixels=True, specific_tags=TAGS, force=True)
            if header.get("Modality") in NO_SCANS or not _is_image(header):
                return []
            size = raw.tell()
            raw.seek(0)
            digest = hashlib.sha256(raw.read(size)).hexdigest()
            return [replace(frame, header=digest) for frame in _frames(file, header)]
    except UserError:
        raise
    except Exception:  # pydicom's parsers raise anything at damaged files
        raise UserError("has a damaged header; get it anew from where it was exported") from None


def _is_image(header: Any) -> bool:
    if "Rows" in header and "Columns" in header:
        return True
    name = header.SOPClassUID.name  # absent: damaged, or no DICOM
    if name.endswith("Image Storage"):
        raise ValueError("an image without a size")
    return False


def _frames(file: InputFile, header: Any) -> list[Frame]:
    said = int(header.get("NumberOfFrames") or 1)
    count = _count(file, header, said)
    groups = header.get("PerFrameFunctionalGroupsSequence") or [None] * count
    shared = (header.get("SharedFunctionalGroupsSequence") or [None])[0]
    inverse = header.get("PhotometricInterpretation") == "MONOCHROME1"
    common = Frame(
        file=file,
        number=1,
        frames=said,
        uid=str(header.get("SOPInstanceUID") or file.shown),
        series=(int(header.get("SeriesNumber") or 0), str(header.get("SeriesInstanceUID", ""))),
        instance=int(header.get("InstanceNumber") or 0),
        shape=(int(header.Rows), int(header.Columns)),
        position=None,
        orientation=None,
        spacing=None,
        windowed=False,
        greys=int(header.BitsStored) <= 8 and not header.PixelRepresentation and not _rescaled(header),
        inverted=header.get("PresentationLUTShape", "INVERSE" if inverse else "") == "INVERSE",
        burned=header.get("BurnedInAnnotation") == "YES",
    )
    return [
        replace(common, number=number, **_place([group, shared, header]))
        for number, group in enumerate(groups[:count], 1)
    ]


def _count(file: InputFile, header: Any, said: int) -> int:
    """How many of the frames that it says to read: those it can hold, and one for all others.

    Raises:
        UserError: The header says absurdly many.
    """
    is_plain = str(header.file_meta.get("TransferSyntaxUID", PLAIN[0])) in PLAIN
    least = header.Rows * header.Columns * (header.get("BitsAllocated") or 1) if is_plain else LEAST_BITS
    if said > MAX_SLICES:
        raise UserError(f"has over {MAX_SLICES:,} frames; give a part of it")
    return min(said, file.size() * 8 // max(1, least) + 1)


def _rescaled(header: Any) -> bool:
    scale = (header.get("RescaleSlope", 1), header.get("RescaleIntercept", 0))
    return scale != (1, 0) or "ModalityLUTSequence" in header


def _place(levels: list[Any]) -> dict[str, Any]:
    """Position, orientation, spacing and window of a frame: its own, else the file's."""

    def value(sequence: str, keyword: str, length: int) -> tuple[float, ...] | None:
        for level in levels:
            inner = level.get(sequence) if level is not None else None
            for item in [inner[0] if inner else None, level]:
                found = item.get(keyword) if item is not None else None
                if found is not None and len(found) == length:
                    values = tuple(float(each) for each in found)
                    return values if all(map(math.isfinite, values)) else None
        return None

    spacing = value("PixelMeasuresSequence", "PixelSpacing", 2)
    orientation = value("PlaneOrientationSequence", "ImageOrientationPatient", 6)
    return {
        "position": value("PlanePositionSequence", "ImagePositionPatient", 3),
        "orientation": orientation if orientation and spans_a_plane(orientation) else None,
        "spacing": spacing if spacing and min(spacing) > 0 else None,
        "windowed": any(_has_window(level) for level in levels if level is not None),
    }


def _has_window(level: Any) -> bool:
    inner = level.get("FrameVOILUTSequence")
    for item in [inner[0] if inner else None, level]:
        if item is None:
            continue
        center, width = (np.ravel(item.get(key))[0] for key in ("WindowCenter", "WindowWidth"))
        if center is not None and width is not None and float(width) >= 1:
            return True
        if item.get("VOILUTSequence"):
            return True
    return False


def group_frames(frames: Iterable[Frame]) -> list[list[Frame]]:
    """Frames of one series, size and orientation, sorted along the normal, each series once.

    A frame given twice is left out. Its UID alone does not tell: some programs that take names of patients
    out give one UID to all files, so it has to be of the same number and at the same position.

    Where several frames are at one position (echoes, diffusion, a repeated scan), the first of each position
    are a series, and the second, and so on. The order is that of the series' numbers, not of files.
    """
    unique: dict[tuple[object, ...], Frame] = {}
    for frame in frames:
        where = [round(each, 1) for each in (*(frame.position or ()), *(frame.orientation or ()))]
        key = (frame.uid, frame.number, frame.series, frame.instance, frame.shape, *where)
        unique[key] = replace(unique[key], repeated=True) if key in unique else frame
    groups: dict[tuple[Any, ...], list[Frame]] = {}
    for frame in sorted(unique.values(), key=lambda frame: (frame.series, frame.instance, frame.uid)):
        facing = frame.orientation if frame.placed else None
        way = _nearest(facing, (known for *_, known in groups)) or facing or ()
        groups.setdefault((frame.series, frame.shape, way), []).append(frame)
    series = []
    for _, group in sorted(groups.items()):
        group.sort(key=lambda frame: (frame.along, frame.instance, frame.number, frame.uid))
        series += _layers(group) if group[0].placed else [group]
    return series


def _nearest(
    facing: tuple[float, ...] | None, known: Iterable[tuple[float, ...]]
) -> tuple[float, ...] | None:
    """Of known orientations the one that is the same but for rounding."""
    if facing is None:
        return None
    return next((each for each in known if each and np.allclose(each, facing, rtol=0, atol=SAME_WAY)), None)


def _layers(group: list[Frame]) -> list[list[Frame]]:
    layers: dict[int, list[Frame]] = defaultdict(list)
    for place in _places(group):
        for layer, frame in enumerate(place):
            layers[layer].append(frame)
    return list(layers.values())


def _places(group: list[Frame]) -> list[list[Frame]]:
    """Sorted frames, those at one position together in the order in which they were taken."""
    places: list[list[Frame]] = []
    for frame in group:
        if places and frame.along - places[-1][0].along < SAME_PLACE:
            places[-1].append(frame)
        else:
            places.append([frame])
    return [sorted(place, key=lambda frame: (frame.instance, frame.number, frame.uid)) for place in places]
