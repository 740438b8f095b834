"""Plain names for the pictures of the raw folder: without folders, unique by stem, good on any system."""

import os.path
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath

MAX_NAME = 200  # bytes; most systems take 255, and masks and plots add to it


def plain_names(pictures: Sequence[str]) -> list[str]:
    """A name for each picture, given by its path: its own, with its folders where names clash without.

    Names have printable characters alone, no more than MAX_NAME bytes, and stems that differ in more than
    case, since masks are named by stem.
    """
    names = [PurePosixPath(picture).name for picture in pictures]
    if len({_stem(name) for name in map(_printable, names)}) < len(names) and len(set(names)) < len(names):
        names = _with_folders(pictures)
    taken: dict[str, int] = {}
    return [_unused(_shortened(_printable(name)), taken) for name in names]


def _with_folders(pictures: Sequence[str]) -> list[str]:
    """The folders below the one that all pictures are in, joined to the name: p1/0.png is p1_0.png."""
    common = os.path.commonpath([os.path.dirname(picture) for picture in pictures])  # noqa: PTH120
    return ["_".join(PurePosixPath(picture).relative_to(common).parts) for picture in pictures]


def _printable(name: str) -> str:
    plain = "".join(character if character.isprintable() else "_" for character in name)
    plain = plain.replace("\\", "_").lstrip(".")
    # What a drive of Windows would take: "C:scan.png".
    plain = plain if PureWindowsPath(plain).name == plain else plain.replace(":", "_").strip()
    return plain if PurePosixPath(plain).suffix else f"picture.{plain}"


def _shortened(name: str) -> str:
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
    room = MAX_NAME - len(os.fsencode(suffix))
    return stem.encode()[:room].decode(errors="ignore") + suffix


def _unused(name: str, taken: dict[str, int]) -> str:
    """The name, or with a number; `taken` has the last number of each stem."""
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
    free = name
    while _stem(free) in taken:
        taken[_stem(name)] += 1
        free = f"{stem}_{taken[_stem(name)]}{suffix}"
    taken[_stem(free)] = 1
    return free


def _stem(name: str) -> str:
    return PurePosixPath(name).stem.casefold()
