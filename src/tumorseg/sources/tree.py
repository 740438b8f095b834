"""The files of a dataset as it comes, wherever they lie: in a folder, in a zip, unpacked from a tar."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO

from tumorseg.data.coco_schema import IMAGE_SUFFIXES
from tumorseg.data.headers import header_of
from tumorseg.errors import UserError
from tumorseg.sources.mending.document import MAX_BYTES
from tumorseg.types import Exif

# What zipfile raises at a damaged file; OSError is bz2's word for it too.
CORRUPT = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, struct.error, ValueError)
BLOCK = 2**20


@dataclass(frozen=True)
class Tree:
    """Files by name, and how to read them; nothing outside the set can be named."""

    shown: str  # what errors call the set
    names: tuple[str, ...]  # from the root of the set, with "/", sorted, each once
    opener: Callable[[str], IO[bytes]]
    exif: Exif = "stored"  # whether sizes are those of pictures as stored, or as EXIF shows them

    @cached_property
    def pictures(self) -> tuple[str, ...]:
        """Names of the files that are pictures by their suffix."""
        return tuple(name for name in self.names if suffix_of(name) in PICTURES)

    @cached_property
    def pictures_by_stem(self) -> dict[str, list[str]]:
        """Pictures by their names without folder and suffix."""
        by_stem: dict[str, list[str]] = {}
        for name in self.pictures:
            by_stem.setdefault(stem_of(name), []).append(name)
        return by_stem

    def ending(self, *suffixes: str) -> list[str]:
        """Names with one of these suffixes, in small letters."""
        return [name for name in self.names if suffix_of(name) in suffixes]

    def blocks(self, name: str, size: int = BLOCK) -> Generator[bytes, None, None]:
        """The content of a file, in pieces of `size` bytes.

        Raises:
            UserError: It cannot be read, or is damaged.
        """
        try:
            with self.opener(name) as file:
                while block := file.read(size):
                    yield block
        except (*CORRUPT, NotImplementedError) as error:
            raise UserError(f"{self.shown}: {name!r} cannot be read: {one_line(error)}") from None

    def read(self, name: str) -> bytes:
        """The whole content of a file of annotations.

        Raises:
            UserError: As of `blocks`, or it is too large for one.
        """
        content = bytearray()
        for block in self.blocks(name):
            content += block
            if len(content) > MAX_BYTES:
                raise UserError(
                    f"{self.shown}: {name!r} has over {MAX_BYTES} bytes; split the set into several"
                )
        return bytes(content)

    def head(self, name: str, size: int = 2**16) -> bytes:
        """The first bytes of a file."""
        blocks = self.blocks(name, size)
        head = next(blocks, b"")
        blocks.close()
        return head

    def copy(self, name: str, target: Path) -> None:
        """Copy a file to `target`, which must not be there.

        Raises:
            UserError: It is there, as where names differ in case alone and the system tells no case apart.
        """
        try:
            file = target.open("xb")
        except FileExistsError:
            raise UserError(
                f"{self.shown}: {name!r} cannot be copied: {target.name} exists already"
            ) from None
        with file:
            for block in self.blocks(name):
                file.write(block)

    def size_of(self, name: str) -> tuple[int, int]:
        """Width and height of a picture, as its header says: of its pixels as `exif` says.

        Raises:
            UserError: It is no picture, absurdly large, or several pictures.
        """
        shown = f"{self.shown}: {name!r}"
        try:
            with self.opener(name) as file:
                return header_of(file, shown).size(self.exif)
        except (*CORRUPT, NotImplementedError) as error:
            raise UserError(f"{shown} cannot be read: {one_line(error)}") from None


def suffix_of(name: str) -> str:
    """The suffix in small letters, with its dot."""
    return PurePosixPath(name).suffix.lower()


def folder_of(name: str) -> str:
    """The folder of a file; that of the root is empty."""
    return name.rpartition("/")[0]


def stem_of(name: str) -> str:
    """The name without folder and suffix."""
    return PurePosixPath(name).stem


def is_junk(name: str) -> bool:
    """Whether systems and editors leave such files beside others: in hidden folders, or named ._x."""
    *folders, file = name.split("/")
    return file.startswith("._") or any(part.startswith(".") or part == "__MACOSX" for part in folders)


def one_line(error: Exception) -> str:
    """The message of an exception, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def no_picture(error: Exception) -> str:
    """What Pillow says of a file, without the object that it names."""
    from PIL import UnidentifiedImageError

    return "its content is of no kind known" if isinstance(error, UnidentifiedImageError) else one_line(error)


# `sources.mend` gives what the inner schema does not take a name that it does.
PICTURES = IMAGE_SUFFIXES | {".jfif", ".jpe"}
