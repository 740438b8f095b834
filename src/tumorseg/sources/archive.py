"""A COCO export from a zip file, a folder or an http(s) address.

The splits are folders train, valid (or val) and test, at the root or below one folder of it.
"""

import hashlib
import lzma
import shutil
import stat
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Collection
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO
from urllib.parse import urlsplit

from tumorseg import SPLITS
from tumorseg.data.coco import ANNOTATIONS
from tumorseg.data.coco_schema import IMAGE_SUFFIXES
from tumorseg.errors import UserError
from tumorseg.params import ArchiveSource
from tumorseg.progress import progress

SPLIT_OF = {split: split for split in SPLITS} | {"val": "valid"}
WAY_OUT = "-S datasets.archive.source.path=/absolute/path.zip"
# JPEGs and PNGs hardly shrink in a zip, JSON about 20 times, bitmaps of mostly black slices less.
# Deflate can reach 1032 and overlapping entries millions.
MAX_RATIO = 100
MAX_BYTES = 32 * 2**30  # what a big zip may unpack to; far above any set of 2D slices
# What zipfile raises at a damaged file; OSError is bz2's word for it too.
CORRUPT = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, struct.error, ValueError)


def write_archive(source: ArchiveSource, folder: Path) -> None:
    """Copy the split folders of `source` into `folder`; a download leaves nothing else behind.

    Raises:
        UserError: The archive cannot be had, is damaged, unsafe or laid out otherwise.
    """
    path = Path(source.path)
    if source.path.startswith(("http://", "https://")):
        with tempfile.TemporaryDirectory() as temporary:  # outside the project, which a crash leaves clean
            _extract(_download(source, Path(temporary)), folder, _without_secrets(source.path))
    elif path.is_dir():
        if source.sha256:
            raise UserError(
                f"source.sha256: {path} is a folder, and sha256 is of a zip file; set it to null, and pin "
                "the content with source.digest"
            )
        copy_folder(path, folder, source.path)
    elif path.is_file():
        _check_sha256(path, source.sha256)
        _extract(path, folder, source.path)
    else:
        where = "" if path.is_absolute() else f" in {Path.cwd()}; a relative path is to the project's root"
        raise UserError(f"source.path: {source.path} does not exist{where}; give another with {WAY_OUT}")


def copy_folder(root: Path, folder: Path, shown: str) -> None:
    """Copy the split folders found in `root`, which errors call `shown`, into `folder`.

    Raises:
        UserError: `root` is laid out otherwise, or a file cannot be read.
    """

    def open_file(name: str) -> IO[bytes]:
        if not (root / name).is_file():  # opening a pipe would wait for ever
            raise UserError(f"{shown}: {name!r} is a broken link or no regular file")
        return (root / name).open("rb")

    names = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if not path.is_dir()]
    _copy(_targets(names, shown), open_file, folder, shown)


def _check_sha256(path: Path, expected: str | None) -> None:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"source.path: {path} cannot be read: {_line(error)}") from None
    if expected not in (None, digest):
        raise UserError(f"source.sha256: {path} has {digest}, not {expected}; is it another file or version?")


def _download(source: ArchiveSource, folder: Path) -> Path:
    """Download the zip into `folder`; its path there."""
    import pooch
    import requests

    shown = _without_secrets(source.path)
    print(f"downloading {shown}", flush=True)
    pooch.get_logger().setLevel("ERROR")  # it would print the whole address
    # Pooch reads 1 KiB at a time by default. A log gets no bar.
    downloader = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), chunk_size=2**20)
    known = source.sha256 and f"sha256:{source.sha256}"
    try:
        return Path(pooch.retrieve(source.path, known, "archive.zip", folder, downloader=downloader))
    except requests.HTTPError as error:
        reason = f"the server answers {error.response.status_code} {error.response.reason}"
    except requests.RequestException as error:
        reason = f"no answer, or one cut short ({type(error).__name__})"
    except OSError as error:
        reason = _line(error)
    except ValueError as error:  # pooch's word for another hash
        raise UserError(f"source.sha256: {shown}: {_line(error)}") from None
    raise UserError(f"source.path: {shown}: {reason}; try again, or get it by hand and use {WAY_OUT}")


