"""Headers that say more than their files hold: told at once, whatever they say."""

import gzip
import struct
import tracemalloc

import nibabel
import numpy as np
import pytest
from pydicom.uid import RLELossless
from support.dicoms import ORIENTATIONS, ball, dataset, enhanced, write
from support.niftis import one, save, volume

from tumorseg.delivery.inputs import find_sources
from tumorseg.delivery.inputs.source import Source
from tumorseg.errors import UserError

BYTES = 50_000_000  # far below what believing them takes


def nifti(shape: tuple[int, ...], offset: float = 352) -> bytes:
    """A header, and not one pixel."""
    header = nibabel.Nifti1Header()
    header.set_data_shape(shape)
    header.set_data_dtype(np.uint8)
    header["vox_offset"], header["magic"] = offset, b"n+1"
    return bytes(header.binaryblock) + bytes(4)


def found_soon(path) -> Source:
    """The source of a file; that it is found costs little."""
    tracemalloc.start()
    (source,) = find_sources([str(path)])
    len(source)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < BYTES
    return source


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (nifti((2, 2, 32000, 32000)), "is cut off; get it anew"),
        (
            gzip.compress(nifti((2, 2, 32000, 30000))),
            "has 960,000,000 slices, over 131,072; give a part of it",
        ),
        (gzip.compress(nifti((12000, 12000, 1))), "has slices of over 134,217,728 pixels; give smaller ones"),
        (gzip.compress(nifti((9, 9, 9), 1e12)), "is larger than 4 GiB unpacked; give a part of it"),
        (nifti((9, 9, 9), float("nan")), "has a damaged NIfTI header; get it anew"),
        (nifti((9, 9, 9), float("inf")), "has a damaged NIfTI header; get it anew"),
    ],
    ids=range(6),  # gzip's bytes have the time in them
)
def test_a_nifti_header_is_not_believed(tmp_path, data, message):
    (tmp_path / "a.nii").write_bytes(data)
    with pytest.raises(UserError, match=rf"^a\.nii: {message}"):
        found_soon(tmp_path / "a.nii").read(0)


@pytest.mark.parametrize("offset", [0, 348, -1])
def test_pixels_that_begin_in_the_header_are_refused(tmp_path, offset):
    data = bytearray(save(tmp_path / "a.nii", volume((5, 5, 2)), np.eye(4)).read_bytes())
    data[108:112] = struct.pack("<f", offset)
    (tmp_path / "a.nii").write_bytes(data)
    with pytest.raises(UserError, match=r"^a\.nii: says that its pixels begin in its header \(vox_offset\)"):
        one(tmp_path / "a.nii").read(0)


def test_pixels_after_a_long_header_are_read_from_there(tmp_path):
    pixels = volume((5, 6, 2))
    data = bytearray(save(tmp_path / "a.nii", pixels, np.eye(4)).read_bytes())
    data[108:112] = struct.pack("<f", 400)
    (tmp_path / "b.nii").write_bytes(data[:352] + bytes(48) + data[352:])
    for left, right in zip(one(tmp_path / "a.nii").slices(), one(tmp_path / "b.nii").slices(), strict=True):
        assert np.array_equal(left.greys, right.greys)


def test_many_slices_are_named_one_by_one(tmp_path):
    path = save(tmp_path / "a.nii", np.zeros((3, 3, 40, 1000), np.uint8), np.diag([1.0, 1, 4, 1]))
    source = one(path)
    assert len(source) == 40_000
    read = [source.read(index).name for index in (0, 39, 40, 39_999)]
    assert read == ["a/v01/0001", "a/v01/0040", "a/v02/0001", "a/v1000/0040"]
    assert source.names()[38:41] == ["a/v01/0039", "a/v01/0040", "a/v02/0001"]


@pytest.mark.parametrize("frames", [3, 4000])
def test_frames_that_a_dicom_file_cannot_hold_are_told_once(tmp_path, capfd, frames):
    pixels = np.arange(512 * 512, dtype=np.uint16).reshape(512, 512)
    source = found_soon(
        write(tmp_path / "a", dataset(pixels, NumberOfFrames=frames, ImagePositionPatient=None))
    )
    slices = source.slices()
    assert next(slices).greys.max() == 255
    with pytest.raises(UserError, match=r"^series_1/0002: InstanceNumber 1: its pixels are cut off"):
        next(slices)
    assert next(slices, None) is None
    assert capfd.readouterr().err == ""  # highdicom writes a traceback with the file's path there


def test_frames_of_a_cut_file_are_read_as_far_as_they_go(tmp_path):
    inside, positions = ball(ORIENTATIONS["transverse"], 8, (1.0, 1.0), 4.0, (40, 48))
    whole = write(tmp_path / "whole", enhanced(inside, positions, ORIENTATIONS["transverse"])).read_bytes()
    (tmp_path / "cut").write_bytes(whole[: -3 * 40 * 48 * 2 - 100])  # of the fifth frame on
    read = []
    source = found_soon(tmp_path / "cut")
    for index in range(len(source)):
        try:
            read.append(source.read(index).name)
        except UserError:
            read.append("cut off")
    assert read[:5] == [*(f"series_1/000{number}" for number in range(1, 5)), "cut off"]
    assert set(read[4:]) == {"cut off"}


def test_absurdly_many_frames_are_one_line(tmp_path):
    made = dataset(np.zeros((1, 1), np.uint16), NumberOfFrames=10**6)
    with pytest.raises(UserError, match=r"^dicom_1: .*: has over 131,072 frames; give a part of it$"):
        found_soon(write(tmp_path / "a", made)).read(0)


def test_compressed_frames_are_all_there(tmp_path):
    made = dataset(np.zeros((64, 64), np.uint16), NumberOfFrames=50, ImagePositionPatient=None)
    made.PixelData = np.zeros((50, 64, 64), np.uint16).tobytes()
    made.compress(RLELossless)
    path = write(tmp_path / "a", made)
    assert path.stat().st_size < 50 * 64 * 64 * 2 / 10  # it says more pixels than it has bytes
    source = found_soon(path)
    assert [each.name for each in source.slices()][-1] == "series_1/0050"
