"""Masks of a DICOM series as a DICOM segmentation (SEG), which a viewer lays over the series."""

import copy
import io
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tumorseg.delivery.inputs.dicom import DicomSeries
from tumorseg.delivery.inputs.dicom_headers import hush
from tumorseg.delivery.inputs.source import Source
from tumorseg.errors import UserError
from tumorseg.files import atomic_file

# A segmentation has no meaning without these of its source.
NEEDED = (
    *(
        "SOPClassUID",
        "SOPInstanceUID",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "FrameOfReferenceUID",
        "Modality",
    ),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"),
)
IN_GROUPS = {  # where files of many frames have them
    "ImagePositionPatient": "PlanePositionSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "PixelSpacing": "PixelMeasuresSequence",
    "SliceThickness": "PixelMeasuresSequence",
}
# The standard has these in every file and lets them be empty (type 2); highdicom wants them to be there.
MAY_BE_EMPTY = (
    *("StudyDate", "StudyTime", "AccessionNumber", "StudyID"),
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "ReferringPhysicianName"),
)
COPIED = (*MAY_BE_EMPTY, "SpecificCharacterSet")  # from the first file, as they are
ABNORMAL = ("49755003", "SCT", "Morphologically Abnormal Structure")
NEOPLASM = ("108369006", "SCT", "Neoplasm")
BRAIN = ("12738006", "SCT", "Brain")
SERIES_NUMBER = 9000  # above those of scanners


def write_seg(
    source: Source,
    masks: Iterable[np.ndarray],
    path: Path,
    classes: Sequence[str],
    version: str,
    corrected: bool = False,
) -> None:
    """Write a binary segmentation with a segment a class, on the planes of the series.

    It names the patient and the study, as it has to: without them no archive can file it. It is a new object
    with a new UID and today's date whenever it is written.

    Args:
        source: What was segmented.
        masks: uint8 (H, W) each, one a slice, in their order: 0, or the index of the class.
        path: Ends in .dcm.
        classes: Names of 1, 2, …; none where all tumour is 1.
        version: Of the net, such as the beginning of its digest; a segmentation has to name one.
        corrected: By hand, which it has to say too.

    Raises:
        UserError: It is no DICOM series, lacks a tag that a segmentation must have or has one that it may
            not, or its frames are in several files of many frames.
    """
    if not isinstance(source, DicomSeries):
        raise UserError(f"{source.name}: is no DICOM series; no SEG is written of it")
    headers = source_headers(source)
    if not all(frame.placed for frame in source.frames):
        raise UserError(
            f"{source.name}: has an ImagePositionPatient or ImageOrientationPatient that says no place; "
            "no SEG is written of it"
        )
    names = classes or ["tumour"]
    whole = np.zeros((_stored(source), *source.frames[0].shape), np.uint8)
    for frame, mask in zip(enumerate(source.frames), masks, strict=True):
        place, about = frame
        whole[about.number - 1 if about.frames > 1 else place] = mask
    data, tags = _made(headers, whole, names, version, corrected)
    if data is None:
        named = 0 < len(tags) < len(COPIED)  # if it is all, it is another one
        what = f"a {', '.join(tags)}" if named else "a header"
        raise UserError(
            f"{source.name}: has {what} that no SEG can have; mend it, or leave seg out of --formats; "
            "no SEG is written of it"
        )
    with atomic_file(path) as temporary:
        temporary.write_bytes(data)


def source_headers(source: DicomSeries) -> list[Any]:
    """The files of a series without their pixels, in the order of its slices, fit for a segmentation.

    Raises:
        UserError: As `write_seg`.
    """
    import pydicom

    files = list(dict.fromkeys(frame.file for frame in source.frames))
    if len(files) > 1 and any(frame.frames > 1 for frame in source.frames):
        raise UserError(f"{source.name}: its frames are in several files of many; no SEG is written of it")
    headers = []
    for file in files:
        raw = io.BytesIO(file.read()) if file.path is None else file.open()
        with raw, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of values that the standard does not allow
            header = pydicom.dcmread(raw, stop_before_pixels=True)
        if absent := [tag for tag in NEEDED if not _has(header, tag)]:
            raise UserError(f"{source.name}: has no {', '.join(absent)}; no SEG is written of it")
        for tag in MAY_BE_EMPTY:
            if tag not in header:
                setattr(header, tag, None)
        headers.append(header)
    return headers


def _made(
    headers: list[Any], whole: np.ndarray, names: Sequence[str], version: str, corrected: bool
) -> tuple[bytes | None, list[str]]:
    """The file, of arguments as of `write_seg`; where there can be none, the tags that are in its way.

    What highdicom raises and warns of has the tags' values, which name the patient: nobody may see it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _segmentation(headers, whole, names, version, corrected), []
        except Exception:
            pass
        tags = []
        for tag in COPIED:
            first = copy.deepcopy(headers[0])
            for other in set(COPIED) - {tag}:
                setattr(first, other, None)
            try:
                _segmentation([first, *headers[1:]], whole, names, version, corrected)
            except Exception:
                tags.append(tag)
    return None, tags


def _stored(source: DicomSeries) -> int:
    """Frames of the file, or files of the series."""
    frame = source.frames[0]
    return frame.frames if frame.frames > 1 else len(source)


def _has(header: Any, tag: str) -> bool:
    if header.get(tag) not in (None, ""):
        return True
    levels = [
        (header.get(f"{level}FunctionalGroupsSequence") or [None])[0] for level in ("PerFrame", "Shared")
    ]
    groups = [level.get(IN_GROUPS.get(tag, "")) for level in levels if level is not None and tag in IN_GROUPS]
    return any(group and group[0].get(tag) is not None for group in groups)


def _segmentation(
    headers: list[Any], whole: np.ndarray, names: Sequence[str], version: str, corrected: bool
) -> bytes:
    """The file, of arguments as of `write_seg`."""
    import highdicom
    from pydicom.sr.codedict import codes
    from pydicom.sr.coding import Code

    hush()  # it logs that an empty mask is written whole: nothing a user could mend
    algorithm = highdicom.AlgorithmIdentificationSequence(
        "tumorseg", codes.DCM.ArtificialIntelligence, version
    )
    types = highdicom.seg.SegmentAlgorithmTypeValues
    segments = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=name[:64],
            segmented_property_category=Code(*ABNORMAL),
            segmented_property_type=Code(*NEOPLASM),
            algorithm_type=types.SEMIAUTOMATIC if corrected else types.AUTOMATIC,
            algorithm_identification=algorithm,
            anatomic_regions=[Code(*BRAIN)],
        )
        for number, name in enumerate(names, 1)
    ]
    segmentation = highdicom.seg.Segmentation(
        source_images=headers,
        pixel_array=whole,
        segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=segments,
        series_instance_uid=highdicom.UID(),
        series_number=SERIES_NUMBER,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer="tumorseg",
        manufacturer_model_name="tumorseg",
        software_versions=version,
        device_serial_number=version,
        content_description="Tumour found by a net; not for clinical use",
        content_label="TUMOUR",
    )
    data = io.BytesIO()
    segmentation.save_as(data)
    return data.getvalue()
