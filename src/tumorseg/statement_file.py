"""The sentences on the selected model, as `report` has written them."""

import json
from pathlib import Path

from tumorseg.errors import UserError


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
