"""The sentences on the selected model, as `report` has written them."""

import json
from pathlib import Path

from tumorseg.errors import UserError
from tumorseg.reading import read_json, reading


def read_statement(path: Path) -> list[str]:
    """The sentences on the selected model.

    Raises:
        UserError: The file is missing or holds no statement.
    """
    try:
        sentences = json.loads(path.read_text(encoding="utf-8"))["statement"]
    except FileNotFoundError:
        raise UserError(f"{path}: not found; dvc repro makes it, in the project's root folder") from None
    except (ValueError, KeyError, TypeError):
        sentences = None
    if not isinstance(sentences, list) or not all(isinstance(each, str) for each in sentences):
        raise UserError(f"{path}: statement: no list of sentences; dvc repro -f -s report makes it anew")
    return sentences


def read_siblings(path: Path) -> float:
    """The share of the test slices that have a very similar one in train.

    Raises:
        UserError: The file is missing or malformed.
    """
    statement = read_json(path)
    with reading(path):
        return float(statement["leak"]["share"])
