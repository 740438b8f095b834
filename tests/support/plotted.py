"""Commands in a repository of plots."""

import os
import subprocess
import sys
from pathlib import Path


def run(folder: Path, *command: str) -> str:
    """Run a command in `folder`; give back stdout and stderr."""
    environment = os.environ | {"DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def dvc_plots(folder: Path, *words: str, check: bool = True) -> Path:
    """Run `dvc plots …`; give back the page. With `check`, everything must load."""
    output = run(folder, sys.executable, "-m", "dvc", "plots", *words, "-o", words[0])
    assert not check or "failed to load" not in output
    return folder / words[0] / "index.html"
