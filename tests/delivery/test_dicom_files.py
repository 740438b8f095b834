"""The DICOM files that pydicom's authors have collected: transfer syntaxes, colour, reports, damage."""

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pydicom.data
import pytest
from support.dicoms import one

from tumorseg.delivery.inputs import find_sources
from tumorseg.errors import UserError

BUNDLED = Path(pydicom.data.__file__).parent / "test_files"


def test_a_codec_that_is_not_installed_is_named():
    with pytest.raises(UserError, match=r"JPEG Lossless.*install python-gdcm or export"):
        one(BUNDLED / "SC_rgb_jpeg_gdcm.dcm")


def test_a_byte_order_that_is_not_read_is_named():
    with pytest.raises(UserError, match="Explicit VR Big Endian, which is not read; export"):
        one(BUNDLED / "MR_small_bigendian.dcm")


@pytest.mark.parametrize("syntax", ["RLE", "implicit", "jp2klossless", "jpeg_ls_lossless"])
def test_lossless_transfer_syntaxes_are_the_same_greys(syntax):
    assert np.array_equal(one(BUNDLED / f"MR_small_{syntax}.dcm").greys, one(BUNDLED / "MR_small.dcm").greys)


def test_colour_becomes_grey_and_is_told():
    found = one(BUNDLED / "SC_rgb_rle.dcm")
    assert found.greys.shape == (100, 100)
    assert "colour" in found.warnings
    pixels = pydicom.dcmread(BUNDLED / "SC_rgb_rle.dcm").pixel_array
    assert np.abs(found.greys - pixels @ [0.299, 0.587, 0.114]).max() <= 1


def test_reports_and_directories_are_no_scans(tmp_path):
    for name in ("test-SR.dcm", "waveform_ecg.dcm", "rtdose.dcm"):
        shutil.copy(BUNDLED / name, tmp_path)
    with pytest.raises(UserError, match=r"no slice to segment in 3 files \(3 \.dcm\)"):
        find_sources([str(tmp_path)])


def test_every_bundled_file_is_slices_or_a_line():
    """Whatever pydicom's authors have collected of odd and damaged files, none ends in a traceback."""
    found, errors = [], []
    for source in find_sources([str(BUNDLED)]):
        for index in range(len(source)):
            try:
                found.append(source.read(index).greys)
            except UserError as error:
                errors.append(str(error))
    assert {(each.dtype, each.ndim) for each in found} == {(np.dtype(np.uint8), 2)}
    assert len(found) > 80
    assert errors
    assert not [error for error in errors if "\n" in error or str(BUNDLED) in error]
