"""The command `tumorseg` as a process: begun, watched and waited for."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest


def start(repo: Path, *words: str, **more: str) -> subprocess.Popen:
    source = {"PYTHONPATH": str(repo / "src"), "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    author = {f"GIT_{who}_{what}": "t@t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.Popen(
        [sys.executable, "-m", "tumorseg", *words],
        cwd=repo,
        env=os.environ | source | author | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Where tests run in the background, Ctrl-C is ignored, and what they start would ignore it too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def finish(process: subprocess.Popen, status: int = 0) -> str:
    output, _ = process.communicate(timeout=600)
    assert process.returncode == status, output
    return output


def wait_for(process: subprocess.Popen, line: str) -> None:
    """Read what a command prints until it has printed `line`."""
    seen = []
    for text in process.stdout:
        seen.append(text)
        if line in text:
            return
    pytest.fail("".join(seen))


def stages(repo: Path) -> list[str]:
    """The commands of the stages that run in a repository or in DVC's copies of it."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if Path(process.cwd()).is_relative_to(repo) and any("stages/" in word for word in words):
                found.append(" ".join(words))
        except psutil.Error:
            continue
    return found


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)
