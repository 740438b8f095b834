"""NIfTI volumes: shown as radiologists look at them, and masks back voxel for voxel."""

import itertools

import nibabel
import numpy as np
import pytest
from support.niftis import one, save, volume

from tumorseg.delivery.outputs.nifti import write_nifti
from tumorseg.errors import UserError

OBLIQUE = nibabel.affines.from_matvec(
    nibabel.eulerangles.euler2mat(0.1, 0.2, -0.15) @ np.diag([0.9, 0.8, 5.0]), [-30, 20, 7]
)
# Every way in which three axes can be stored: 48.
STORED = [
    "".join(letters)
    for axes in itertools.permutations(("LR", "PA", "IS"))
    for letters in itertools.product(*axes)
]


def as_stored(canonical: np.ndarray, sizes: tuple[float, ...], stored: str) -> tuple[np.ndarray, np.ndarray]:
    """A volume whose axes go to the right, front and head, and its affine, with its axes as `stored`."""
    image = nibabel.Nifti1Image(canonical, np.diag([*sizes, 1.0]))
    target = nibabel.orientations.axcodes2ornt(stored)
    turned = image.as_reoriented(nibabel.orientations.ornt_transform([[0, 1], [1, 1], [2, 1]], target))
    return np.asarray(turned.dataobj), turned.affine


@pytest.mark.parametrize(
    ("plane", "thick"), [("transverse", (1, 1, 5)), ("coronal", (1, 5, 1)), ("sagittal", (5, 1, 1))]
)
def test_slices_are_shown_in_the_radiological_way_however_they_are_stored(tmp_path, plane, thick):
    canonical = np.zeros((7, 8, 9), np.uint8)
    canonical[6, 3, 4] = 60  # at the patient's right
    canonical[3, 7, 4] = 120  # in front
    canonical[3, 3, 8] = 180  # at the head
    canonical[3, 3, 4] = 250
    for stored in STORED:
        source = one(save(tmp_path / "a.nii", *as_stored(canonical, thick, stored)))
        slices = [each.greys for each in source.slices()]
        middle = next(each for each in slices if 250 in each)
        (row, column), places = np.argwhere(middle == 250)[0], {}
        for mark in (60, 120, 180):
            if mark in middle:
                place = np.argwhere(middle == mark)[0]
                places[mark] = (np.sign(place[0] - row), np.sign(place[1] - column))
        left, up = (0, -1), (-1, 0)
        wanted = {
            "transverse": {60: left, 120: up},
            "coronal": {60: left, 180: up},
            "sagittal": {120: left, 180: up},
        }
        assert places == wanted[plane], stored
        assert source.slice_step == 5


@pytest.mark.parametrize("affine", [np.diag([-1.0, 1, 4, 1]), np.diag([1.0, 1, 4, 1]), OBLIQUE])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("codes", [(1, 4), (0, 2), (1, 0)])
def test_masks_go_back_voxel_for_voxel_with_affine_and_codes(tmp_path, affine, suffix, codes):
    data = volume((6, 7, 5))
    path = save(
        tmp_path / f"a{suffix}", data, affine, qform_code=codes[0], sform_code=codes[1], descrip=b"Doe"
    )
    source = one(path)
    write_nifti(
        source, [(each.greys > 99).astype(np.uint8) for each in source.slices()], tmp_path / f"m{suffix}"
    )
    before, after = nibabel.load(path), nibabel.load(tmp_path / f"m{suffix}")
    assert np.array_equal(after.dataobj, data > 99)
    assert after.get_data_dtype() == np.uint8
    assert np.array_equal(after.affine, before.affine)
    for key in ("qform_code", "sform_code", "pixdim", "srow_x", "quatern_b", "qoffset_x", "xyzt_units"):
        assert np.array_equal(after.header[key], before.header[key]), key
    assert b"Doe" not in after.to_bytes()


@pytest.mark.parametrize("stored", STORED)
def test_any_stored_order_comes_back(tmp_path, stored):
    data, affine = as_stored(volume((4, 5, 6)), (1.0, 3.0, 2.0), stored)
    source = one(save(tmp_path / "a.nii", data, affine))
    write_nifti(source, (each.greys for each in source.slices()), tmp_path / "m.nii")
    assert np.array_equal(nibabel.load(tmp_path / "m.nii").dataobj, data)
    assert {each.spacing for each in source.slices()} == {(2.0, 1.0)}  # coronal: rows along the head


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        ((6, 7), ["a/0001"]),
        ((6, 7, 1), ["a/0001"]),
        ((6, 1, 7), ["a/0001"]),
        ((6, 7, 2, 2), ["a/v01/0001", "a/v01/0002", "a/v02/0001", "a/v02/0002"]),
        ((6, 7, 2, 1), ["a/0001", "a/0002"]),
    ],
)
def test_two_to_four_axes(tmp_path, shape, names):
    data = volume(shape)
    source = one(save(tmp_path / "a.nii", data, np.diag([1.0, 1, 4, 1])))
    assert source.names() == [each.name for each in source.slices()] == names
    write_nifti(source, (each.greys for each in source.slices()), tmp_path / "m.nii")
    assert np.array_equal(nibabel.load(tmp_path / "m.nii").dataobj, data)


