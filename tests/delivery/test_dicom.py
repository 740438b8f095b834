"""DICOM series: greys, order, geometry, and what is damaged or absent."""

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pydicom.data
import pytest
from support.dicoms import ORIENTATIONS, SECRET, ball, dataset, enhanced, one, write, write_series

from tumorseg.delivery.inputs import find_sources
from tumorseg.errors import UserError

BUNDLED = Path(pydicom.data.__file__).parent / "test_files"


def ramp(dtype: type = np.uint16, low: int = 0, high: int = 1000) -> np.ndarray:
    return np.linspace(low, high, 24 * 24).round().astype(dtype).reshape(24, 24)


def test_the_files_own_window_is_applied(tmp_path):
    made = dataset(ramp(), WindowCenter=500, WindowWidth=400)
    found = one(write(tmp_path / "a", made))
    # DICOM PS3.3 C.11.2.1.2.1: y = ((x - (c - 0.5)) / (w - 1) + 0.5) * 255
    expected = (((ramp().astype(float) - 499.5) / 399 + 0.5) * 255).clip(0, 255)
    assert np.abs(found.greys - expected).max() <= 0.5 + 1e-9
    assert found.warnings == ()
    assert found.spacing == (1, 1)


def test_of_several_windows_the_first_is_taken(tmp_path):
    several = one(write(tmp_path / "a", dataset(ramp(), WindowCenter=[500, 90], WindowWidth=[400, 10])))
    single = one(write(tmp_path / "b", dataset(ramp(), WindowCenter=500, WindowWidth=400)))
    assert np.array_equal(several.greys, single.greys)


@pytest.mark.parametrize("window", ["auto", "100:900"])
@pytest.mark.parametrize("own", [{}, {"WindowCenter": 500, "WindowWidth": 800}])
def test_monochrome1_is_monochrome2_of_the_inverse(tmp_path, window, own):
    plain = one(write(tmp_path / "a", dataset(ramp(), **own)), window)
    inverse = dataset(ramp(), PhotometricInterpretation="MONOCHROME1", **own)
    assert np.array_equal(one(write(tmp_path / "b", inverse), window).greys, 255 - plain.greys)


def test_signed_values_and_rescale_are_what_a_window_is_in(tmp_path):
    made = dataset(ramp(np.int16, -500, 500), RescaleSlope=2, RescaleIntercept=-24, RescaleType="HU")
    found = one(write(tmp_path / "a", made), "-200:200")
    values = ramp(np.int16, -500, 500) * 2.0 - 24
    assert np.array_equal(found.greys, ((values + 200) * 255 / 400).round().clip(0, 255))


def test_12_bits_without_a_window_are_guessed_for_the_whole_series(tmp_path):
    for number in range(4):
        pixels = np.zeros((24, 24), np.uint16)
        pixels[4:20, 4:20] = ramp()[4:20, 4:20] * (number + 1)
        made = dataset(pixels, BitsStored=12, HighBit=11, ImagePositionPatient=[0, 0, number])
        write(tmp_path / str(number), made)
    (source,) = find_sources([str(tmp_path)])
    slices = list(source.slices())
    assert all(each.warnings == ("window-guessed",) for each in slices)
    # One window for all: a quarter of the values is a quarter of the greys.
    assert [int(each.greys.max()) for each in slices] == [
        pytest.approx(n * 255 / 4, abs=12) for n in (1, 2, 3, 4)
    ]


def test_8_bit_greys_stay_as_they_are(tmp_path):
    pixels = np.arange(24 * 24, dtype=np.uint16).reshape(24, 24) % 100
    made = dataset(
        pixels, BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=pixels.astype(np.uint8).tobytes()
    )
    found = one(write(tmp_path / "a", made))
    assert np.array_equal(found.greys, pixels)
    assert found.warnings == ()


def test_without_a_window_dicom_is_an_error_with_the_way_out(tmp_path):
    with pytest.raises(UserError, match="have no window; use --window auto or LOW:HIGH"):
        one(write(tmp_path / "a", dataset(ramp())), "dicom")


def test_a_width_of_zero_is_no_window(tmp_path):
    found = one(write(tmp_path / "a", dataset(ramp(), WindowCenter=500, WindowWidth=0)))
    assert found.warnings == ("window-guessed",)
    assert found.greys.max() == 255


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_slices_are_in_the_order_of_their_positions(tmp_path, orientation):
    inside = write_series(tmp_path, orientation, order=[3, 0, 4, 1, 2])
    (source,) = find_sources([str(tmp_path)], "100:900")
    slices = list(source.slices())
    assert [each.name for each in slices] == source.names() == [f"series_1/{n:04d}" for n in range(1, 6)]
    assert np.array_equal([each.greys for each in slices], inside * 255)
    assert source.slice_step == pytest.approx(4, abs=1e-5)


def test_a_slice_stored_otherwise_than_usual_is_told(tmp_path):
    for name, orientation in ORIENTATIONS.items():
        write_series(tmp_path / name, orientation, count=1)
        codes = one(tmp_path / name / "IM0000", "0:1").warnings
        assert ("orientation" in codes) == (name in ("transverse_mirrored", "coronal_upside_down")), name


def test_frames_of_one_file_are_the_same_slices(tmp_path):
    orientation = ORIENTATIONS["oblique"]
    inside, positions = ball(orientation, 5, (1, 1), 4, (40, 48))
    order = [2, 0, 1, 4, 3]
    write(tmp_path / "frames" / "a", enhanced(inside[order], positions[order], orientation))
    write_series(tmp_path / "single", orientation)
    (frames,), (single,) = (find_sources([str(tmp_path / name)]) for name in ("frames", "single"))
    for left, right in zip(frames.slices(), single.slices(), strict=True):
        assert np.array_equal(left.greys, right.greys)
        assert left.spacing == right.spacing
    assert frames.affine == pytest.approx(single.affine, abs=1e-4)


