"""The commands of Git and DVC."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tumorseg.errors import UserError

BUSY = ("Unable to acquire lock", "is busy")  # DVC's words where another DVC command is at work
PATIENCE = 120.0  # seconds to wait for that one
PAUSE = 2.0  # seconds between two looks


def environment(**more: str) -> dict[str, str]:
    """Ours, with this Python's folder first, since `dvc` and `python` are called by name, and `more`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1", **more}


def command(*words: str) -> str:
    """Run a command in this folder, again while DVC is busy; what it printed to stdout.

    Raises:
        UserError: It failed; the message is its most telling line.
    """
    until = time.monotonic() + PATIENCE
    while True:
        done = subprocess.run(words, capture_output=True, text=True, env=environment())
        if not done.returncode:
            return done.stdout
        output = done.stdout + done.stderr
        if not is_busy(output) or time.monotonic() > until:
            raise UserError(f"{' '.join(words[:3])}: {telling_line(output)}")
        time.sleep(PAUSE)


def is_busy(output: str) -> bool:
    """Whether a command failed only because another DVC command was at work."""
    return any(words in output for words in BUSY)


def telling_line(output: str) -> str:
    """The line that says what went wrong: a stage's own, an exception, DVC's, else the last."""
    lines = [line for line in output.splitlines() if line.strip()] or ["no output"]
    for kind in (r"error: ", r"[\w.]+(Error|Exception): ", r"ERROR: "):
        for line in reversed(lines):
            if re.match(kind, line):
                return line
    return lines[-1]
