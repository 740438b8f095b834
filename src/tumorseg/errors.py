"""What users see of an error: one line, of our own exception, of the system's and of pydantic's."""

import errno
import os
import re
import reprlib
from typing import TYPE_CHECKING, Any

from tumorseg.text import counted

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

SHORT = reprlib.Repr()  # a bad value may be a whole file
SHORT.maxstring = SHORT.maxother = 80
LONGEST = 1000  # characters of a line: names and values in it are from outside
MOST = 8  # errors of one file that are told

# What the system says no to, and the way out.
SPACE = "free some space there and run again; nothing is left half-written"
RIGHTS = "let this user write and read there, and run again"
WAYS_OUT = {
    errno.ENOSPC: SPACE,
    errno.EDQUOT: SPACE,
    errno.EFBIG: "raise the limit of a file's size (ulimit -f) and run again",
    errno.EROFS: RIGHTS,
    errno.EACCES: RIGHTS,
    errno.EPERM: RIGHTS,
    errno.EMFILE: "raise the limit of open files (ulimit -n) or lower compute.workers, and run again",
    errno.ENFILE: "close other programs and run again",
    errno.EAGAIN: "raise the limit of processes (ulimit -u) or lower compute.workers, and run again",
    errno.ENOMEM: "close other programs, or lower train.batch_size, image_size or compute.workers",
    errno.ENOENT: "dvc repro makes what is missing of the pipeline's files",
}
# Libraries pass some of these on in exceptions of their own, which have but the text.
IN_WORDS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EMFILE, errno.ENOMEM)
NO_MEMORY = re.compile(
    "can't allocate memory|out of memory|Insufficient memory|bad_alloc|bad allocation", re.I
)
KEY = re.compile(r"[^\s:]+: ")  # that a message of ours begins with, where what is wrong lies below
NO_SHARED_MEMORY = re.compile("out of shared memory|Bus error")


class UserError(Exception):
    """Something the user can mend: bad params, a bad archive, a missing file.

    The message is one line that names the file, the field and the way out; it is all that is shown.
    """


def one_line(text: str) -> str:
    """A text as it is shown: in one line, without control characters, and not without end."""
    line = "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in " ".join(text.split())
    )
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def user_line(error: BaseException) -> str | None:
    """The line that is shown of an error; none of a mistake of ours, whose traceback is wanted.

    A `UserError` has its own. The system's are `OSError`, `MemoryError`, and what libraries make of them.
    """
    if isinstance(error, UserError):
        return one_line(str(error))
    if isinstance(error, OSError) and error.errno:
        reason = error.strerror or os.strerror(error.errno)
        paths = [
            os.fsdecode(path) for path in (error.filename, error.filename2) if isinstance(path, str | bytes)
        ]
        return _line_of_system(" to ".join(paths), reason, error.errno)
    if isinstance(error, MemoryError):
        return _line_of_system(
            "", f"out of memory ({error})" if str(error) else "out of memory", errno.ENOMEM
        )
    text = str(error)
    for code in IN_WORDS:
        if os.strerror(code) in text or f"os error {code})" in text:
            return _line_of_system("", text, code)
    if NO_MEMORY.search(text):
        return _line_of_system("", text, errno.ENOMEM)
    if NO_SHARED_MEMORY.search(text):
        return one_line(
            f"/dev/shm is full, through which loader processes pass slices: lower compute.workers ({text})"
        )
    return one_line(text) if isinstance(error, OSError) else None


def _line_of_system(path: str, reason: str, code: int) -> str:
    parts = [f"{path}: {reason}" if path else reason, WAYS_OUT.get(code, "")]
    return one_line("; ".join(part for part in parts if part))


def explain(error: "ValidationError", document: Any = None) -> str:
    """All errors in a line: of each the key, what is wrong, the value given.

    Args:
        error: Of a file that a user writes, or of a part of it.
        document: What was validated. Where it is given, names that pydantic has for one type of several
            are left out, since they are no keys.
    """
    # Two types of one value are two errors with the same key and nearly the same words.
    lines = list(dict.fromkeys(_line(each, document) for each in error.errors(include_url=False)))
    more = [f"and {counted(len(lines) - MOST, 'more error')}"] if len(lines) > MOST else []
    return "; ".join([*lines[:MOST], *more])


def explain_first(error: "ValidationError", branches: tuple[str, ...] = ()) -> str:
    """The first error in a line, with its JSON path, and how many others there are.

    Args:
        error: Of a file that a program wrote: one defect of it may be one of thousands of entries.
        branches: Names that the schema has for one type of several, which are no keys.
    """
    first, others = error.errors(include_url=False)[0], error.error_count() - 1
    keys = [f"[{key}]" if isinstance(key, int) else f".{key}" for key in first["loc"] if key not in branches]
    field = f"{''.join(keys).removeprefix('.')}: " if keys else ""
    more = f" (and {counted(others, 'more error')})" if others else ""
    return f"{field}{_own_words(first) or first['msg']}{more}"


def _own_words(error: "ErrorDetails") -> str:
    """What a validator of ours says, or nothing."""
    return str(error["ctx"]["error"]) if error["type"] == "value_error" else ""


def _line(error: "ErrorDetails", document: Any) -> str:
    key = ".".join(_keys(error, document))
    if message := _own_words(error):
        return f"{key}{'.' if KEY.match(message) else ': '}{message}" if key else message
    if error["type"] in ("extra_forbidden", "missing"):
        return f"{key}: {'unknown' if error['type'] == 'extra_forbidden' else 'missing'} key"
    message = " ".join(f"{error['msg'][0].lower()}{error['msg'][1:]}".split())  # choices keep their capitals
    return f"{key}: {message}, not {SHORT.repr(error['input'])}" if key else message


def _keys(error: "ErrorDetails", document: Any) -> list[str]:
    if document is None:
        return [str(part) for part in error["loc"]]
    keys, node = [], document
    missing = error["loc"][-1] if error["type"] == "missing" else None
    for part in error["loc"]:
        if isinstance(node, dict) and part in (*node, missing):
            keys.append(str(part))
            node = node.get(part)
        elif isinstance(node, list) and isinstance(part, int):
            keys.append(str(part))
            node = node[part]
    return keys
