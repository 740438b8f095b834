"""Masks of a DICOM series on its grid: NIfTI, SEG, and areas in mm²."""

from pathlib import Path

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest
from support.dicoms import BALL, ORIENTATIONS, SECRET, ball, enhanced, write, write_series

from tumorseg.delivery.inputs import find_sources
from tumorseg.delivery.inputs.dicom import DicomSeries
from tumorseg.delivery.outputs.areas import Area, areas, volume
from tumorseg.delivery.outputs.nifti import write_nifti
from tumorseg.delivery.outputs.seg import write_seg
from tumorseg.errors import UserError

EVERY = pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS)


def series_of(path: Path) -> DicomSeries:
    (source,) = find_sources([str(path)], "100:900")
    assert isinstance(source, DicomSeries)
    return source


def masks_of(source: DicomSeries) -> list[np.ndarray]:
    return [(each.greys > 127).astype(np.uint8) for each in source.slices()]


def seg_centroid(path: Path) -> np.ndarray:
    """mm in the patient's coordinates, from what the SEG says of its own frames."""
    seg = pydicom.dcmread(path)
    shared = seg.SharedFunctionalGroupsSequence[0]
    way = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    rows, columns = np.array(shared.PixelMeasuresSequence[0].PixelSpacing, float)
    points = []
    for pixels, group in zip(seg.pixel_array, seg.PerFrameFunctionalGroupsSequence, strict=True):
        corner = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
        for row, column in np.argwhere(pixels):
            points.append(corner + way[:3] * columns * column + way[3:] * rows * row)
    return np.mean(points, axis=0)


@EVERY
def test_a_ball_comes_back_at_its_place_in_mm(tmp_path, orientation):
    write_series(tmp_path / "in", orientation, order=[3, 0, 4, 1, 2], spacing=(1.0, 1.5))
    source = series_of(tmp_path / "in")
    masks = masks_of(source)
    write_seg(source, masks, tmp_path / "a.seg.dcm", classes=[], version="1")
    assert seg_centroid(tmp_path / "a.seg.dcm") == pytest.approx(BALL, abs=1e-4)
    write_nifti(source, masks, tmp_path / "a.nii.gz")
    image = nibabel.load(tmp_path / "a.nii.gz")
    centroid = nibabel.affines.apply_affine(image.affine, np.argwhere(image.dataobj)).mean(axis=0)
    assert centroid * [-1, -1, 1] == pytest.approx(BALL, abs=1e-4)  # NIfTI's x and y are the other way round
    assert int(np.sum(image.dataobj)) == sum(int(mask.sum()) for mask in masks)
    assert (image.header["sform_code"], image.header["qform_code"]) == (1, 1)
    assert image.get_qform() == pytest.approx(image.affine, abs=1e-4)


@EVERY
def test_frames_of_one_file_are_segmented_in_their_stored_order(tmp_path, orientation):
    inside, positions = ball(orientation, 5, (1, 1), 4, (40, 48))
    order = [2, 0, 1, 4, 3]
    write(tmp_path / "a", enhanced(inside[order], positions[order], orientation))
    source = series_of(tmp_path / "a")
    write_seg(source, masks_of(source), tmp_path / "a.seg.dcm", classes=[], version="1")
    assert seg_centroid(tmp_path / "a.seg.dcm") == pytest.approx(BALL, abs=1e-4)


def test_a_segment_a_class_and_the_patient_and_no_more(tmp_path):
    write_series(tmp_path / "in")
    source = series_of(tmp_path / "in")
    masks = masks_of(source)
    masks[1][masks[1] > 0] = 2
    write_seg(source, masks, tmp_path / "a.seg.dcm", classes=["glioma", "other"], version="1a2b")
    seg = highdicom.seg.segread(tmp_path / "a.seg.dcm")
    assert [seg.get_segment_description(number).segment_label for number in (1, 2)] == ["glioma", "other"]
    assert seg.get_segment_description(1).AnatomicRegionSequence[0].CodeMeaning == "Brain"
    algorithm = seg.get_segment_description(1).algorithm_identification
    assert (algorithm.name, algorithm.version) == ("tumorseg", "1a2b")
    assert (seg.PatientName, seg.PatientID, seg.StudyInstanceUID) == (SECRET, "4711", "1.2.3")
    source_uids = [frame.uid for frame in source.frames]
    found = seg.get_pixels_by_source_instance(source_uids, combine_segments=True)
    assert np.array_equal(found, masks)


def test_an_empty_mask_is_a_whole_segmentation(tmp_path):
    write_series(tmp_path / "in", count=3)
    source = series_of(tmp_path / "in")
    empty = [np.zeros((40, 48), np.uint8)] * 3
    write_seg(source, empty, tmp_path / "a.seg.dcm", classes=[], version="1")
    assert not pydicom.dcmread(tmp_path / "a.seg.dcm").pixel_array.any()
    write_nifti(source, empty, tmp_path / "a.nii.gz")
    assert not np.any(nibabel.load(tmp_path / "a.nii.gz").dataobj)


def test_a_volume_says_nothing_of_the_patient(tmp_path):
    write_series(tmp_path / "in")
    source = series_of(tmp_path / "in")
    write_nifti(source, masks_of(source), tmp_path / "a.nii")
    data = (tmp_path / "a.nii").read_bytes()
    assert not any(part in data for part in (b"Doe", b"4711", b"1970", b"2024"))


