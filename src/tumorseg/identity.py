"""Which prepared data a figure is of: the file data/prepared/about.json, and what other files repeat of it.

Every stage that writes figures writes this beside them, so that figures of two datasets are never taken for
figures of one.
"""

import hashlib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tumorseg.errors import UserError
from tumorseg.files import write_json

FILE = "about.json"


class Identity(BaseModel):
    """The prepared data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str  # the entry of `datasets` in params.yaml
    split: str  # `split.strategy`
    image_size: int  # pixels a side
    train: int  # slices
    valid: int
    test: int
    digest: str = Field(pattern=r"^[0-9a-f]{8}$")  # of all files of the prepared folder but about.json

    def __str__(self) -> str:
        return (
            f"{self.data}, split {self.split}, {self.train}/{self.valid}/{self.test} slices ({self.digest})"
        )

    def rows(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows of a table for the page of plots, each with the data that it is of.

        DVC writes them into a script of the page as they are: `</` would end it, and gets a space.
        """
        return [
            {key: _harmless(value) for key, value in {**row, **self.model_dump()}.items()} for row in rows
        ]


def _harmless(value: Any) -> Any:
    return value.replace("</", "< /") if isinstance(value, str) else value


def write_identity(prepared: Path, **about: Any) -> None:
    """Write about.json for what lies in the folder `prepared`.

    Args:
        prepared: All other files are there already.
        about: The fields of `Identity` but the digest.
    """
    write_json(prepared / FILE, Identity(**about, digest=digest_of(prepared)).model_dump())


def digest_of(folder: Path) -> str:
    """The first eight hexadecimal digits of a SHA-256 over the names and bytes of all files in a folder."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return whole.hexdigest()[:8]


def read_identity(prepared: Path) -> Identity:
    """Read about.json of a folder made by `prepare`.

    Raises:
        UserError: It is missing or malformed.
    """
    path = prepared / FILE
    try:
        return Identity.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: not found; run dvc repro -f -s prepare") from None
    except (ValidationError, UnicodeDecodeError):
        raise UserError(f"{path}: not as prepare wrote it; run dvc repro -f -s prepare") from None


def check_same(one: Identity, of_one: Path, other: Identity, of_other: Path) -> None:
    """Raise a `UserError` where two files are of different data."""
    if one != other:
        raise UserError(f"{of_one} is of {one}, but {of_other} is of {other}; run dvc repro")
