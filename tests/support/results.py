"""The command `tumorseg` and what `predict` writes."""

import csv
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def content(folder: Path) -> dict[str, str]:
    """The digest of every file, by name."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def call(*words: str, code: str = "") -> subprocess.CompletedProcess[str]:
    """The command line; `code` runs before."""
    start = (
        f"import sys; sys.argv = ['tumorseg', *sys.argv[1:]]\n{code}\nfrom tumorseg.cli import main\nmain()"
    )
    return subprocess.run(
        [sys.executable, "-c", start, *words],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=120,
    )
