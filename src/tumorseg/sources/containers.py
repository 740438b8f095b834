"""A folder, a zip or a tar as a `Tree`. What would lead out of the set, or fill the disk, is refused."""

import bz2
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any

from tumorseg.errors import SHORT, UserError
from tumorseg.sources.tree import CORRUPT, Tree, is_junk, one_line

# JPEGs and PNGs hardly shrink in a zip, JSON about 20 times, bitmaps of mostly black slices less.
# Deflate can reach 1032 and overlapping entries millions.
MAX_RATIO = 100
MAX_DEPTH = 50  # folders in one another; sets have up to ten
MAX_NAMES = 1_000_000  # files and folders
MAX_LINKS = (
    10_000  # to folders that are followed: of a few that lead to one another, there are billions of ways
)
MAX_BYTES = 32 * 2**30  # what a big archive may unpack to; far above any set of 2D slices
ZIP64 = 0xFFFF  # the count of a zip that says it elsewhere
MAX_READ = 2**26  # what tarfile may ask for at once: a header is read whole, whatever size it claims
COMPRESSED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"\xfd7zXZ": lzma.open, b"BZh": bz2.open}


def folder_tree(root: Path, shown: str) -> Tree:
    """All regular files below a folder. Links that a user has laid there are followed, and said.

    Raises:
        UserError: A link leads nowhere or to a folder that holds it, a file is no regular one, a name is not
            UTF-8, or there are too many, or too deep ones, for a set.
    """
    files: list[str] = []
    links: list[str] = []
    for count, (name, entry) in enumerate(_walk(root, "", (root.resolve(),), shown), start=1):
        _check_count(count, shown)
        if not entry.is_dir():
            files.append(name)
        elif entry.is_symlink():
            links.append(name)
            if len(links) > MAX_LINKS:
                raise UserError(
                    f"{shown}: has over {MAX_LINKS:,} links to folders; take out those not needed"
                )
    if links:
        print(f"{shown}: links to folders, followed: {len(links)}, such as {links[0]!r}", flush=True)
    return Tree(shown, tuple(sorted(files)), lambda name: (root / name).open("rb"))


def _walk(
    folder: Path, prefix: str, above: tuple[Path, ...], shown: str
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """All files and folders below a folder, by names from the root; `above`: the real ones that hold them."""
    with os.scandir(folder) as scanned:
        entries = sorted(scanned, key=lambda entry: entry.name)
    for entry in entries:
        name = f"{prefix}{entry.name}"
        _check_text(name, shown)
        if is_junk(f"{name}/" if entry.is_dir() else name):
            continue
        if not (entry.is_dir() or entry.is_file()):  # opening a pipe would wait for ever
            raise UserError(f"{shown}: {name!r} is a broken link or no regular file")
        yield name, entry
        if entry.is_dir():
            real = Path(entry.path).resolve() if entry.is_symlink() else above[-1] / entry.name
            if entry.is_symlink() and real in above:
                raise UserError(f"{shown}: {name!r} is a link to a folder that holds it; take it out")
            _check_depth(name, len(above), shown)
            yield from _walk(real, f"{name}/", (*above, real), shown)


@contextmanager
def zip_tree(path: Path, shown: str) -> Iterator[Tree]:
    """The files of a zip; names with `\\`, as some Windows programs write, are read as folders.

    Raises:
        UserError: It is damaged, or out to do harm.
    """
    try:
        archive = zipfile.ZipFile(path)
        check_entries(archive.infolist(), path.stat().st_size, shown)
        if (count := _promised(path)) not in (ZIP64, len(archive.infolist())):
            raise zipfile.BadZipFile(f"{len(archive.infolist())} of {count} entries are found")
        for entry in archive.infolist():  # where a name is damaged, nothing else may open the file
            archive.open(entry).close()
    except (*CORRUPT, NotImplementedError) as error:
        raise UserError(f"{shown}: not a sound zip file ({one_line(error)}); get it anew") from None
    with archive:
        entries = {_plain(entry.filename): entry for entry in archive.infolist() if not entry.is_dir()}
        names = sorted(name for name in entries if not is_junk(name) and not name.endswith("/"))
        yield Tree(shown, tuple(names), lambda name: archive.open(entries[name]))


def _promised(path: Path) -> int:
    """How many entries the end of a zip says that it has, which zipfile does not ask.

    The record: section 4.3.16 of https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
    """
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 2**16 + 22), os.SEEK_END)
        tail = file.read()
    return int(struct.unpack_from("<H", tail, tail.rindex(b"PK\x05\x06") + 10)[0])


