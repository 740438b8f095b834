"""NIfTI files that are cut or say what cannot be: one line each."""

import gzip

import numpy as np
import pytest
from support.niftis import one, save, volume

from tumorseg.errors import UserError


@pytest.mark.parametrize("packed", [False, True])
def test_a_cut_volume_is_one_line(tmp_path, packed):
    data = save(tmp_path / "a.nii", volume((40, 40, 9)), np.eye(4)).read_bytes()[:-3]
    (tmp_path / "a.nii").write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(UserError, match=r"^a\.nii: is cut off; get it anew$"):
        one(tmp_path / "a.nii").read(0)


def test_a_cut_gzip_is_one_line(tmp_path):
    data = gzip.compress(save(tmp_path / "a.nii", volume((40, 40, 9)), np.eye(4)).read_bytes())
    (tmp_path / "a.nii").write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match=r"^a\.nii: cannot be read \(it is damaged\); get it anew$"):
        one(tmp_path / "a.nii").read(0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:100], "is no picture, DICOM or NIfTI file"),
        (
            lambda data: data[:40] + b"\x05\x00" + data[42:50] + b"\x02" + data[51:],
            "give a volume of two to four axes",
        ),
        (lambda data: data[:70] + b"\x20\x00" + data[72:], "holds complex64, no greys"),
        (lambda data: data[:344] + b"ni1\x00" + data[348:], r"has its pixels in another file \(\.img\)"),
        (lambda data: data[:42] + b"\xff\x7f\xff\x7f\xff\x7f" + data[48:], "is larger than 4 GiB unpacked"),
    ],
)
def test_a_bad_header_is_one_line(tmp_path, change, message):
    data = save(tmp_path / "a.nii", volume((4, 4, 3)), np.eye(4)).read_bytes()
    (tmp_path / "a.nii").write_bytes(change(data))
    with pytest.raises(UserError, match=rf"^a\.nii: .*({message})"):
        next(one(tmp_path / "a.nii").slices())


def test_an_affine_that_maps_no_volume_is_one_line(tmp_path):
    data = save(tmp_path / "a.nii", volume((4, 4, 3)), np.eye(4)).read_bytes()
    (tmp_path / "a.nii").write_bytes(data[:312] + bytes(16) + data[328:])  # srow_z
    with pytest.raises(UserError, match=r"a\.nii: its affine maps no volume"):
        one(tmp_path / "a.nii").read(0)