def test_slices_are_along_the_longest_voxels_else_the_last_axis(tmp_path):
    for sizes, count in (
        ((1, 1, 1), 6),
        ((3, 1, 1), 4),
        ((1, 3, 1), 5),
        ((1, 1, 1.005), 6),
        ((1.02, 1, 1), 4),
    ):
        assert len(one(save(tmp_path / "a.nii", volume((4, 5, 6)), np.diag([*sizes, 1.0])))) == count


def test_values_are_scaled_before_a_window(tmp_path):
    image = nibabel.Nifti1Image(np.arange(24, dtype=np.int16).reshape(4, 6, 1), np.diag([1.0, 1, 5, 1]))
    image.header.set_slope_inter(2, -10)
    image.header["vox_offset"] = 352
    # The header as it stands: nibabel.save would put the scale into the values.
    data = image.header.binaryblock + bytes(4) + np.arange(24, dtype="<i2").tobytes()
    (tmp_path / "a.nii").write_bytes(data)
    found = one(tmp_path / "a.nii", "0:20").read(0).greys
    values = np.arange(24).reshape(6, 4)[::-1, ::-1] * 2 - 10  # NIfTI's first axis is the fastest
    assert np.array_equal(found, (values * 255 / 20).clip(0, 255).round())


def test_floats_are_guessed_by_volume_and_nan_is_black(tmp_path):
    data = np.stack([volume((9, 9, 3), float), volume((9, 9, 3), float) * 1000], axis=3)
    data[0, 0, 0, 0] = np.nan
    source = one(save(tmp_path / "a.nii", data.astype(np.float32), np.diag([1.0, 1, 4, 1])))
    slices = list(source.slices())
    assert [each.warnings for each in slices] == [("window-guessed",)] * 6
    # A volume has its own scale: both are as bright.
    assert abs(slices[1].greys.mean() - slices[4].greys.mean()) < 25
    assert slices[0].greys[-1, -1] == 0  # the corner at the left, back; NaN


def test_cal_max_is_the_files_own_window(tmp_path):
    path = save(
        tmp_path / "a.nii", volume((5, 5, 2), np.int16), np.diag([1.0, 1, 4, 1]), cal_min=50, cal_max=100
    )
    found = one(path, "dicom").read(0)
    assert found.warnings == ()
    assert {0, 255} <= set(found.greys.ravel().tolist())
    with pytest.raises(UserError, match=r"a\.nii: has no cal_min, cal_max; use --window auto or LOW:HIGH"):
        one(save(tmp_path / "a.nii", volume((5, 5, 2), np.int16), np.eye(4)), "dicom").read(0)


def test_units_are_read_and_their_absence_is_told(tmp_path):
    path = save(tmp_path / "a.nii", volume((5, 5, 2)), np.diag([0.001, 0.001, 0.005, 1]), xyzt_units=1)
    assert one(path).read(0).spacing == pytest.approx((1, 1))
    unknown = one(save(tmp_path / "a.nii", volume((5, 5, 2)), np.eye(4), xyzt_units=0)).read(0)
    assert (unknown.spacing, unknown.warnings) == ((1.0, 1.0), ("units-guessed",))


def test_a_file_that_says_nothing_of_its_orientation_is_told(tmp_path):
    data = save(tmp_path / "a.nii", volume((5, 5, 2)), np.eye(4)).read_bytes()
    (tmp_path / "a.nii").write_bytes(data[:252] + bytes(4) + data[256:])  # qform_code, sform_code
    assert one(tmp_path / "a.nii").read(0).warnings == ("orientation-unknown",)


def test_nifti_2_stays_nifti_2(tmp_path):
    data = volume((5, 6, 2))
    nibabel.save(nibabel.Nifti2Image(data, np.diag([-1.0, 1, 4, 1])), tmp_path / "a.nii")
    source = one(tmp_path / "a.nii")
    write_nifti(source, (each.greys for each in source.slices()), tmp_path / "m.nii")
    written = nibabel.load(tmp_path / "m.nii")
    assert isinstance(written, nibabel.Nifti2Image)
    assert np.array_equal(written.dataobj, data)


def test_big_endian_is_the_same(tmp_path):
    data = volume((5, 6, 2), np.int16)
    header = nibabel.Nifti1Header(endianness=">")
    nibabel.save(nibabel.Nifti1Image(data, np.diag([1.0, 1, 4, 1]), header), tmp_path / "a.nii")
    little = one(save(tmp_path / "b.nii", data, np.diag([1.0, 1, 4, 1])))
    for left, right in zip(one(tmp_path / "a.nii").slices(), little.slices(), strict=True):
        assert np.array_equal(left.greys, right.greys)


def test_the_same_masks_are_the_same_bytes(tmp_path):
    source = one(save(tmp_path / "a.nii.gz", volume((5, 6, 2)), np.eye(4)))
    for name in ("x.nii.gz", "y.nii.gz"):
        write_nifti(source, (each.greys for each in source.slices()), tmp_path / name)
    assert (tmp_path / "x.nii.gz").read_bytes() == (tmp_path / "y.nii.gz").read_bytes()
