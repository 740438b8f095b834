"""Seconds and memory of reading a DICOM series or a NIfTI volume of 512×512×600, a slice at a time.

Peak memory must not grow with the number of slices. Run with `python bench/read_series.py`; a number of
slices can be given.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SIDE, SLICES = 512, 600


def write_dicom(folder: Path, count: int) -> None:
    """A series as scanners write it: 16 bits, no window, so that it must be guessed from the series."""
    import pydicom
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset

    values = np.random.default_rng(0).integers(0, 2000, (SIDE, SIDE)).astype(np.uint16)
    for number in range(count):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = pydicom.uid.MRImageStorage
        meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        made = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
        made.SOPClassUID, made.SOPInstanceUID = pydicom.uid.MRImageStorage, f"1.2.3.{number + 1}"
        meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
        made.SeriesInstanceUID, made.InstanceNumber, made.Modality = "1.2.3", number + 1, "MR"
        made.Rows = made.Columns = SIDE
        made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
        made.BitsAllocated = made.BitsStored = 16
        made.HighBit, made.PixelRepresentation = 15, 0
        made.PixelSpacing, made.ImageOrientationPatient = [1, 1], [1, 0, 0, 0, 1, 0]
        made.ImagePositionPatient = [0, 0, number]
        made.PixelData = values.tobytes()
        made.save_as(folder / f"{number:04d}", enforce_file_format=True)


def write_volume(path: Path, count: int) -> None:
    import nibabel

    values = np.random.default_rng(0).integers(0, 2000, (SIDE, SIDE, count)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([1.0, 1, 2, 1])), path)


def read(path: str) -> None:
    """Read all slices, and print what that took."""
    from tumorseg.delivery.inputs import find_sources

    begin = time.perf_counter()
    (source,) = find_sources([path])
    listed = time.perf_counter() - begin
    total = sum(int(each.greys[0, 0] >= 0) for each in source.slices())
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
    each = 1000 * (seconds - listed) / total
    print(f"{total} slices: listed in {listed:.1f} s, {each:.1f} ms a slice, peak {peak:.0f} MiB", flush=True)


def write(folder: str, count: int) -> None:
    (Path(folder) / "dicom").mkdir()
    write_dicom(Path(folder) / "dicom", count)
    write_volume(Path(folder) / "volume.nii.gz", count)


def main() -> None:
    match sys.argv[1:]:
        case ["read", path]:
            read(path)
        case ["write", folder, count]:
            write(folder, int(count))
        case given:
            for count in given or [str(SLICES // 10), str(SLICES)]:
                measure(count)


def measure(count: str) -> None:
    """Read a series and a volume of that many slices, each in a process of its own.

    Peak memory is of a process. On Linux it begins with that of the parent, which therefore writes nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, __file__, "write", folder, count], check=True)
        for name in ("dicom", "volume.nii.gz"):
            print(name, end=": ", flush=True)
            subprocess.run([sys.executable, __file__, "read", f"{folder}/{name}"], check=True)


if __name__ == "__main__":
    main()
