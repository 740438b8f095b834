"""DICOM files made by pydicom: series of a ball whose place in mm is known."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from tumorseg.delivery.inputs import find_sources
from tumorseg.delivery.inputs.source import InputSlice

BALL = np.array([4.0, -7.0, 12.0])  # mm, its centre in the patient
RADIUS = 9.0
SECRET = "Doe^Jane"  # must be in no name, no error and no volume
# Direction of rows and of columns: three planes, as usual and otherwise, and an oblique one.
ORIENTATIONS = {
    "transverse": (1, 0, 0, 0, 1, 0),
    "transverse_mirrored": (-1, 0, 0, 0, 1, 0),
    "coronal": (1, 0, 0, 0, 0, -1),
    "coronal_upside_down": (1, 0, 0, 0, 0, 1),
    "sagittal": (0, 1, 0, 0, 0, -1),
    "oblique": (0.8, 0.6, 0, 0.36, -0.48, -0.8),
}


def values_of(image: np.ndarray) -> np.ndarray:
    return np.where(image, 900, 100).astype(np.uint16)


def ball(
    orientation: Sequence[float],
    count: int,
    spacing: tuple[float, float],
    step: float,
    shape: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """A ball in slices, bool (N, H, W), and the position (N, 3) in mm of each slice's first pixel.

    The middle of the grid is the ball's centre, so that its centroid is that exactly.
    """
    right, down = np.array(orientation[:3]), np.array(orientation[3:])
    normal = np.cross(right, down)
    rows = (np.arange(shape[0]) - (shape[0] - 1) / 2) * spacing[0]
    columns = (np.arange(shape[1]) - (shape[1] - 1) / 2) * spacing[1]
    depths = (np.arange(count) - (count - 1) / 2) * step
    inside = depths[:, None, None] ** 2 + rows[None, :, None] ** 2 + columns[None, None] ** 2 <= RADIUS**2
    return inside, BALL + np.outer(depths, normal) + rows[0] * down + columns[0] * right


def dataset(pixels: np.ndarray, **tags: Any) -> FileDataset:
    """An MR image of one frame, uint16 or int16 (H, W); `tags` are set last, those that are None deleted."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = pydicom.uid.MRImageStorage
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    about = {
        "SOPClassUID": pydicom.uid.MRImageStorage,
        "SOPInstanceUID": generate_uid(),
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": "1.2.3.4",
        "FrameOfReferenceUID": "1.2.3.5",
        **{"PatientName": SECRET, "PatientID": "4711", "PatientBirthDate": "19700102", "PatientSex": "F"},
        **{"StudyDate": "20240102", "StudyTime": "101112", "StudyID": "1", "AccessionNumber": "77"},
        **{"Modality": "MR", "SeriesNumber": 3, "InstanceNumber": 1, "SliceThickness": 5.0},
        **{"ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "ImagePositionPatient": [0, 0, 0]},
        **{"PixelSpacing": [1, 1], "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"},
        **{"Rows": pixels.shape[0], "Columns": pixels.shape[1], "BitsAllocated": 16, "BitsStored": 16},
        **{"HighBit": 15, "PixelRepresentation": int(pixels.dtype.kind == "i")},
        "PixelData": pixels.tobytes(),
    }
    for keyword, value in (about | tags).items():
        if value is not None:
            setattr(made, keyword, value)
    meta.MediaStorageSOPInstanceUID = made.get("SOPInstanceUID", "1.2")
    return made


def write(path: Path, made: Dataset) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)
    return path


def write_series(
    folder: Path,
    orientation: Sequence[float] = ORIENTATIONS["transverse"],
    *,
    count: int = 5,
    spacing: tuple[float, float] = (1.0, 1.0),
    step: float = 4.0,
    shape: tuple[int, int] = (40, 48),
    order: Sequence[int] | None = None,
    **tags: Any,
) -> np.ndarray:
    """Write a series of the ball; returns the ball, bool (N, H, W). `order` is that of the files' names."""
    inside, positions = ball(orientation, count, spacing, step, shape)
    for place, number in enumerate(order or range(count)):
        about = {
            **{"ImageOrientationPatient": list(orientation), "PixelSpacing": list(spacing)},
            **{"ImagePositionPatient": [float(each) for each in positions[number].round(6)]},
            **{"InstanceNumber": place + 1, "SliceThickness": step},
        }
        made = dataset(values_of(inside[number]), **(about | tags))
        write(folder / f"IM{place:04d}", made)
    return inside


def enhanced(inside: np.ndarray, positions: np.ndarray, orientation: Sequence[float]) -> FileDataset:
    """The same slices as frames of one file, 1 mm a pixel."""
    made = dataset(
        values_of(inside[0]),
        SOPClassUID=pydicom.uid.EnhancedMRImageStorage,
        NumberOfFrames=len(inside),
        **dict.fromkeys(
            ("ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing", "SliceThickness")
        ),
    )
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.PixelData = values_of(inside).tobytes()
    shared, plane, measures = Dataset(), Dataset(), Dataset()
    plane.ImageOrientationPatient = list(orientation)
    measures.PixelSpacing, measures.SliceThickness = [1, 1], 4
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [plane], [measures]
    made.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for position in positions:
        group, place = Dataset(), Dataset()
        place.ImagePositionPatient = [float(each) for each in position.round(6)]
        group.PlanePositionSequence = [place]
        groups.append(group)
    made.PerFrameFunctionalGroupsSequence = groups
    return made


def one(path: Path, window: str = "auto") -> InputSlice:
    """The only slice of a file."""
    (source,) = find_sources([str(path)], window)
    (only,) = source.slices()
    return only
