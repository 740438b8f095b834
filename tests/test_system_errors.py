"""What the system refuses is one line, and nothing half-written is left."""

import subprocess
from pathlib import Path

import pytest
from support.scripts import BUSY, finish, script


def limited(code: str, resource: str, limit: int) -> str:
    """The body of a main that runs under a limit of the system's."""
    return f"import resource\nresource.setrlimit(resource.{resource}, ({limit}, {limit}))\n{code}"


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (
            limited(
                "import numpy as np\nfrom tumorseg.files import create_array\n"
                "with atomic_folder(Path(arguments[0]) / 'prepared') as folder:\n"
                "    create_array(folder / 'images.npy', (100, 100, 100), np.uint8)",
                "RLIMIT_FSIZE",
                10_000,
            ),
            "error: File too large; raise the limit of a file's size (ulimit -f) and run again\n",
        ),
        (
            limited(
                "with atomic_file(Path(arguments[0]) / 'a.txt') as file:\n    file.write_text('x' * 10**6)",
                "RLIMIT_FSIZE",
                10_000,
            ),
            "error: {folder}/a.txt: File too large; raise the limit of a file's size (ulimit -f) and run "
            "again\n",
        ),
        (
            limited("[open('/dev/null') for _ in range(100)]", "RLIMIT_NOFILE", 40),
            "error: /dev/null: Too many open files; raise the limit of open files (ulimit -n) or lower "
            "compute.workers, and run again\n",
        ),
        (
            "bytearray(10**18)",
            "error: out of memory; close other programs, or lower train.batch_size, image_size or "
            "compute.workers\n",
        ),
        (
            "raise RuntimeError('Error while serializing: No space left on device (os error 28)')",
            "error: Error while serializing: No space left on device (os error 28); free some space there "
            "and run again; nothing is left half-written\n",
        ),
        (
            "raise UserError('a\\n\\x1b[31mb.zip: is none')",
            "error: a \\x1b[31mb.zip: is none\n",
        ),
    ],
)
def test_what_the_system_refuses_is_one_line_and_leaves_nothing(body, line, tmp_path):
    assert finish(body, str(tmp_path)) == (1, "", line.format(folder=tmp_path))
    assert not any(tmp_path.iterdir())


def mount(folder: Path, options: str) -> None:
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"a file system of a test's own needs root: {done.stderr.strip()}")


@pytest.mark.parametrize(
    ("options", "reason"), [("size=64k", "No space left on device"), ("ro", "Read-only file system")]
)
def test_a_full_or_read_only_disk_is_one_line(options, reason, tmp_path):
    body = """
import numpy as np
from tumorseg.files import create_array
with atomic_folder(Path(arguments[0]) / "prepared") as folder:
    array = create_array(folder / "images.npy", (100, 100, 100), np.uint8)
    array[:] = 7  # where nothing was allocated, SIGBUS
"""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount(disk, options)
    try:
        status, _, said = finish(body, str(disk))
        assert not any(disk.iterdir())
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert status == 1
    assert said.count("\n") == 1
    assert reason in said


def test_what_a_killed_run_left_is_swept_and_what_one_writes_is_not(tmp_path):
    killed = subprocess.Popen([*script(BUSY), str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert killed.stdout.readline() == "busy\n"
    killed.kill()
    killed.communicate(timeout=60)
    left = set(tmp_path.iterdir())
    assert len(left) == 2
    (tmp_path / ".models.0123abcd.old").mkdir()  # set aside, and killed before its successor had its name
    running = subprocess.Popen([*script(BUSY), str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert running.stdout.readline() == "busy\n"
    writing = set(tmp_path.iterdir()) - {tmp_path / "models"}
    assert len(writing) == 2
    assert not writing & left
    assert finish("with atomic_file(Path(arguments[0]) / 'b') as f: f.write_text('b')", str(tmp_path))[0] == 0
    assert set(tmp_path.iterdir()) == {*writing, tmp_path / "b", tmp_path / "models"}
    running.terminate()
    running.communicate(timeout=60)