def check_entries(entries: Collection[zipfile.ZipInfo], packed: int, shown: str) -> None:
    """Refuse a zip that is out to do harm; `packed` is its size in bytes."""
    names: set[PurePosixPath] = set()
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UserError(f"{shown}: {entry.filename!r} is a link or device; pack the file itself")
        if entry.flag_bits & 1:
            raise UserError(f"{shown}: {entry.filename!r} is encrypted; pack it without a password")
        _check_name(entry.filename, names, shown)
    _check_total(sum(entry.file_size for entry in entries), packed, shown)


def unpack_tar(path: Path, folder: Path, shown: str) -> None:
    """Unpack the files of a tar, compressed or not, into an empty folder.

    Raises:
        UserError: It is damaged, or out to do harm.
    """
    packed, names, total = path.stat().st_size, set[PurePosixPath](), 0
    with _decompressed(path) as stream:
        try:
            with tarfile.open(fileobj=_Bounded(stream, packed, shown), mode="r:") as archive:
                for member in archive:
                    if not (member.isreg() or member.isdir()):
                        raise UserError(f"{shown}: {member.name!r} is a link or device; pack the file itself")
                    _check_name(member.name, names, shown)
                    _check_total(total := total + member.size, packed, shown)
                    content = archive.extractfile(member)
                    if content and not is_junk(_plain(member.name)):
                        _write(content, folder / _plain(member.name))
        except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
            raise UserError(f"{shown}: not a sound tar file ({one_line(error)}); get it anew") from None


def _write(content: IO[bytes], target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            while block := content.read(2**20):
                file.write(block)
    except (FileExistsError, NotADirectoryError):
        raise tarfile.TarError(f"{target.name!r} is a file and a folder, or twice in it") from None


def _decompressed(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        head = file.read(8)
    opener = next((opener for magic, opener in COMPRESSED.items() if head.startswith(magic)), open)
    return opener(path, "rb")


class _Bounded(io.RawIOBase):
    """A stream for tarfile that ends no memory and no disk, whatever its headers claim."""

    def __init__(self, stream: IO[bytes], packed: int, shown: str) -> None:
        self._stream, self._packed, self._shown = stream, packed, shown

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_READ:
            raise tarfile.ReadError("a header of absurd size")
        return self._guard(lambda: self._stream.read(size))

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._guard(lambda: self._stream.seek(offset, whence))

    def tell(self) -> int:
        return self._stream.tell()

    def _guard(self, action: Any) -> Any:
        try:
            result = action()
        except CORRUPT as error:
            raise tarfile.ReadError(one_line(error)) from None
        _check_total(self._stream.tell() // 2, self._packed, self._shown)  # headers and padding count too
        return result


def _check_name(name: str, names: set[PurePosixPath], shown: str) -> None:
    _check_text(name, shown)
    path = PurePosixPath(_plain(name))
    _check_depth(name, len(path.parent.parts), shown)
    if path.is_absolute() or PureWindowsPath(name).drive or ".." in path.parts:
        raise UserError(f"{shown}: {name!r} would lead out of its folder; pack it anew")
    if path in names and path.parts:
        raise UserError(f"{shown}: {name!r} is in it twice; pack it anew")
    names.add(path)
    _check_count(len(names), shown)


def _check_depth(name: str, folders: int, shown: str) -> None:
    if folders > MAX_DEPTH:
        raise UserError(f"{shown}: {SHORT.repr(name)} lies over {MAX_DEPTH} folders deep; move it up")


def _check_count(count: int, shown: str) -> None:
    if count > MAX_NAMES:
        raise UserError(f"{shown}: has over {MAX_NAMES:,} files and folders; give the set alone, or a part")


def _check_text(name: str, shown: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise UserError(f"{shown}: the file name {name!r} is not UTF-8; rename it") from None


def _plain(name: str) -> str:
    """A name with "/" between folders, and without "./" in front."""
    plain = name.replace("\\", "/")
    return f"{PurePosixPath(plain)}/" if plain.endswith("/") else str(PurePosixPath(plain))


def _check_total(total: int, packed: int, shown: str) -> None:
    if total > min(MAX_BYTES, MAX_RATIO * packed):
        raise UserError(
            f"{shown}: its {packed} bytes would unpack to {total}, over {MAX_RATIO} times as many or over "
            f"{MAX_BYTES // 2**30} GiB; if you trust it, unpack it by hand and give the folder"
        )
