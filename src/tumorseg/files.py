"""Files and folders written whole or not at all: a temporary name beside the final one, then a rename.

A temporary name is `.NAME.xxxxxxxx.tmp`, with the suffix of a file after it; x is a hexadecimal digit. While
it is written it is locked (flock), and the lock goes with the process, however it ends. So what a killed
process has left is known by having no lock: the next one that writes into the same folder deletes it, and so
does `make clean`.
"""

import errno
import fcntl
import gc
import json
import math
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

UNFINISHED: set[Path] = set()  # what this process is writing
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
LEFT = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}\.(?P<kind>tmp|old)(\.[^.]+)?")


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield the name of an empty file beside `path`; rename it to `path` on success, delete it on failure.

    Raises:
        RuntimeError: Nothing was written into it.
    """
    # The suffix stays, since image and array writers go by it.
    temporary, lock = _claim(path, lambda stem: f".{path.stem}.{stem}.tmp{path.suffix}", _new_file)
    try:
        yield temporary
        if not temporary.stat().st_size:
            raise RuntimeError(f"{path}: nothing was written")
        temporary.replace(path)
    except OSError as error:
        if error.errno in NO_ROOM and error.filename is None:  # the system tells of a write without a name
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):  # a read-only disk is told of by the first error, not by a second
            temporary.unlink(missing_ok=True)
        _release(temporary, lock)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a new temporary folder beside `path`; it replaces `path` on success, vanishes on failure."""
    temporary, lock = _claim(path, lambda stem: f".{path.name}.{stem}.tmp", _new_folder)
    retired = temporary.with_suffix(".old")
    try:
        yield temporary
        # Set aside by a rename: a signal amid deleting would leave half of the old folder and no new one.
        if path.exists():
            path.rename(retired)
        temporary.rename(path)
        shutil.rmtree(retired, ignore_errors=True)
    finally:
        with suppress(OSError):
            if retired.exists() and not path.exists():
                retired.rename(path)
        for folder in (temporary, retired):
            shutil.rmtree(folder, ignore_errors=True)
        _release(temporary, lock)


def discard_unfinished() -> None:
    """Delete what this process is writing: it is about to end without ado."""
    for path in UNFINISHED:
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def sweep(folder: Path) -> None:
    """Delete what killed processes have left half-written in a folder; what one that lives is writing stays.

    A folder that was set aside (`.old`) and has no successor gets its name back.
    """
    for path in sorted(folder.glob(".*"), reverse=True):  # .tmp before .old
        left = LEFT.fullmatch(path.name)
        with suppress(OSError):
            if left and left["kind"] == "tmp":
                _sweep_one(path)
            elif left and not path.with_suffix(".tmp").exists():  # else its owner is at work
                if (folder / left["name"]).exists():
                    shutil.rmtree(path)
                else:
                    path.rename(folder / left["name"])


def clean() -> None:
    """`sweep` the project's root folder, the folders that the pipeline makes, and all below those."""
    sweep(Path())
    for root in map(Path, ("data", "metrics", "models", "plots", "delivered")):
        for folder, _, _ in os.walk(root):
            sweep(Path(folder))


def _sweep_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if _lock(descriptor):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    finally:
        os.close(descriptor)


@cache
def _sweep_once(folder: Path) -> None:
    sweep(folder)  # once a process: `predict` writes thousands of files into one


def _claim(path: Path, name: Callable[[str], str], make: Callable[[Path], int]) -> tuple[Path, int]:
    """A new temporary name beside `path`, and the descriptor that holds its lock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep_once(path.parent.absolute())
    while True:
        temporary = path.with_name(name(secrets.token_hex(4)))
        descriptor = make(temporary)
        if _lock(descriptor) is not False and temporary.exists():  # else it is swept before it is locked
            UNFINISHED.add(temporary)
            return temporary, descriptor
        os.close(descriptor)


def _release(temporary: Path, lock: int) -> None:
    UNFINISHED.discard(temporary)
    os.close(lock)


def _new_file(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)


def _new_folder(path: Path) -> int:
    path.mkdir()
    return os.open(path, os.O_RDONLY)


def _lock(descriptor: int) -> bool | None:
    """Lock it until it is closed; False: another has. None: no locks here, as on some network disks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def create_array(path: Path, shape: tuple[int, ...], dtype: type) -> "np.memmap[Any, Any]":
    """A new .npy file of zeros, memory-mapped, with its place on the disk.

    A mapped file without one ends the process by SIGBUS where the disk is full.

    Raises:
        OSError: The disk is full.
    """
    import numpy as np

    array = np.lib.format.open_memmap(path, "w+", dtype, shape)
    with path.open("r+b") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        else:
            file.seek(array.offset)
            for row in array.reshape(len(array), -1):
                file.write(bytes(row.nbytes))
    return array


@contextmanager
def uncollected() -> Iterator[None]:
    """Read millions of values without Python's collector of cycles, which walks them over and over.

    It takes as long as the reading itself; lists and numbers of a file hold no cycle.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any, indent: int | None = 2) -> None:
    """Write JSON atomically, NaN as null: to DVC, a NaN differs from the same NaN.

    With an `indent` it is for people to read, without for the page of plots, whose size counts.
    """
    write_text(path, json.dumps(_replaced(value, _null), indent=indent, allow_nan=False) + "\n")


def _null(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def null_to_nan(value: Any) -> Any:
    """What `write_json` was given, of what JSON makes of it."""
    return _replaced(value, _nan)


def _nan(value: Any) -> Any:
    return math.nan if value is None else value


def _replaced(value: Any, replace: Callable[[Any], Any]) -> Any:
    """The same nested dicts and lists, with every other value replaced."""
    if isinstance(value, dict):
        return {key: _replaced(item, replace) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, replace) for item in value]
    return replace(value)


def write_csv(path: Path, table: "pd.DataFrame") -> None:
    """Write a table atomically, without its index. An empty field is NaN."""
    with atomic_file(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
