"""Files to look at: of a folder, a zip, a pattern, or given by name; and what kind of content they have."""

import gzip
import io
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal, cast

from tumorseg.errors import UserError
from tumorseg.sources.containers import check_entries
from tumorseg.sources.tree import CORRUPT

MAX_BYTES = 4 * 2**30  # of one file: far above any slice or volume
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
GZIP = b"\x1f\x8b"
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
        with self.reading():
            if self.archive is not None:
                self._check_size(self.archive.getinfo(self.member).file_size)
                return cast(BinaryIO, self.archive.open(self.member))
            if self.path is not None:
                self._check_size(self.path.stat().st_size)
                return self.path.open("rb")
        return io.BytesIO(self.data)

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

    def _check_size(self, size: int) -> None:
        if size > MAX_BYTES:
            raise UserError(f"{self.shown}: has more than {MAX_BYTES // 2**30} GiB; give a part of it")


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
            key = file.path.resolve() if file.path else (file.archive and file.archive.filename, file.member)
            known = files.get(key)
            if known is None or (file.named and not known.named):
                files[key] = file
    return sorted(files.values(), key=lambda file: (file.place.parts, file.shown, str(file.path)))


def _of_argument(argument: str) -> Iterator[InputFile]:
    path = Path(argument)
    if argument == "-":
        yield InputFile(PurePosixPath("stdin"), "stdin", named=True, data=sys.stdin.buffer.read())
    elif path.is_dir():
        yield from _of_folder(path, path.rglob("*"))
    elif path.is_file():
        yield from _of_file(path)
    elif any(sign in argument for sign in "*?["):
        yield from _of_pattern(path, argument)
    else:
        what = "is no regular file" if path.exists() else "does not exist"
        raise UserError(f"{argument}: {what}; {GIVE}")


def _of_file(path: Path) -> Iterator[InputFile]:
    with path.open("rb") as file:  # what has a zip at its end only is no zip
        zipped = file.read(4) == b"PK\x03\x04"
    if zipped:
        yield from _of_zip(path)
    else:
        yield InputFile(PurePosixPath(path.name), path.name, named=True, path=path)


def _of_folder(root: Path, paths: Iterator[Path]) -> Iterator[InputFile]:
    for path in sorted(paths):
        place = PurePosixPath(path.relative_to(root).as_posix())
        if path.is_file() and not _hidden(place):
            yield InputFile(place, f"{root.resolve().name}/{place}", path=path)


def _of_pattern(path: Path, argument: str) -> Iterator[InputFile]:
    fixed = next(i for i, part in enumerate(path.parts) if any(sign in part for sign in "*?["))
    root = Path(*path.parts[:fixed])
    matches = sorted(root.glob(str(Path(*path.parts[fixed:]))))
    if not matches:
        raise UserError(f"{argument}: matches nothing; {GIVE}")
    for match in matches:
        yield from _of_folder(root, match.rglob("*") if match.is_dir() else iter([match]))


def _of_zip(path: Path) -> Iterator[InputFile]:
    try:
        archive = zipfile.ZipFile(path)
        check_entries(archive.infolist(), path.stat().st_size, path.name)
    except (*CORRUPT, NotImplementedError) as error:
        raise UserError(f"{path.name}: not a sound zip file ({error}); get it anew") from None
    for entry in archive.infolist():
        place = PurePosixPath(entry.filename.replace("\\", "/"))
        if not entry.is_dir() and not _hidden(place):
            shown = f"{path.name}/{place}"
            yield InputFile(place, shown, archive=archive, member=entry.filename)


def _hidden(place: PurePosixPath) -> bool:
    """What systems and editors leave beside the files."""
    return any(part.startswith(".") or part == "__MACOSX" for part in place.parts)


@contextmanager
def open_unpacked(file: InputFile) -> Iterator[BinaryIO]:
    """What may be gzipped, open for reading from the start; errors as of `InputFile.open`."""
    gzipped = file.read(2) == GZIP
    with file.open() as opened, file.reading():
        yield cast(BinaryIO, gzip.GzipFile(fileobj=opened)) if gzipped else opened
