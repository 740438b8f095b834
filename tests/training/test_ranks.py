"""Several processes that train one net, on this machine and on two that it plays."""

import shlex
import signal
import socket
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load
from support import ranked, ranked_checks
from support.prepared import write_prepared
from support.training import run

from tumorseg.errors import UserError
from tumorseg.training.launch import LAUNCHER
from tumorseg.training.ranks import joined

# Batches of 4, 4, 4 and 1 slices: of the last one, a rank has none.
SLICES = {"train": 13, "valid": 6, "test": 6}
CHANGES = {"model": {"loss": "bce_dice"}, "epochs": 4, "train": {"ranks": 2}}


@pytest.fixture(scope="module")
def slices(tmp_path_factory) -> Path:
    return write_prepared(tmp_path_factory.mktemp("slices"), SLICES)


@pytest.fixture(scope="module")
def two_ranks(slices, tmp_path_factory) -> Path:
    """The results of a training that started two ranks."""
    folder = tmp_path_factory.mktemp("two_ranks")
    status, output, errors = ranked.train(slices, folder, CHANGES)
    assert (status, errors) == (0, "")
    assert len(output.splitlines()) == 4  # an epoch a line: rank 0 alone prints
    return folder


def torchrun(host: int, port: int, command: list[str], hosts: int = 2) -> list[str]:
    """The command that starts the one rank of a host; `command` is the script and its arguments."""
    places = f"--nnodes={hosts} --node-rank={host} --nproc-per-node=1"
    meeting = f"--master-addr=127.0.0.1 --master-port={port}"
    return [sys.executable, "-m", "torch.distributed.run", *places.split(), *meeting.split(), *command]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def lines(errors: str) -> list[str]:
    return [line for line in errors.splitlines() if line.startswith("error: ")]


@pytest.mark.slow
def test_losses_batch_norm_and_counts_are_those_of_the_whole_batch():
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = ranked.finish(ranked.start([*words, ranked_checks.__file__]))
    assert done[:2] == (0, "all the same\n"), done


@pytest.mark.slow
def test_two_ranks_train_what_one_does(slices, two_ranks, tmp_path):
    alone = ranked.changed(CHANGES | {"train": {"ranks": 1}})
    run(alone, slices, tmp_path)
    weights = [load(ranked.result(folder)[0]) for folder in (tmp_path, two_ranks)]
    assert weights[0].keys() == weights[1].keys()
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, rtol=0, atol=1e-5, msg=name)
    assert ranked.result(tmp_path)[1] == ranked.result(two_ranks)[1]  # the same epoch was chosen


@pytest.mark.slow
def test_two_hosts_give_the_bytes_of_one_and_the_second_writes_nothing(slices, two_ranks, tmp_path):
    port = free_port()
    folders = tmp_path / "a", tmp_path / "b"
    processes = [
        ranked.start(torchrun(host, port, ranked.command(slices, folder, CHANGES)))
        for host, folder in enumerate(folders)
    ]
    assert [ranked.finish(process)[0] for process in processes] == [0, 0]
    assert ranked.result(folders[0]) == ranked.result(two_ranks)
    assert not folders[1].exists()


# What `srun` does, as far as this project sees: two processes that are told their places.
SRUN = """
import os, subprocess, sys
job = {"SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "1", "SLURM_NNODES": "2"}
job |= {"SLURM_NODELIST": "localhost", "SLURM_JOB_ID": sys.argv[1]}
tasks = [
    subprocess.Popen(sys.argv[2:], env=os.environ | job
                     | {"SLURM_PROCID": rank, "SLURM_LOCALID": "0", "SLURM_NODEID": rank})
    for rank in "01"
]
sys.exit(max(task.wait() for task in tasks))
"""


@pytest.mark.slow
def test_a_launcher_that_the_environment_names_starts_the_ranks(slices, two_ranks, tmp_path):
    (tmp_path / "srun.py").write_text(SRUN)
    launcher = shlex.join([sys.executable, str(tmp_path / "srun.py"), "7"])
    more = {LAUNCHER: launcher, "MASTER_PORT": str(free_port())}
    status, output, errors = ranked.train(slices, tmp_path, CHANGES, **more)
    assert (status, len(output.splitlines())) == (0, 4), errors
    assert ranked.result(tmp_path) == ranked.result(two_ranks)


def begun(slices: Path, folder: Path) -> tuple[ranked.subprocess.Popen, list[psutil.Process]]:
    """A training that has finished its second epoch of four, and its ranks."""
    process = ranked.start([sys.executable, *ranked.command(slices, folder, CHANGES)])
    for line in process.stdout:
        if line.startswith("simple_cnn 2/4"):
            break
    ranks = [child for child in psutil.Process(process.pid).children() if ranked.SCRIPT in child.cmdline()]
    assert len(ranks) == 2
    return process, ranks


def gone(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=30)[1]


