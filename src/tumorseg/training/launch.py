"""Start the ranks of a training, as children of the stage.

On one machine they are started as torchrun does it. Over several, the command in the environment variable
TUMORSEG_LAUNCHER starts them: srun, or torchrun with an address to meet at.
"""

import logging
import os
import shlex
import subprocess
import sys
import tempfile

import torch
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from tumorseg.errors import UserError
from tumorseg.stage import HERE, LAUNCHED, Stopped, end_with_parent

LAUNCHER = "TUMORSEG_LAUNCHER"
SECONDS_TO_END = 10


def started_as_rank() -> bool:
    """Whether this process is one of the ranks: the stage started it, or torchrun."""
    # A step of srun alone is no sign: workers of a study may be one.
    return LAUNCHED in os.environ or "TORCHELASTIC_RUN_ID" in os.environ


def launched_here() -> bool:
    """Whether this rank is a child of a stage, which prints what it fails of, or that it is stopped."""
    return os.environ.get(LAUNCHED) == HERE


def launch(ranks: int, command: list[str]) -> None:
    """Run a Python script as so many ranks, to their end. If one ends early the others are ended.

    Args:
        ranks: On this machine, unless a launcher says where.
        command: The script and its arguments.

    Raises:
        UserError: A rank failed or was killed; the message is its own line.
        Stopped: A signal came, and the ranks were ended.
    """
    launcher = os.environ.get(LAUNCHER)
    if launcher:
        _launch_by(launcher, command)
    else:
        _launch_here(ranks, command)


def _launch_by(launcher: str, command: list[str]) -> None:
    words = [*shlex.split(launcher), sys.executable, *command]
    environment = os.environ | {LAUNCHED: launcher}
    try:
        process = subprocess.Popen(words, env=environment, preexec_fn=end_with_parent)
    except OSError as error:
        raise UserError(f"{LAUNCHER}: {words[0]}: {error.strerror}") from None
    try:
        status = process.wait()
    except BaseException:  # ended itself: give the launcher time to end its ranks
        process.terminate()
        process.wait(SECONDS_TO_END)
        raise
    if status:
        raise UserError(f"{LAUNCHER}: `{launcher}` ended with status {status}; a line above says why")


def _launch_here(ranks: int, command: list[str]) -> None:
    os.environ[LAUNCHED] = HERE
    # Each would take every core. The number is what this machine has, not what happens to be idle.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, torch.get_num_threads() // ranks)))
    logging.disable(logging.ERROR)  # a table of what failed, and tracebacks; the one line is ours
    with tempfile.TemporaryDirectory(prefix="tumorseg_") as folder:
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=ranks,
            run_id="tumorseg",
            rdzv_backend="c10d",
            rdzv_endpoint="127.0.0.1:0",
            local_addr="127.0.0.1",
            max_restarts=0,
            shutdown_timeout=SECONDS_TO_END,
            logs_specs=DefaultLogsSpecs(log_dir=folder),
        )
        try:
            elastic_launch(config, sys.executable)(*command)
        except ChildFailedError as error:
            raise UserError(_reason(error.failures)) from None
        except SignalException as error:
            stopped = Stopped(error.sigval)
            stopped.then = "the training resumes at its latest epoch"
            raise stopped from None


def _reason(failures: dict[int, ProcessFailure]) -> str:
    """The line of the rank that failed by itself, not of those that lost it."""
    rank, failure = min(failures.items(), key=lambda each: _order(each[1]))
    if not isinstance(failure.message, dict):
        how = f"by {failure.signal_name()}" if failure.exitcode < 0 else f"with status {failure.exitcode}"
        return f"rank {rank} of the training was ended {how}; run it again: it resumes"
    kind, _, text = failure.message["message"].partition(": ")
    if kind in ("UserError", "LostRankError"):
        return text
    print(failure.message["extraInfo"]["py_callstack"], file=sys.stderr)
    return f"rank {rank} of the training: {kind}: {text}"


def _order(failure: ProcessFailure) -> int:
    """0 for what nothing else explains: a signal, or an end without a word."""
    if not isinstance(failure.message, dict):
        return 0
    return 2 if failure.message["message"].startswith("LostRankError") else 1
