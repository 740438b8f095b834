"""Files to look at: of a folder, a zip, a pattern, or given by name; and what kind of content they have."""

import gzip
import io
import os
import stat
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal, cast

from tumorseg.delivery.inputs.folders import is_hidden, mode_of, paths_below
from tumorseg.errors import UserError
from tumorseg.sources.containers import check_entries
from tumorseg.sources.tree import CORRUPT

MAX_BYTES = 4 * 2**30  # of one file: far above any slice or volume
MAX_SLICES = 2**17  # of one file; the longest series of volumes (fMRI) have less than 100,000
HEAD = 1024  # bytes that tell what a file is
GIVE = "give pictures, DICOM or NIfTI files, folders, zips or patterns of them, or - for a picture on stdin"
PICTURES = (
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\x00", b"MM\x00*", b"GIF8"),
    *(b"\x00\x00\x00\x0cjP  ", b"P1", b"P2", b"P3", b"P4", b"P5", b"P6"),
)
SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".bmp",
    ".tif",
    ".tiff",
    ".gif",
    ".webp",
    ".jp2",
    ".dcm",
    ".nii",
    ".nii.gz",
)
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
# Of DICOM files without a preamble: group 0002 or 0008, little- or big-endian, and a low element.
BARE_DICOM = (b"\x02\x00\x00\x00", b"\x08\x00\x00\x00", b"\x08\x00\x05\x00", b"\x08\x00\x08\x00")
BARE_DICOM_BIG = (b"\x00\x08\x00\x00", b"\x00\x08\x00\x05", b"\x00\x08\x00\x08")

Content = Literal["picture", "dicom", "nifti", "other"]


