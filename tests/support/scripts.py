"""Scripts as stages are, with a main made up."""

import subprocess
import sys

# What a stage script looks like; {body} is the body of its main.
SCRIPT = """
import signal, sys, time
from pathlib import Path
from tumorseg import stage
from tumorseg.errors import UserError
from tumorseg.files import atomic_file, atomic_folder

def main(*arguments):
{body}

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is born deaf to it
stage.run(main)
"""
# It opens a folder and a file, says so, and would go on for long.
BUSY = """
root = Path(arguments[0])
with atomic_folder(root / "plots") as folder, atomic_file(root / "scores.json") as file:
    (folder / "half.png").touch()
    file.write_text("half")
    print("busy", flush=True)
    time.sleep(60)
"""


def script(body: str) -> list[str]:
    """The command of a stage whose main has this body; arguments may follow."""
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    return [sys.executable, "-c", SCRIPT.format(body=indented)]


def finish(body: str, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run([*script(body), *arguments], capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout, done.stderr
