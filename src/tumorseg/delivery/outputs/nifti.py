"""Masks as a NIfTI volume on the grid of what was segmented."""

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tumorseg.delivery.inputs.dicom import DicomSeries
from tumorseg.delivery.inputs.nifti import NiftiVolume
from tumorseg.delivery.inputs.source import Source
from tumorseg.errors import UserError
from tumorseg.files import atomic_file


def write_nifti(source: Source, masks: Iterable[np.ndarray], path: Path) -> None:
    """Write a volume of uint8: 0 for background, else the index of the class.

    It has the shape, the affine and the sform and qform codes of a NIfTI file; of a DICOM series the axes
    (column, row, slice) and a scanner's code. It holds no text of the input: no description, no name.

    Args:
        source: What was segmented.
        masks: uint8 (H, W) each, one a slice, in the order of `source.slices()`.
        path: Ends in .nii or .nii.gz.

    Raises:
        UserError: It is a picture, or a DICOM series that does not say where its slices are, or whose slices
            are not evenly spaced.
    """
    if isinstance(source, NiftiVolume):
        image = _of_nifti(source, masks)
    elif isinstance(source, DicomSeries):
        image = _of_series(source, masks)
    else:
        raise UserError(f"{source.name}: is a picture; no volume is written of it")
    image.header.set_slope_inter(1, 0)
    data = image.to_bytes()
    with atomic_file(path) as temporary:  # without a date in it: the same masks are the same bytes
        temporary.write_bytes(gzip.compress(data, mtime=0) if path.name.endswith(".gz") else data)


def _of_nifti(source: NiftiVolume, masks: Iterable[np.ndarray]) -> Any:
    import nibabel

    old, affine = source.layout.header, source.layout.affine
    second = isinstance(old, nibabel.Nifti2Header)
    kind = nibabel.Nifti2Image if second else nibabel.Nifti1Image
    image = kind(source.voxels(masks), affine)
    image.header.set_xyzt_units(*old.get_xyzt_units())
    image.header.set_zooms(old.get_zooms())
    # Both are set, each with its own matrix: programs differ in which of them they read.
    for keyword in ("qform_code", "sform_code", "pixdim", "srow_x", "srow_y", "srow_z"):
        image.header[keyword] = old[keyword]
    for keyword in ("quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z"):
        image.header[keyword] = old[keyword]
    return image


def _of_series(source: DicomSeries, masks: Iterable[np.ndarray]) -> Any:
    import nibabel

    affine = source.affine  # first, since it may be an error
    columns, rows = source.frames[0].shape[::-1]
    whole = np.zeros((columns, rows, len(source)), np.uint8)
    for number, mask in zip(range(len(source)), masks, strict=True):
        whole[..., number] = mask.T
    image = nibabel.Nifti1Image(whole, affine)
    image.set_sform(affine, code="scanner")
    image.set_qform(affine, code="scanner")
    image.header.set_xyzt_units("mm")
    return image
