"""Files and folders written whole or not at all (a temporary name, then a rename); JSON and YAML read."""

import gc
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorseg.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` on success, delete it on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays, since image and array writers go by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a new temporary folder beside `path`; it replaces `path` on success, vanishes on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    retired = temporary.with_suffix(".old")
    try:
        yield temporary
        temporary.chmod(0o755)  # mkdtemp makes it private
        # Set aside by a rename: a signal amid deleting would leave half of the old folder and no new one.
        if path.exists():
            path.rename(retired)
        temporary.rename(path)
        shutil.rmtree(retired, ignore_errors=True)
    finally:
        if retired.exists() and not path.exists():
            retired.rename(path)
        for folder in (temporary, retired):
            shutil.rmtree(folder, ignore_errors=True)


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


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote; null is NaN."""
    return _replaced(json.loads(path.read_text(encoding="utf-8")), _nan)


def read_yaml(path: Path) -> Any:
    """Read YAML 1.2.

    Raises:
        UserError: The file is missing, cannot be read or is not YAML.
    """
    # ruamel.yaml is what DVC itself reads and writes params with: to YAML 1.2, 1e-4 is a number.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: not found; run from the project's root folder") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from None


def _null(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


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
