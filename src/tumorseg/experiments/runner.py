"""One experiment as a child process: `dvc exp run --temp`, which works in a copy of the commit."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tumorseg.experiments.commands import PATIENCE, PAUSE, environment, is_busy, telling_line
from tumorseg.experiments.experiment import Experiment
from tumorseg.experiments.machine import machine
from tumorseg.experiments.repository import Repository

WORK = Path(".work")
LEFTOVERS = Path(".dvc/tmp/exps/standalone")  # where `dvc exp run --temp` makes its copies
# DVC ends with us, as its stages end with it: a killed worker leaves nothing that computes.
LAUNCH = """
import os, sys
from tumorseg.stage import end_with_parent
end_with_parent()
os.execvp("dvc", sys.argv[1:])
"""


class RunError(Exception):
    """An experiment failed; the message is its stage's own line."""


class StoppedError(Exception):
    """This process was asked to end; what had been trained is resumed by the next run of the experiment."""


class Runner:
    """Runs experiments, at most `jobs` at a time, each in a thread of its own.

    Args:
        repository: Where they belong.
        jobs: How many at a time; they share the cores.
    """

    def __init__(self, repository: Repository, jobs: int) -> None:
        self.repository = repository
        self.children: set[subprocess.Popen[str]] = set()
        self.stopped_by = 0  # the signal that asked us to end
        self.threads = os.environ.get("OMP_NUM_THREADS", str(max(1, _cores() // jobs)))
        # Runs with as many threads as cores each wait for one another more than they compute.
        self.limits = {"OMP_NUM_THREADS": self.threads} if jobs > 1 else {}
        self.machine = machine()

    def run(self, wanted: Experiment) -> str:
        """Run an experiment to its end; its commit.

        Raises:
            RunError: A stage or DVC failed.
            StoppedError: `stop` was called.
            UserError: The code is not committed, or DVC's cache lacks what its lock file names.
        """
        self.repository.check_code()
        self.repository.check_cache()
        self.repository.forget(wanted.name)
        log = WORK / "logs" / f"{wanted.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        checkpoints = (WORK / "checkpoints" / wanted.name).absolute()
        until = time.monotonic() + PATIENCE
        while True:
            self._child(wanted, log, checkpoints)
            if commit := self.repository.finished(wanted):
                shutil.rmtree(checkpoints, ignore_errors=True)
                return commit
            if self.stopped_by:
                raise StoppedError
            output = log.read_text(encoding="utf-8", errors="replace")
            if not is_busy(output) or time.monotonic() > until:
                raise RunError(f"{telling_line(output)} ({log})")
            time.sleep(PAUSE)

    def _child(self, wanted: Experiment, log: Path, checkpoints: Path) -> None:
        """Call DVC once, its output in `log`, and wait for its end."""
        message = f"{wanted.name}\n\nMachine: {self.machine}\nThreads: {self.threads}\n"
        options = ["--temp", "--name", wanted.name, "--message", message]
        # Checkpoints lie outside the temporary copy, each experiment's apart: two may train the same recipe.
        more = {"TUMORSEG_WORK": str(checkpoints), "PYTHONUNBUFFERED": "1", **self.limits}
        with _starting() as started, log.open("w", encoding="utf-8") as file:
            if self.stopped_by:
                return
            child = subprocess.Popen(
                [sys.executable, "-c", LAUNCH, "dvc", "exp", "run", *options, *wanted.arguments()],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=environment(**more),
                start_new_session=True,  # Ctrl-C comes from us alone
            )
            self.children.add(child)
            try:
                for line in child.stdout or ():
                    file.write(line)
                    file.flush()
                    if line.startswith("> "):
                        started()
                child.wait()
            finally:
                self.children.discard(child)

    def stop(self, number: int, _frame: object) -> None:
        """End the children, by SIGINT at first, which lets DVC tidy up; a handler of signals."""
        sent = signal.SIGKILL if self.stopped_by else signal.SIGINT
        self.stopped_by = number
        for child in list(self.children):
            if child.poll() is None:
                os.killpg(child.pid, sent)


@contextmanager
def _starting() -> Iterator[Callable[[], None]]:
    """One experiment of this clone starts at a time, or DVC fails; the yielded call lets the next one in."""
    with (WORK / "starting").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield lambda: fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def working() -> Iterator[None]:
    """Mark this clone as worked on; first delete what killed runs left in DVC's temporary folder.

    Nothing is deleted while another worker (of any machine) or a DVC command (of this one) is at work here.
    """
    WORK.mkdir(exist_ok=True)
    with (WORK / "working").open("w") as file:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not any(map(_is_dvc_here, psutil.process_iter(["cmdline", "cwd"]))):
                for folder in LEFTOVERS.glob("tmp*"):
                    shutil.rmtree(folder, ignore_errors=True)
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def _is_dvc_here(process: psutil.Process) -> bool:
    words = {Path(word).name for word in (process.info["cmdline"] or [])[:4]}
    return "dvc" in words and Path(process.info["cwd"] or "/").is_relative_to(Path.cwd())


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