def _without_secrets(url: str) -> str:
    """The address without password and query, which may hold a key."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UserError(f"source.path: {url} is not an address") from None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _extract(path: Path, folder: Path, shown: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            check_entries(archive.infolist(), path.stat().st_size, shown)
            entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
            _copy(_targets(entries, shown), lambda name: archive.open(entries[name]), folder, shown)
    except (*CORRUPT, NotImplementedError) as error:
        raise UserError(f"{shown}: not a sound zip file ({_line(error)}); get it anew") from None


def check_entries(entries: Collection[zipfile.ZipInfo], packed: int, shown: str) -> None:
    """Refuse a zip that is out to do harm; `packed` is its size in bytes."""
    names: set[PurePosixPath] = set()
    for entry in entries:
        name, path = entry.filename, PurePosixPath(entry.filename)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if path.is_absolute() or PureWindowsPath(name).drive or ".." in path.parts or "\\" in name:
            raise UserError(f"{shown}: {name!r} would lead out of its folder; pack it anew")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UserError(f"{shown}: {name!r} is a link or device; pack the file itself")
        if entry.flag_bits & 1:
            raise UserError(f"{shown}: {name!r} is encrypted; pack it without a password")
        if path in names:
            raise UserError(f"{shown}: {name!r} is in it twice; pack it anew")
        names.add(path)
    total = sum(entry.file_size for entry in entries)
    if total > min(MAX_BYTES, MAX_RATIO * packed):
        raise UserError(
            f"{shown}: its {packed} bytes would unpack to {total}, over {MAX_RATIO} times as many or over "
            f"{MAX_BYTES // 2**30} GiB; if you trust it, unpack it by hand and give the folder"
        )


def _targets(names: Collection[str], shown: str) -> dict[str, str]:
    """`<split>/<file>` for each image and annotation file of the splits; prints how many are neither."""
    paths = {name: PurePosixPath(name) for name in names}
    folders = {path.parent for path in paths.values() if path.name == ANNOTATIONS}
    split_folders = {folder for folder in folders if folder.name in SPLIT_OF and len(folder.parts) <= 2}
    roots = {folder.parent for folder in split_folders}
    if len(roots) != 1:
        what = f"several sets: {', '.join(map(str, sorted(roots)))}" if roots else "no COCO export"
        layout = f"folders {', '.join(SPLITS)}, each with {ANNOTATIONS}, at the root or below one folder"
        raise UserError(f"{shown}: holds {what}; it must have {layout}")
    splits = sorted(SPLIT_OF[folder.name] for folder in split_folders)
    if splits != sorted(SPLITS):
        raise UserError(f"{shown}: has {ANNOTATIONS} for {', '.join(splits)}; it must be {', '.join(SPLITS)}")
    targets = {
        name: f"{SPLIT_OF[path.parent.name]}/{path.name}"
        for name, path in paths.items()
        if path.parent in split_folders and _belongs(path)
    }
    if left_out := [name for name in names if name not in targets]:
        what = "files left out, as no image or annotations of a split"
        print(f"{what}: {len(left_out)}, such as {left_out[0]!r}", flush=True)
    return targets


def _belongs(path: PurePosixPath) -> bool:
    # Names with a dot in front are what macOS and editors leave beside the files.
    is_image = path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    return is_image or path.name == ANNOTATIONS


def _copy(targets: dict[str, str], open_file: Callable[[str], IO[bytes]], folder: Path, shown: str) -> None:
    for name, target in progress(targets.items(), "copying files", total=len(targets)):
        path = folder / target
        path.parent.mkdir(exist_ok=True)
        try:
            # "x", since names that differ in case alone are one file to some systems.
            with open_file(name) as source, path.open("xb") as copy:
                shutil.copyfileobj(source, copy, 2**20)
        except OSError as error:
            raise UserError(f"{shown}: {name!r} cannot be copied: {_line(error)}") from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
