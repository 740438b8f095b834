"""A dataset from a zip or tar file, a folder, a COCO JSON beside its pictures, or an http(s) address."""

import hashlib
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from tumorseg.errors import UserError
from tumorseg.params import ArchiveSource
from tumorseg.sources.containers import COMPRESSED, folder_tree, unpack_tar, zip_tree
from tumorseg.sources.tree import Tree, one_line, suffix_of

WAY_OUT = "-S datasets.archive.source.path=/absolute/path.zip"
# Folders that hold annotations alone: the pictures lie beside such a folder, not in it.
ANNOTATION_FOLDERS = ("annotation", "annotations", "ann", "anns", "coco", "json", "labels")
# What people give that is not read, by its first bytes.
OTHERS = {
    b"Rar!": "it is a RAR archive; unpack it and give the folder, or pack it as zip",
    b"7z\xbc\xaf\x27\x1c": "it is a 7z archive; unpack it and give the folder, or pack it as zip",
    b"\x28\xb5\x2f\xfd": "it is compressed by Zstandard; unpack it and give the folder",
    b"\x89HDF": "it is an HDF5 file; export its slices as pictures, with masks or COCO annotations",
    b"\x89PNG": "it is one picture; give the folder that holds pictures and annotations",
    b"\xff\xd8\xff": "it is one picture; give the folder that holds pictures and annotations",
}


@contextmanager
def open_archive(source: ArchiveSource) -> Iterator[Tree]:
    """The files of `source`; a download and what is unpacked leave nothing behind.

    Raises:
        UserError: It cannot be had, is damaged, unsafe or of no kind that is read.
    """
    path = Path(source.path)
    # Outside the project, which a crash leaves clean.
    with TemporaryDirectory() as temporary:
        if is_address(source.path):
            shown = _without_secrets(source.path)
            with _open_file(_download(source, Path(temporary)), shown) as tree:
                yield tree
        elif path.is_dir():
            if source.sha256:
                raise UserError(
                    f"source.sha256: {path} is a folder, and sha256 is of a file; set it to null, and pin "
                    "the content with source.digest"
                )
            yield folder_tree(path, source.path)
        elif path.is_file():
            _check_sha256(path, source.sha256)
            with _open_file(path, source.path) as tree:
                yield tree
        else:
            where = (
                "" if path.is_absolute() else f" in {Path.cwd()}; a relative path is to the project's root"
            )
            raise UserError(f"source.path: {source.path} does not exist{where}; give another with {WAY_OUT}")


def is_address(path: str) -> bool:
    """Whether a path of an archive is one of the web."""
    return path.startswith(("http://", "https://"))


@contextmanager
def _open_file(path: Path, shown: str) -> Iterator[Tree]:
    with path.open("rb") as file:
        head = file.read(tarfile.BLOCKSIZE)
    is_json = suffix_of(shown) == ".json" and path.name != "archive"
    other = next((kind for magic, kind in OTHERS.items() if head.startswith(magic)), None)
    if head.startswith(tuple(COMPRESSED)) or _is_tar(head):
        with TemporaryDirectory() as temporary:
            unpack_tar(path, Path(temporary), shown)
            yield folder_tree(Path(temporary), shown)
    # A zip that unpacks itself begins as a program. The end of any other file may be of a zip within it.
    elif head.startswith(b"PK") or (not other and not is_json and zipfile.is_zipfile(path)):
        with zip_tree(path, shown) as tree:
            yield tree
    elif is_json:
        yield _beside(path)
    else:
        unknown = f"it begins with {head[:16]!r}; get it anew" if head else "it is empty; get it anew"
        raise UserError(f"{shown}: not a sound zip file, tar file or JSON: {other or unknown}")


def _is_tar(head: bytes) -> bool:
    """Whether a file begins with the header of a tar's first member: marked, or, in old ones, summed up."""
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return head[257:262] == b"ustar"
    return True


def _beside(path: Path) -> Tree:
    """A JSON, and the pictures beside and below it, or beside the folder of annotations that it lies in."""
    path = path.absolute()
    root = path.parent.parent if path.parent.name.lower() in ANNOTATION_FOLDERS else path.parent
    tree = folder_tree(root, str(path))
    name = path.relative_to(root).as_posix()
    return Tree(str(path), tuple(sorted({name, *tree.pictures})), tree.opener)


def _check_sha256(path: Path, expected: str | None) -> None:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"source.path: {path} cannot be read: {one_line(error)}") from None
    if expected not in (None, digest):
        raise UserError(f"source.sha256: {path} has {digest}, not {expected}; is it another file or version?")


def _download(source: ArchiveSource, folder: Path) -> Path:
    """Download the file into `folder`; its path there."""
    import pooch
    import requests

    shown = _without_secrets(source.path)
    print(f"downloading {shown}", flush=True)
    pooch.get_logger().setLevel("ERROR")  # it would print the whole address
    # Pooch reads 1 KiB at a time by default. A log gets no bar.
    downloader = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), chunk_size=2**20)
    known = source.sha256 and f"sha256:{source.sha256}"
    try:
        return Path(pooch.retrieve(source.path, known, "archive", folder, downloader=downloader))
    except requests.HTTPError as error:
        reason = f"the server answers {error.response.status_code} {error.response.reason}"
    except requests.RequestException as error:
        reason = f"no answer, or one cut short ({type(error).__name__})"
    except OSError as error:
        reason = one_line(error)
    except ValueError as error:  # pooch's word for another hash
        raise UserError(f"source.sha256: {shown}: {one_line(error)}") from None
    raise UserError(f"source.path: {shown}: {reason}; try again, or get it by hand and use {WAY_OUT}")


def _without_secrets(url: str) -> str:
    """The address without password and query, which may hold a key."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UserError(f"source.path: {url} is not an address") from None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
