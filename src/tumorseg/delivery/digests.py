"""SHA256SUMS of a delivered folder, in the format of sha256sum."""

import hashlib
from pathlib import Path

from tumorseg.errors import UserError
from tumorseg.files import write_text

FILE = "SHA256SUMS"


def digests(folder: Path) -> dict[str, str]:
    """By path of every file but SHA256SUMS: its SHA-256."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != FILE)
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def write_digests(folder: Path) -> None:
    """Write SHA256SUMS for what lies in the folder."""
    write_text(folder / FILE, "".join(f"{digest}  {name}\n" for name, digest in digests(folder).items()))


def check_digests(folder: Path) -> None:
    """Raise a `UserError` where a file is missing, changed, or not listed."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{folder / FILE}: cannot be read; is {folder} a delivered net?") from None
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    found = digests(folder)
    for name in sorted(listed.keys() | found.keys()):
        if name not in found:
            raise UserError(f"{folder / name}: missing; get the net again")
        if name not in listed:
            raise UserError(f"{folder / name}: not in {FILE}; get the net again")
        if listed[name] != found[name]:
            raise UserError(f"{folder / name}: changed since it was delivered; get the net again")