@dataclass(frozen=True)
class InputFile:
    """A file on disk, in a zip, or what stdin gave."""

    place: PurePosixPath  # from what was given: what its name is made of
    shown: str  # what errors call it; no absolute path
    named: bool = False  # was given by its own name, so it may not be passed over
    path: Path | None = None
    archive: zipfile.ZipFile | None = field(default=None, repr=False)  # in which it is `member`
    member: str = ""
    data: bytes = field(default=b"", repr=False)

    def open(self) -> BinaryIO:
        """Open for reading from the start.

        Raises:
            UserError: It cannot be read, is damaged or absurdly large.
        """
        if self.size() > MAX_BYTES:
            raise UserError(f"{self.shown}: has more than {MAX_BYTES // 2**30} GiB; give a part of it")
        with self.reading():
            if self.archive is not None:
                return cast(BinaryIO, self.archive.open(self.member))
            if self.path is not None:
                return self.path.open("rb")
        return io.BytesIO(self.data)

    def size(self) -> int:
        """Bytes, not those of a zip; errors as of `open`."""
        with self.reading():
            if self.archive is not None:
                return self.archive.getinfo(self.member).file_size
            return len(self.data) if self.path is None else self.path.stat().st_size

    def read(self, size: int = -1) -> bytes:
        """All of it, or its first bytes; errors as of `open`."""
        with self.open() as file, self.reading():
            return file.read(size)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Errors of reading it, inside a zip or unpacking it, in a line."""
        try:
            yield
        except (*CORRUPT, NotImplementedError) as error:
            reason = getattr(error, "strerror", None) or "it is damaged"
            raise UserError(f"{self.shown}: cannot be read ({reason}); get it anew") from None

    def stamp(self) -> tuple[int, int] | None:
        """Changes when the file on disk does."""
        if self.path is None:
            return None
        with self.reading():
            about = self.path.stat()
        return about.st_mtime_ns, about.st_size

    def content(self) -> Content:
        """What is in it, by its first bytes; `other` where it cannot be read."""
        try:
            return content_of(self.read(HEAD))
        except UserError:
            return "other"

    def expected(self) -> bool:
        """Whether it was meant as an input: it was given by name, or is called like one."""
        return self.named or self.place.name.lower().endswith(SUFFIXES)


def content_of(head: bytes) -> Content:
    """What a file is, by its first bytes."""
    if head[128:132] == b"DICM" or head[:4] in (*BARE_DICOM, *BARE_DICOM_BIG):
        return "dicom"
    if head.startswith(GZIP):
        head = _unpacked(head)
    if head[344:348] in (b"n+1\x00", b"ni1\x00") or head[4:8] in (b"n+2\x00", b"ni2\x00"):
        return "nifti"
    if head.startswith(PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "picture"
    return "other"


def _unpacked(head: bytes) -> bytes:
    """The beginning of what is gzipped, as far as it can be had."""
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(head, 2 * HEAD)
    except zlib.error:
        return b""


def list_files(arguments: list[str]) -> list[InputFile]:
    """Every file that the arguments stand for, sorted, each once however often it was given.

    Raises:
        UserError: An argument stands for nothing, or is an unsafe or damaged zip.
    """
    files: dict[object, InputFile] = {}
    for argument in arguments:
        for file in _of_argument(argument):
            key: object = (file.archive and file.archive.filename, file.member)
            if file.path:
                key = os.path.realpath(file.path)  # not `resolve`: a link may lead to itself
            known = files.get(key)
            if known is None or (file.named and not known.named):
                files[key] = file
    return sorted(files.values(), key=lambda file: (file.place.parts, file.shown, str(file.path)))


def _of_argument(argument: str) -> Iterator[InputFile]:
    path = Path(argument)
    if argument == "-":
        yield InputFile(PurePosixPath("stdin"), "stdin", named=True, data=sys.stdin.buffer.read())
    elif path.is_dir():
        yield from _of_folder(path, paths_below(path))
    elif path.is_file():
        yield from _of_file(path)
    elif any(sign in argument for sign in "*?["):
        yield from _of_pattern(path, argument)
    else:
        what = "is no regular file" if path.exists() else "does not exist"
        raise UserError(f"{argument}: {what}; {GIVE}")


def _of_file(path: Path) -> Iterator[InputFile]:
    if _is_zip(path):
        yield from _of_zip(path)
    else:
        yield InputFile(PurePosixPath(path.name), path.name, named=True, path=path)


def _is_zip(path: Path) -> bool:
    """Whether it begins as a zip: what has one at its end only is none."""
    try:
        with path.open("rb") as file:
            return file.read(len(ZIP)) == ZIP
    except OSError:  # an input that cannot be read, which is told in its turn
        return False


def _of_folder(root: Path, paths: Iterable[Path]) -> Iterator[InputFile]:
    """Those of the paths below a folder that may be inputs: to open a pipe would wait for ever."""
    for path in sorted(paths):
        mode, place = mode_of(path), PurePosixPath(path.relative_to(root).as_posix())
        is_closed = stat.S_ISDIR(mode)  # else it would not be here
        if not place.parts:
            raise UserError(f"{root}: cannot be looked into; let this user read there, and run again")
        if (is_closed or not mode or stat.S_ISREG(mode)) and not any(map(is_hidden, place.parts)):
            yield InputFile(place, f"{root.resolve().name}/{place}", named=is_closed, path=path)


def _of_pattern(path: Path, argument: str) -> Iterator[InputFile]:
    fixed = next(i for i, part in enumerate(path.parts) if any(sign in part for sign in "*?["))
    root = Path(*path.parts[:fixed])
    matches = sorted(root.glob(str(Path(*path.parts[fixed:]))))
    if not matches:
        raise UserError(f"{argument}: matches nothing; {GIVE}")
    for match in matches:
        yield from _of_folder(root, paths_below(match) if match.is_dir() else [match])


def _of_zip(path: Path) -> Iterator[InputFile]:
    try:
        archive = zipfile.ZipFile(path)
        check_entries(archive.infolist(), path.stat().st_size, path.name)
    except (*CORRUPT, NotImplementedError) as error:
        raise UserError(f"{path.name}: not a sound zip file ({error}); get it anew") from None
    for entry in archive.infolist():
        place = PurePosixPath(entry.filename.replace("\\", "/"))
        if place.parts and not entry.is_dir() and not any(map(is_hidden, place.parts)):
            shown = f"{path.name}/{place}"
            yield InputFile(place, shown, archive=archive, member=entry.filename)


@contextmanager
def open_unpacked(file: InputFile) -> Iterator[BinaryIO]:
    """What may be gzipped, open for reading from the start; errors as of `InputFile.open`."""
    gzipped = file.read(2) == GZIP
    with file.open() as opened, file.reading():
        yield cast(BinaryIO, gzip.GzipFile(fileobj=opened)) if gzipped else opened
