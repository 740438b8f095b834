"""The one exception that users see, and pydantic's errors in the words of its one line."""

import reprlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

SHORT = reprlib.Repr()  # a bad value may be a whole file
SHORT.maxstring = SHORT.maxother = 80


class UserError(Exception):
    """Something the user can mend: bad params, a bad archive, a missing file.

    The message is one line that names the file, the field and the way out; it is all that is shown.
    """


def explain(error: "ValidationError", document: Any = None) -> str:
    """All errors in a line: of each the key, what is wrong, the value given.

    Args:
        error: Of a file that a user writes, or of a part of it.
        document: What was validated. Where it is given, names that pydantic has for one type of several
            are left out, since they are no keys.
    """
    # Two types of one value are two errors with the same key and nearly the same words.
    return "; ".join(dict.fromkeys(_line(each, document) for each in error.errors(include_url=False)))


def explain_first(error: "ValidationError", branches: tuple[str, ...] = ()) -> str:
    """The first error in a line, with its JSON path, and how many others there are.

    Args:
        error: Of a file that a program wrote: one defect of it may be one of thousands of entries.
        branches: Names that the schema has for one type of several, which are no keys.
    """
    first, others = error.errors(include_url=False)[0], error.error_count() - 1
    keys = [f"[{key}]" if isinstance(key, int) else f".{key}" for key in first["loc"] if key not in branches]
    field = f"{''.join(keys).removeprefix('.')}: " if keys else ""
    more = f" (and {others} more errors)" if others else ""
    return f"{field}{_own_words(first) or first['msg']}{more}"


def _own_words(error: "ErrorDetails") -> str:
    """What a validator of ours says, or nothing."""
    return str(error["ctx"]["error"]) if error["type"] == "value_error" else ""


def _line(error: "ErrorDetails", document: Any) -> str:
    key = ".".join(_keys(error, document))
    if message := _own_words(error):  # it begins with a key below this one
        return f"{key}.{message}" if key else message
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