def test_the_same_file_twice_is_one_slice(tmp_path):
    write_series(tmp_path)
    shutil.copy(tmp_path / "IM0002", tmp_path / "copy")
    (source,) = find_sources([str(tmp_path)])
    assert len(source) == 5
    assert [each.warnings for each in source.slices()][1:3] == [
        ("window-guessed",),
        ("window-guessed", "duplicate"),
    ]


@pytest.mark.parametrize("absent", [{}, {"InstanceNumber": None}, {"ImagePositionPatient": None}])
def test_slices_that_share_one_uid_are_all_read(tmp_path, absent):
    write_series(tmp_path, SOPInstanceUID="1.2.3.9", **absent)
    shutil.copy(tmp_path / "IM0002", tmp_path / "copy")
    (source,) = find_sources([str(tmp_path)])
    slices = list(source.slices())
    assert len(slices) == 5
    assert ["duplicate" in each.warnings for each in slices] == [False, False, True, False, False]


def test_a_slice_exported_twice_with_other_digits_is_one(tmp_path):
    for name, x in (("a", 1.23456), ("b", 1.235)):
        made = dataset(ramp(), SOPInstanceUID="1.2.3.9", ImagePositionPatient=[x, 0, 0])
        write(tmp_path / name, made)
    (source,) = find_sources([str(tmp_path)])
    (only,) = source.slices()
    assert "duplicate" in only.warnings


def test_a_scan_repeated_at_its_places_is_two_series(tmp_path):
    write_series(tmp_path / "a")
    write_series(tmp_path / "b", AcquisitionNumber=2)
    assert [(each.name, len(each)) for each in find_sources([str(tmp_path)])] == [
        ("series_1", 5),
        ("series_2", 5),
    ]


def test_series_and_planes_and_sizes_are_told_apart(tmp_path):
    write_series(tmp_path / "x", SeriesInstanceUID="1.9", SeriesNumber=2)
    write_series(tmp_path / "y", ORIENTATIONS["coronal"])
    write_series(tmp_path / "z", shape=(32, 32), count=3)
    assert [len(each) for each in find_sources([str(tmp_path)])] == [5, 3, 5]


def test_slices_whose_direction_is_rounded_otherwise_stay_together(tmp_path):
    write_series(tmp_path / "a", (1, 0.00499, 0, -0.00499, 1, 0), count=3)
    write_series(tmp_path / "b", (1, 0.00501, 0, -0.00501, 1, 0), count=2, step=2.0)
    assert [len(each) for each in find_sources([str(tmp_path)])] == [5]


def test_a_missing_slice_is_told(tmp_path):
    write_series(tmp_path)
    (tmp_path / "IM0003").unlink()
    (source,) = find_sources([str(tmp_path)])
    assert all("uneven" in each.warnings for each in source.slices())
    assert source.slice_step is None


def test_anisotropic_spacing_is_of_rows_then_columns(tmp_path):
    write_series(tmp_path, spacing=(0.5, 1.5))
    (source,) = find_sources([str(tmp_path)])
    assert next(source.slices()).spacing == (0.5, 1.5)


@pytest.mark.parametrize(
    ("absent", "code"),
    [
        ("PixelSpacing", "spacing-unknown"),
        ("ImagePositionPatient", "position-unknown"),
        ("ImageOrientationPatient", "position-unknown"),
    ],
)
def test_an_absent_tag_is_a_warning_and_no_error(tmp_path, absent, code):
    write_series(tmp_path, **{absent: None})
    (source,) = find_sources([str(tmp_path)])
    slices = list(source.slices())
    assert len(slices) == 5
    assert all(code in each.warnings for each in slices)


def test_a_cut_file_hides_no_others(tmp_path):
    write_series(tmp_path)
    (tmp_path / "IM0002").write_bytes((tmp_path / "IM0002").read_bytes()[:-500])
    (source,) = find_sources([str(tmp_path)])
    slices = source.slices()
    read = [next(slices).name, next(slices).name]
    with pytest.raises(UserError, match=r"^series_1/0003: InstanceNumber 3: its pixels are cut off"):
        next(slices)
    assert [*read, *(each.name for each in slices)] == [f"series_1/{n:04d}" for n in (1, 2, 4, 5)]


def test_a_cut_header_is_a_source_that_raises(tmp_path):
    write_series(tmp_path / "Doe", count=3)
    (tmp_path / "Doe" / "IM0000").write_bytes((tmp_path / "Doe" / "IM0000").read_bytes()[:700])
    broken, series = find_sources([str(tmp_path)])
    assert len(series) == 2
    with pytest.raises(UserError, match=r"^dicom_1: the DICOM file number 1 of 3") as error:
        next(broken.slices())
    assert "Doe" not in str(error.value)


def test_nothing_of_the_patient_is_in_names_or_errors(tmp_path):
    folder = tmp_path / SECRET
    write_series(folder)
    (folder / "IM0001").write_bytes((folder / "IM0001").read_bytes()[:-500])
    (source,) = find_sources([str(folder)])
    with pytest.raises(UserError) as error:
        source.read(1)
    for text in (str(error.value), source.name, *source.names()):
        assert not any(part in text for part in ("Doe", "Jane", "4711", "1970", "2024", "1.2.3"))
