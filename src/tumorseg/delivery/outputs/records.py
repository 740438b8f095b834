"""The folder that `predict` writes: what each file is called, and the record of each input.

A record says that an input is finished, and holds all that tables and pages need of it. So they can be made
from the records alone: after a kill, and when several calls share the work.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from tumorseg import SPLITS
from tumorseg.delivery.inputs.names import shortened
from tumorseg.delivery.outputs.measure import Lesion
from tumorseg.errors import UserError
from tumorseg.files import write_json, write_text

RUN = "run.json"
FORMATS = ("png", "overlay", "coco", "csv", "html", "nifti", "seg")
FOLDERS = ("masks", "overlays", "levels", "coco", "series", ".records")
SERIES = {"nifti": "nii.gz", "seg": "seg.dcm"}  # suffixes of what is written of a series as a whole
LONGEST = 200  # bytes of a name without folders; systems take 255, and suffixes come after
FILES = ("predictions.csv", "lesions.csv", "failures.csv", "index.html", "scores.csv", "scores.json", RUN)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SliceRecord(_Part):
    """A slice that is done."""

    name: str
    width: int
    height: int
    spacing: tuple[float, float] | None  # mm a pixel: row, column
    lesions: list[Lesion]
    uncertainty: float
    warnings: list[str]
    picture: str | None  # data URIs, for index.html
    levels: str | None
    thumbnail: str | None

    @property
    def pixel_area(self) -> float | None:
        """mm² a pixel."""
        return self.spacing and self.spacing[0] * self.spacing[1]

    @property
    def pixels(self) -> int:
        """Of tumour."""
        return sum(lesion.pixels for lesion in self.lesions)


class Record(_Part):
    """An input that has been read."""

    name: str
    digest: str  # of the slices that were read
    stamp: str = ""  # of what its volumes depend on beside its masks; see `Source.stamp`
    failures: list[str]  # why it, or some of its slices, could not be; then the next call tries again
    unwritten: dict[str, str] = {}  # by format: why there is no volume
    files: dict[str, str] = {}  # what may be corrected by hand: digests of the files as predict wrote them
    slices: list[SliceRecord]

    @property
    def problems(self) -> list[str]:
        """All that failed."""
        return [*self.failures, *self.unwritten.values()]


@dataclass(frozen=True)
class OutFolder:
    """The folder."""

    path: Path

    def mask(self, name: str) -> Path:
        return self.path / "masks" / f"{name}.png"

    def overlay(self, name: str) -> Path:
        return self.path / "overlays" / f"{name}.png"

    def levels(self, name: str) -> Path:
        return self.path / "levels" / f"{name}.png"

    def picture(self, name: str) -> Path:
        """The slice, beside COCO annotations."""
        return self.path / "coco" / split_of(name) / f"{flat(name)}.png"

    def series(self, name: str) -> dict[str, Path]:
        """Volumes of an input, by format."""
        return {kind: self.path / "series" / f"{name}.{suffix}" for kind, suffix in SERIES.items()}

    def of_slice(self, name: str) -> list[Path]:
        return [self.mask(name), self.overlay(name), self.levels(name), self.picture(name)]

    def record_path(self, name: str) -> Path:
        return self.path / ".records" / f"{name}.json"

    def begin(self, run: dict[str, Any], overwrite: bool, shared: bool = False) -> None:
        """Make the folder ready for a run, which says what run.json holds.

        Args:
            run: As above.
            overwrite: Delete all results that are there.
            shared: Other calls write to it too, so that results of the same run stay.

        Raises:
            UserError: It holds something else, or results of another net or other options.
        """
        path = self.path / RUN
        if path.exists():
            known = self.run()
            if known == run and (shared or not overwrite):
                return
            if not overwrite:
                raise UserError(
                    f"{path}: made with {_difference(known, run)}; give another folder with -o, "
                    "or --overwrite to make all anew"
                )
            self._clear()
        elif self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise UserError(f"{self.path}: is no empty folder and not made by predict; give another with -o")
        write_json(path, run)

    def _clear(self) -> None:
        """Delete what predict writes, and nothing else."""
        for name in FOLDERS:
            shutil.rmtree(self.path / name, ignore_errors=True)
        for name in FILES:
            (self.path / name).unlink(missing_ok=True)

    def run(self) -> dict[str, Any]:
        """run.json.

        Raises:
            UserError: The folder is not one that predict wrote.
        """
        try:
            run: dict[str, Any] = json.loads((self.path / RUN).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise UserError(f"{self.path}: not made by tumorseg predict: it has no {RUN}") from None
        return run

    def run_with_masks(self) -> dict[str, Any]:
        """run.json of a folder that has masks/.

        Raises:
            UserError: It has none, or as `run`.
        """
        run = self.run()
        if "png" not in (formats := run["options"]["formats"]):
            raise UserError(
                f"{self.path}: has no masks, since predict was called with --formats {','.join(formats)}; "
                "call it with png among them"
            )
        return run

    def write(self, record: Record) -> None:
        write_text(self.record_path(record.name), record.model_dump_json() + "\n")

    def discard(self, record: Record) -> None:
        """Delete all that was written of an input; its record last, so that a kill leaves no stale file."""
        for each in record.slices:
            for path in self.of_slice(each.name):
                path.unlink(missing_ok=True)
        for path in self.series(record.name).values():
            path.unlink(missing_ok=True)
        self.record_path(record.name).unlink(missing_ok=True)

    def discard_others(self, names: set[str], overwrite: bool) -> int:
        """Discard inputs that are not among `names`: those without a slice, or with `overwrite` all.

        Returns:
            How many stay.
        """
        staying = 0
        for record in self.records():
            if record.name in names:
                continue
            if overwrite or not record.slices:
                self.discard(record)
            else:
                staying += 1
        return staying

    def digests(self, paths: Iterable[Path]) -> dict[str, str]:
        """Of the files that are there, by their places in the folder."""
        return {
            path.relative_to(self.path).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in paths
            if path.exists()
        }

    def corrected(self, record: Record) -> list[Path]:
        """Masks and volumes of an input that are not as predict wrote them: they may be a person's work."""
        masks = [self.mask(each.name) for each in record.slices]
        there = self.digests([*masks, *self.series(record.name).values()])
        return [self.path / place for place, digest in there.items() if record.files.get(place) != digest]

    def read(self, name: str) -> Record | None:
        """The record of an input; None where it has none, or a broken one."""
        try:
            return Record.model_validate_json(self.record_path(name).read_bytes())
        except (OSError, ValidationError):
            return None

    def records(self) -> Iterator[Record]:
        """All records, in the order of their names."""
        root = self.path / ".records"
        names = [path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.json")]
        for name in sorted(name for name in names if not Path(name).name.startswith(".")):
            if record := self.read(name):
                yield record


def flat(name: str) -> str:
    """A name without folders, since COCO annotations lie beside their pictures."""
    return shortened(name.replace("/", "--"), LONGEST)


def split_of(name: str) -> str:
    """The split of the COCO annotations a slice goes to: that of a folder in its name, else train."""
    folders = ["valid" if folder == "val" else folder for folder in name.split("/")[:-1]]
    return next((split for split in SPLITS if split in folders), "train")


def _difference(known: dict[str, Any], run: dict[str, Any]) -> str:
    """What differs between two run.json, in words."""
    flat_known, flat_run = _flatten(known), _flatten(run)
    keys = [key for key in flat_run | flat_known if flat_known.get(key) != flat_run.get(key)]
    return ", ".join(f"{key} {flat_known.get(key)}, not {flat_run.get(key)}" for key in keys)


def _flatten(run: dict[str, Any]) -> dict[str, Any]:
    pairs = [(key, value) for key, value in run.items() if not isinstance(value, dict)]
    inner = [pair for value in run.values() if isinstance(value, dict) for pair in value.items()]
    return dict(pairs + inner)
