"""Files that the pipeline wrote, and YAML that its user wrote: whatever is wrong with one is one line."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorseg.errors import UserError
from tumorseg.files import null_to_nan

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

WAY_OUT = "run dvc repro, which makes it anew"
# What pydantic, json, pandas, NumPy, and code that looks things up in their results raise.
MALFORMED = (ValueError, TypeError, LookupError, AttributeError, EOFError, ArithmeticError, RecursionError)
# The reader is Python, at about 50 kB a second. The project's own file has 6 kB.
MOST_BYTES = 64 * 1024
MOST_DEPTH = 50  # of brackets, whose nesting the reader takes quadratic time for
BRACKETS = {"[": 1, "{": 1, "]": -1, "}": -1}
MOST_VALUES = 20_000  # of a document with its aliases written out


@contextmanager
def reading(path: Path, way_out: str = WAY_OUT) -> Iterator[None]:
    """Within it, a file of the pipeline's own is read and taken apart.

    Raises:
        UserError: It is missing, cut off, or not as the pipeline writes it.
    """
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{path}: not found; {way_out}") from None
    except MALFORMED as error:
        what = f"{type(error).__name__} {error}" if isinstance(error, LookupError) else str(error)
        why = what.splitlines()[0] if what else type(error).__name__
        raise UserError(f"{path}: cut off, or not as the pipeline writes it ({why}); {way_out}") from None


def read_json(path: Path) -> Any:
    """Read what `files.write_json` wrote; null is NaN.

    Raises:
        UserError: As of `reading`.
    """
    import json

    with reading(path):
        return null_to_nan(json.loads(path.read_text(encoding="utf-8")))


def read_csv(path: Path, columns: Collection[str], **options: Any) -> "pd.DataFrame":
    """Read what `files.write_csv` wrote.

    Args:
        path: The file.
        columns: Those that it must have; it may have more.
        options: As pandas.read_csv takes them.

    Raises:
        UserError: As of `reading`, or it has no such column.
    """
    import pandas as pd

    with reading(path):
        content = path.read_bytes()
        # To pandas, what a cut row lacks is NaN.
        if not content.endswith(b"\n"):
            raise ValueError("its last line is cut" if content else "it is empty")
        table = pd.read_csv(path, **options)
        if missing := sorted(set(columns) - set(table.columns)):
            raise ValueError(f"it has no column {', '.join(missing)}")
        return table


def read_array(path: Path, shape: tuple[int, ...] | None = None) -> "np.memmap[Any, Any]":
    """Open an array of bytes, uint8 (N, S, S) or (N, S, S, 3), without reading it.

    Args:
        path: The .npy file.
        shape: What it must have; none: one of these.

    Raises:
        UserError: As of `reading`, or it is another array.
    """
    import numpy as np

    with reading(path):
        array = np.lib.format.open_memmap(path, mode="r")
        fits = array.shape == shape if shape else array.ndim == 3 or array.shape[3:] == (3,)
        if array.dtype != np.uint8 or not fits:
            wanted = shape or "(N, S, S) or (N, S, S, 3)"
            raise ValueError(f"it is {array.dtype} {array.shape}, not uint8 {wanted}")
        return array


def read_yaml(path: Path) -> Any:
    """Read YAML 1.2 that a person wrote.

    Raises:
        UserError: The file is missing, cannot be read, or as of `parse_yaml`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise UserError(f"{path}: not found; run from the project's root folder") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    return parse_yaml(content, path)


def parse_yaml(content: bytes, shown: object) -> Any:
    """Read the content of a YAML 1.2 file, which errors call `shown`.

    Args:
        content: All of it; of a larger file, its first MOST_BYTES + 1 bytes are enough.
        shown: What errors call it.

    Raises:
        UserError: It is not YAML, or far larger than any that is meant.
    """
    # ruamel.yaml is what DVC itself reads and writes params with: to YAML 1.2, 1e-4 is a number.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if len(content) > MOST_BYTES:
        raise UserError(f"{shown}: has over {MOST_BYTES // 1024} kB; is it another file?")
    try:
        text = content.decode("utf-8")
        if max(accumulate(BRACKETS.get(each, 0) for each in text), default=0) > MOST_DEPTH:
            raise RecursionError
        yaml = YAML(typ="safe", pure=True)
        root = yaml.compose(text)
        if root is None:
            return None
        # Before a value is made: a merge, `<<`, copies all that its aliases stand for.
        if _values(root, {}) > MOST_VALUES:
            raise UserError(
                f"{shown}: has over {MOST_VALUES} values, aliases written out; is it another file?"
            )
        return yaml.constructor.construct_document(root)
    except RecursionError:
        raise UserError(f"{shown}: not YAML that is meant: nested too deeply, or within itself") from None
    except (YAMLError, *MALFORMED) as error:
        raise UserError(f"{shown}: not YAML: {' '.join(str(error).split())}") from None


def _values(node: Any, known: dict[int, int]) -> int:
    """Values of a node, those of an alias counted each time; `known`: of nodes, by identity."""
    if id(node) not in known:
        parts = [] if isinstance(node.value, str) else node.value  # of a mapping: pairs
        nodes = (each for part in parts for each in (part if isinstance(part, tuple) else (part,)))
        known[id(node)] = 1 + sum(_values(each, known) for each in nodes)
    return known[id(node)]
