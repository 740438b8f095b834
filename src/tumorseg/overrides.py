"""`key=value` as `dvc exp run -S` reads it: Hydra's grammar."""

import json
import re
from typing import Any

from tumorseg.errors import UserError

PLAIN = r"[A-Za-z0-9][A-Za-z0-9_-]*"  # a key within a value
WORD = r"[A-Za-z][A-Za-z0-9_]*"  # needs no quotes
NOT_WORDS = {"true", "false", "null", "nan", "inf"}  # but in quotes


def override(key: str, value: Any) -> str:
    """What follows -S, for DVC to read exactly this value. A shell needs it quoted besides.

    Raises:
        UserError: The value has no place in that grammar.
    """
    return f"{key}={_literal(key, value)}"


def _literal(key: str, value: Any) -> str:
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, list):
        return f"[{', '.join(_literal(key, item) for item in value)}]"
    if isinstance(value, dict) and all(re.fullmatch(PLAIN, str(name)) for name in value):
        return f"{{{', '.join(f'{name}: {_literal(key, item)}' for name, item in value.items())}}}"
    if isinstance(value, str) and re.fullmatch(WORD, value) and value.lower() not in NOT_WORDS:
        return value
    if isinstance(value, str) and "\\" not in value and "${" not in value:
        return "'" + value.replace("'", "\\'") + "'"
    raise UserError(f"{key}: {value!r} cannot be handed to dvc exp run -S")
