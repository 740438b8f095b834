"""A training that ends before its end: by Ctrl-C, or because the disk is full."""

import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import ranked

EPOCHS = 30
# What a terminal does: a group of its own, that heeds Ctrl-C. A job in the background is born deaf to it.
TERMINAL = """
import os, signal, sys
os.setsid()
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def begin(prepared: Path, folder: Path, workers: int) -> subprocess.Popen:
    changes = {
        "model": {"loss": "bce_dice"},
        "epochs": EPOCHS,
        "train": {"patience": EPOCHS},
        "workers": workers,
    }
    return ranked.start([sys.executable, "-c", TERMINAL, *ranked.command(prepared, folder, changes)])


def wait_for_epoch(process: subprocess.Popen, epoch: int) -> None:
    for line in process.stdout:
        if line.startswith(f"simple_cnn {epoch}/{EPOCHS}: "):
            return
    pytest.fail(process.stderr.read())


def resume(prepared: Path, folder: Path, workers: int) -> int:
    """Run it again, to its end; the epoch that it begins at."""
    status, output, errors = ranked.finish(begin(prepared, folder, workers))
    assert (status, errors) == (0, "")
    first, second = output.splitlines()[:2]
    assert first.startswith("simple_cnn: resuming from ")
    return int(second.removeprefix("simple_cnn ").split("/")[0])


@pytest.fixture(scope="module")
def undisturbed(prepared, tmp_path_factory) -> tuple[bytes, bytes, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert ranked.finish(begin(prepared, folder, 0))[0] == 0
    return ranked.result(folder)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_ctrl_c_says_at_which_epoch_a_training_resumes_and_it_does(prepared, undisturbed, tmp_path, workers):
    process = begin(prepared, tmp_path / "stopped", workers)
    wait_for_epoch(process, 5)
    os.killpg(process.pid, signal.SIGINT)
    status, _, errors = ranked.finish(process)
    assert status == 130
    stopped = re.fullmatch(r"stopped; the training of simple_cnn resumes at epoch (\d+)\n", errors)
    assert stopped, errors
    epoch = int(stopped[1])
    assert 5 <= epoch < EPOCHS
    assert resume(prepared, tmp_path / "stopped", workers) == epoch
    assert ranked.result(tmp_path / "stopped") == undisturbed


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the files of a process that runs")
def test_a_checkpoint_that_finds_no_room_is_one_line_and_the_one_before_it_stays(
    prepared, undisturbed, tmp_path
):
    process = begin(prepared, tmp_path, 0)
    wait_for_epoch(process, 5)
    size = 100_000  # bytes, of a file; a checkpoint has 340,000
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))
    status, _, errors = ranked.finish(process)
    assert status == 1
    path = r"\S+/work/simple_cnn/[0-9a-f]+/(best|latest)\.ckpt"
    line = rf"error: {path}: File too large; raise the limit of a file's size \(ulimit -f\) and run again\n"
    assert re.fullmatch(line, errors), errors
    (folder,) = (tmp_path / "work/simple_cnn").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["best.ckpt", "curves.csv", "latest.ckpt"]
    assert 5 <= resume(prepared, tmp_path, 0) < EPOCHS
    assert ranked.result(tmp_path) == undisturbed