@pytest.mark.slow
@pytest.mark.parametrize("first_notices", ["what it has lost", "that it is to end"])
def test_a_killed_rank_ends_all_in_one_line_and_the_next_run_resumes(
    slices, two_ranks, tmp_path, first_notices
):
    process, ranks = begun(slices, tmp_path)
    wait_for_checkpoint(tmp_path)
    if first_notices == "that it is to end":
        ranks[0].suspend()  # until the stage has sent its SIGTERM, as in a long pause between two steps
    ranks[1].kill()
    if first_notices == "that it is to end":
        time.sleep(2)
        ranks[0].resume()
    status, _, errors = ranked.finish(process)
    number = 1  # children are listed in the order in which they were started
    expected = f"error: rank {number} of the training was ended by SIGKILL; run it again: it resumes\n"
    assert (status, errors) == (1, expected)
    assert gone(ranks)
    assert not (tmp_path / "model").exists()
    status, output, errors = ranked.train(slices, tmp_path, CHANGES)
    assert (status, errors) == (0, "")
    assert "resuming from" in output
    assert "simple_cnn 1/4" not in output
    assert ranked.result(tmp_path) == ranked.result(two_ranks)


def wait_for_checkpoint(folder: Path) -> None:
    deadline = time.monotonic() + 30
    while not list(folder.glob("work/simple_cnn/*/latest.ckpt")):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "status"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGKILL", -9)])
def test_a_stage_that_is_ended_says_so_once_and_leaves_no_rank_behind(slices, tmp_path, sent, status):
    process, ranks = begun(slices, tmp_path)
    # Ctrl-C reaches the ranks as well.
    for one in ranks if sent == "SIGINT" else []:
        one.send_signal(signal.SIGINT)
    process.send_signal(signal.Signals[sent])
    line = "" if sent == "SIGKILL" else "stopped; the training resumes at its latest epoch\n"
    done = ranked.finish(process)
    assert (done[0], done[2]) == (status, line)
    assert gone(ranks)


@pytest.mark.slow
def test_what_every_rank_meets_is_one_line(slices, tmp_path):
    diverging = CHANGES | {"train": {"ranks": 2, "lr": 1e30}}
    status, _, errors = ranked.train(slices, tmp_path, diverging)
    assert status == 1
    assert errors in [
        f"error: simple_cnn: the {split} loss is nan; lower train.lr in params.yaml\n"
        for split in ("train", "valid")
    ]


@pytest.mark.slow
def test_hosts_that_would_train_something_else_are_refused(slices, tmp_path):
    port = free_port()
    processes = [
        ranked.start(torchrun(host, port, ranked.command(slices, tmp_path, CHANGES | {"seed": host})))
        for host in range(2)
    ]
    for process in processes:
        status, _, errors = ranked.finish(process)
        assert status != 0
        assert len(lines(errors)) <= 1  # the launcher may end a rank before it could speak
    assert "error: rank 1 on " in errors or "another rank ended" in errors
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
def test_more_ranks_than_slices_are_one_line(tmp_path):
    prepared = write_prepared(tmp_path / "prepared", SLICES | {"train": 1})
    status, _, errors = ranked.train(prepared, tmp_path, CHANGES)
    line = "error: params.yaml: train.ranks: 2 ranks, but train has 1 slices; take fewer\n"
    assert (status, errors) == (1, line)


def place(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


TORCHRUN = {"TORCHELASTIC_RUN_ID": "1", "RANK": "1", "LOCAL_RANK": "0"}


@pytest.mark.parametrize(
    ("told", "expected", "line"),
    [
        ({}, 2, r"train\.ranks: is 2, but 1 were started; make them the same"),
        (TORCHRUN | {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "1"}, 1, r"is 1, but 2 were started"),
        (TORCHRUN | {"WORLD_SIZE": "3", "LOCAL_WORLD_SIZE": "2"}, 3, r"3 ranks, 2 of them on this host"),
        (
            {"TUMORSEG_LAUNCHED": "mpirun"},
            2,
            r"TUMORSEG_LAUNCHER: its processes know no ranks; use torchrun, or srun",
        ),
    ],
)
def test_ranks_that_do_not_fit_are_one_line(monkeypatch, told, expected, line):
    place(monkeypatch, **told)
    with pytest.raises(UserError, match=line), joined(expected, "cpu"):
        pytest.fail("it met somebody")


def test_one_rank_asks_nobody_even_in_a_step_of_srun(monkeypatch):
    place(monkeypatch, SLURM_PROCID="1", SLURM_NTASKS="4", SLURM_NTASKS_PER_NODE="4", SLURM_LOCALID="1")
    with joined(1, "cpu") as ranks:
        assert (ranks.rank, ranks.size) == (0, 1)


def test_a_launcher_that_is_not_there_is_one_line(slices, tmp_path):
    status, _, errors = ranked.train(slices, tmp_path, CHANGES, **{LAUNCHER: "no_such_launcher -n 2"})
    line = "error: TUMORSEG_LAUNCHER: no_such_launcher: No such file or directory\n"
    assert (status, errors) == (1, line)
