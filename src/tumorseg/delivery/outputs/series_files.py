"""The files of an input as a whole: volumes of its masks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tumorseg.delivery.inputs import Source
from tumorseg.delivery.outputs.masks import read_mask
from tumorseg.delivery.outputs.records import OutFolder, Record
from tumorseg.delivery.outputs.slice_files import Format
from tumorseg.delivery.outputs.tables import without_folders
from tumorseg.errors import UserError


@dataclass(frozen=True)
class SeriesWriter:
    """Writes what is wanted of each series or volume."""

    out: OutFolder
    formats: frozenset[Format]
    classes: list[str]
    version: str  # of the net

    def wanted(self, source: Source) -> dict[str, Path]:
        """The files of an input, by format."""
        able = {"picture": (), "nifti": ("nifti",), "dicom": ("nifti", "seg")}[source.kind]
        files = self.out.series(source.name)
        return {kind: files[kind] for kind in able if kind in self.formats}

    def write(
        self, source: Source, masks: Sequence[np.ndarray], files: dict[str, Path], corrected: bool = False
    ) -> dict[str, str]:
        """Write masks as volumes; what one format cannot hold hinders no other.

        Args:
            source: What was segmented.
            masks: uint8 (H, W) each, one a slice, in their order.
            files: Of `wanted`; an older one is deleted in any case.
            corrected: Masks were, by hand.

        Returns:
            By format: why no file is written.
        """
        from tumorseg.delivery.outputs.nifti import write_nifti
        from tumorseg.delivery.outputs.seg import write_seg

        unwritten = {}
        for kind, path in files.items():
            path.unlink(missing_ok=True)
            try:
                if kind == "nifti":
                    write_nifti(source, masks, path)
                else:
                    write_seg(source, masks, path, self.classes, self.version, corrected)
            except UserError as error:
                unwritten[kind] = without_folders(str(error))
            except OSError:  # of the disk, which hinders all
                raise
            except Exception as error:  # of a library; its message may have values that name the patient
                unwritten[kind] = (
                    f"{source.name}: has an odd header ({type(error).__name__}); mend it, or leave {kind} "
                    "out of --formats; the other files are written"
                )
        return unwritten

    def renew(self, source: Source, record: Record) -> Record | None:
        """Write the volumes of an input whose masks are done, where one is missing or lies elsewhere now.

        They are of the masks as they are in masks/, which may have been corrected by hand.

        Returns:
            The record as it is then; None where the masks must be predicted again.
        """
        stamp = source.stamp()
        files = self.wanted(source) if record.slices and not record.failures else {}
        known = record.unwritten if stamp == record.stamp else {}
        if stamp == record.stamp:
            files = {kind: path for kind, path in files.items() if kind not in known and not path.exists()}
        done = record.model_copy(update={"stamp": stamp, "unwritten": known})
        if not files:
            return done
        corrected = self.out.corrected(record)
        if edited := [path for path in corrected if path in files.values()]:
            return refused(self.out, record, edited, "its header has changed")
        if "png" not in self.formats:
            return None
        try:
            masks = [read_mask(self.out, each, self.classes) for each in record.slices]
        except UserError as error:
            return record.model_copy(update={"failures": [without_folders(str(error))]})
        unwritten = self.write(source, masks, files, corrected=bool(corrected))
        written = self.out.digests(files.values())
        return done.model_copy(update={"unwritten": known | unwritten, "files": record.files | written})


def refused(out: OutFolder, record: Record, corrected: list[Path], why: str) -> Record:
    """The record of an input that has to be done again, which would lose what was corrected by hand."""
    first, more = corrected[0].relative_to(out.path).as_posix(), len(corrected) - 1
    what = f"{first} and {more} more files" if more else first
    failure = (
        f"{record.name}: {why}, but {what} may have been corrected by hand; move these elsewhere and call "
        "again, or make all anew with --overwrite"
    )
    return record.model_copy(update={"failures": [failure]})
