"""Other programs' commands: git and dvc."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tumorseg.errors import UserError


def environment(**more: str) -> dict[str, str]:
    """Ours, with the commands of this Python first, since workers call `dvc` and `python` by name."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1", **more}


def command(*words: str, **more: str) -> str:
    """Run a command in this folder, its environment ours and `more`; what it printed.

    Raises:
        UserError: It failed.
    """
    # Files, not pipes: the workers that a command starts keep them open long after it has ended.
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as errors:
        status = subprocess.run(words, stdout=printed, stderr=errors, env=environment(**more)).returncode
        printed.seek(0)
        errors.seek(0)
        if status:
            raise UserError(f"{' '.join(words[:3])}: {telling_line(printed.read() + errors.read())}")
        return printed.read()


def telling_line(text: str) -> str:
    """The line of an output that says what went wrong: a stage's own, an exception, DVC's, else the last."""
    lines = [line for line in text.splitlines() if line.strip()] or ["no output"]
    for kind in (r"error: ", r"[\w.]+(Error|Exception): ", r"ERROR: "):
        for line in reversed(lines):
            if re.match(kind, line):
                return line
    return lines[-1]
