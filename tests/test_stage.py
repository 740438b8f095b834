import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

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


def test_arguments_reach_main_and_the_status_is_0():
    assert finish("print(arguments)", "unet", "2") == (0, "('unet', '2')\n", "")


def test_a_user_error_is_one_line_without_traceback():
    body = "raise UserError('params.yaml: lr: 0 is too small; give more')"
    assert finish(body) == (1, "", "error: params.yaml: lr: 0 is too small; give more\n")


def test_any_other_error_keeps_its_traceback():
    status, _, said = finish("raise RuntimeError('a mistake of ours')")
    assert status == 1
    assert said.startswith("Traceback")
    assert said.endswith("RuntimeError: a mistake of ours\n")


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stage_that_is_told_to_end_tidies_up(tmp_path, sent, status):
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "old.png").touch()
    process = subprocess.Popen(
        [*script(BUSY), str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "busy\n"
    assert len(list(tmp_path.iterdir())) == 3  # the old folder, a temporary one, a temporary file
    process.send_signal(sent)
    assert process.communicate(timeout=60) == ("", "stopped; run again to go on\n")
    assert process.returncode == status
    assert [path.name for path in tmp_path.rglob("*")] == ["plots", "old.png"]


def test_a_second_sigterm_does_not_cut_the_tidying_short():
    # Where a whole group is killed, the signal is followed by the one for the parent's death.
    body = """
try:
    print("busy", flush=True)
    time.sleep(60)
finally:
    print("tidying", flush=True)
    time.sleep(0.3)
    print("tidy", flush=True)
"""
    process = subprocess.Popen(script(body), stdout=subprocess.PIPE, text=True)
    for line in ("busy\n", "tidying\n"):
        assert process.stdout.readline() == line
        process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[0] == "tidy\n"
    assert process.returncode == 143


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_a_stage_dies_with_its_parent_and_tidies_up(tmp_path):
    start = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    parent = subprocess.Popen(
        [sys.executable, "-c", start, *script(BUSY), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout.readline() == "busy\n"
    assert any(tmp_path.iterdir())
    parent.kill()
    # Parent and stage hold the pipe: it ends when both are gone.
    assert parent.communicate(timeout=60)[0] == ""
    assert not any(tmp_path.iterdir())


def test_every_script_goes_through_run(root: Path):
    end = 'if __name__ == "__main__":\n    stage.run(main)\n'
    scripts = {path.name: path.read_text(encoding="utf-8") for path in (root / "stages").glob("*.py")}
    assert scripts
    assert [name for name, text in scripts.items() if not text.endswith(end)] == []


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


@pytest.mark.parametrize("delay", [0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0])
def test_a_stop_amid_an_import_is_one_line(delay):
    body = """
print("importing", flush=True)
import matplotlib.pyplot, pandas, sklearn.ensemble, lightning, torch
time.sleep(60)
"""
    process = subprocess.Popen(script(body), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "importing\n"
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "stopped; run again to go on\n")
    assert process.returncode == 130


def test_a_stop_that_python_ignores_is_heeded():
    body = """
class Ended:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)
Ended()
time.sleep(60)
"""
    assert finish(body) == (143, "", "stopped; run again to go on\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_a_stage_as_dvc_yaml_has_it_dies_with_dvc_whatever_the_shell(root, shell, tmp_path):
    stages = YAML(typ="safe").load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"].values()
    commands = {stage.get("do", stage)["cmd"].split("python")[0] for stage in stages}
    assert commands == {"exec env PYTHONPATH=src "}
    stage = tmp_path / "stage.py"
    stage.write_text(script(BUSY)[-1], encoding="utf-8")
    command = f"{commands.pop()}{sys.executable} {stage} {tmp_path}/out; true"
    # As DVC does it: a shell of its own choice, which it waits for.
    start = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    parent = subprocess.Popen(
        [sys.executable, "-c", start, shell, "-c", command], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout.readline() == "busy\n"
    parent.kill()
    assert parent.communicate(timeout=60)[0] == ""
    assert not any((tmp_path / "out").iterdir())