@pytest.mark.parametrize(
    "absent", ["StudyID", "StudyDate", "AccessionNumber", "PatientName", "PatientBirthDate"]
)
def test_a_tag_that_may_be_empty_may_be_absent(tmp_path, absent):
    write_series(tmp_path / "in", count=2, **{absent: None})
    source = series_of(tmp_path / "in")
    write_seg(source, masks_of(source), tmp_path / "a.seg.dcm", classes=[], version="1")
    assert not pydicom.dcmread(tmp_path / "a.seg.dcm").get(absent)


@pytest.mark.parametrize("absent", ["FrameOfReferenceUID", "StudyInstanceUID", "SliceThickness"])
def test_without_a_tag_that_a_seg_needs_there_is_a_volume_and_a_line(tmp_path, absent):
    write_series(tmp_path / "in", **{absent: None})
    source = series_of(tmp_path / "in")
    with pytest.raises(UserError, match=f"^series_1: has no {absent}; no SEG is written of it$"):
        write_seg(source, masks_of(source), tmp_path / "a.seg.dcm", classes=[], version="1")
    assert not list(tmp_path.glob("*.dcm"))
    write_nifti(source, masks_of(source), tmp_path / "a.nii.gz")
    assert (tmp_path / "a.nii.gz").is_file()


@pytest.mark.parametrize("absent", ["PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"])
def test_without_a_place_there_is_neither(tmp_path, absent):
    write_series(tmp_path / "in", **{absent: None})
    source = series_of(tmp_path / "in")
    with pytest.raises(UserError, match=f"^series_1: has no {absent}; no volume is written of it$"):
        write_nifti(source, masks_of(source), tmp_path / "a.nii.gz")
    with pytest.raises(UserError, match=f"^series_1: has no {absent}; no SEG is written of it$"):
        write_seg(source, masks_of(source), tmp_path / "a.seg.dcm", classes=[], version="1")


def test_a_series_with_a_gap_has_a_segmentation_and_no_volume(tmp_path):
    write_series(tmp_path / "in")
    (tmp_path / "in" / "IM0003").unlink()
    source = series_of(tmp_path / "in")
    with pytest.raises(UserError, match="series_1: its slices are not evenly spaced; no volume is written"):
        write_nifti(source, masks_of(source), tmp_path / "a.nii.gz")
    write_seg(source, masks_of(source), tmp_path / "a.seg.dcm", classes=[], version="1")
    assert (tmp_path / "a.seg.dcm").is_file()


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        ({"PatientSex": "UNKNOWN"}, "PatientSex"),
        ({"StudyDate": "2020-01-01", "PatientBirthDate": "19"}, "StudyDate, PatientBirthDate"),
        ({"SpecificCharacterSet": "ISO_IR 9999"}, "SpecificCharacterSet"),
    ],
)
@pytest.mark.filterwarnings("ignore")  # pydicom's, of these values
def test_an_odd_tag_is_named_and_its_value_is_not(tmp_path, odd, told):
    write_series(tmp_path / "in", count=2, **odd)
    source = series_of(tmp_path / "in")
    with pytest.raises(UserError) as error:
        write_seg(source, masks_of(source), tmp_path / "a.seg.dcm", classes=[], version="1")
    what = f"has a {told} that no SEG can have; mend it, or leave seg out of --formats"
    assert str(error.value) == f"series_1: {what}; no SEG is written of it"


@pytest.mark.parametrize("flat", [[0] * 6, [1, 0, 0, 1, 0, 0], [1, 0, 0, -1, 0.001, 0]])
def test_directions_that_span_no_plane_are_no_place(tmp_path, flat):
    write_series(tmp_path / "in", count=3, ImageOrientationPatient=flat)
    source = series_of(tmp_path / "in")
    assert [frame.instance for frame in source.frames] == [1, 2, 3]
    assert "position-unknown" in source.read(0).warnings
    with pytest.raises(UserError, match="has no ImageOrientationPatient; no volume"):
        write_nifti(source, masks_of(source), tmp_path / "a.nii.gz")
    with pytest.raises(UserError, match="or ImageOrientationPatient that says no place; no SEG"):
        write_seg(source, masks_of(source), tmp_path / "a.seg.dcm", classes=[], version="1")


def test_infinite_numbers_are_none(tmp_path):
    endless = float("inf")
    write_series(tmp_path / "in", count=2, ImagePositionPatient=[endless, 0, 0], PixelSpacing=[endless, 1])
    found = series_of(tmp_path / "in").read(0)
    assert (found.spacing, found.warnings) == (None, ("spacing-unknown", "position-unknown"))


def test_areas_are_in_mm_and_not_in_pixels(tmp_path):
    mask = np.zeros((9, 9), np.uint8)
    mask[0, :4], mask[1, :2] = 1, 2
    assert areas(mask, None) == {1: Area(4, None, None), 2: Area(2, None, None)}
    assert areas(mask, (0.5, 3.0), 2.0) == {1: Area(4, 6.0, 12.0), 2: Area(2, 3.0, 6.0)}
    assert areas(mask * 0, (1.0, 1.0)) == {}
    write_series(tmp_path, spacing=(0.5, 1.5), count=9, shape=(60, 40), step=2.0)
    source = series_of(tmp_path)
    found = volume(masks_of(source), source.read(0).spacing, source.slice_step)
    assert found[1].mm3 == pytest.approx(4 / 3 * np.pi * 9**3, rel=0.02)  # of the ball
