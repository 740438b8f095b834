"""Works on a queue: takes a run, makes its experiment, and goes on until nothing waits."""

import signal
import socket
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from tumorseg.errors import UserError
from tumorseg.experiments.commands import PAUSE
from tumorseg.experiments.experiment import Experiment
from tumorseg.experiments.repository import Repository
from tumorseg.experiments.results import Result
from tumorseg.experiments.runner import RunError, Runner, StoppedError, working
from tumorseg.experiments.trials import GRACE, HEARTBEAT, Plan, Trials, default_storage, put_again

STOPPED = 128  # what the number of the signal that ended a process is added to, as shells do
PUSHES = (0, 5, 30)  # seconds before each attempt to push a result


@dataclass(frozen=True)
class Options:
    """How to work: what a run gives does not depend on it, but for its last digits."""

    jobs: int = 1
    storage: str | None = None  # None: a file of this clone
    remote: str | None = None  # the Git remote that results are pushed to


class SkippedError(Exception):
    """A trial is not run by this worker, for it is somebody else's or not wanted now."""


class NotPushedError(Exception):
    """An experiment has been run, and its remote cannot be reached; the next call pushes it."""


class Worker:
    """One process's work on the queue of a plan.

    Raises:
        UserError: Nothing is committed, or the queue is another commit's.
    """

    def __init__(self, plan: Plan, options: Options) -> None:
        self.plan, self.options = plan, options
        self.repository = Repository()
        url = options.storage or default_storage(plan, self.repository.commit)
        self.trials = Trials(plan, self.repository.commit, url)
        self.runner = Runner(self.repository, options.jobs)
        self.failed: set[str] = set()  # runs of this call
        self.not_pushed: set[str] = set()
        self.hopeless = False

    def work(self, runs: Collection[str], stay: bool) -> int:
        """Run what waits, and what dead workers leave; the status to exit with.

        That is 1 where a run has failed or was not pushed, and more than STOPPED where a signal came.

        Args:
            runs: Those wanted; others that wait are left to others.
            stay: Whether to wait for what other workers run. Else this one waits only until it would
                know of a worker that had died before it began.
        """
        began, told = time.monotonic(), False
        with working(), _handled(self.runner.stop):
            while True:
                self._work_off(runs)
                running = self.trials.having(TrialState.RUNNING, runs)
                patient = self.trials.has_heartbeat and time.monotonic() < began + HEARTBEAT + GRACE
                if self.runner.stopped_by:
                    print("stopped; the same command goes on", file=sys.stderr)
                if self.runner.stopped_by or not running or not (stay or patient):
                    break
                if not told:
                    told = True
                    self._tell_running(running)
                time.sleep(PAUSE)
        failed = bool(self.failed or self.not_pushed)
        return STOPPED + self.runner.stopped_by if self.runner.stopped_by else int(failed)

    def _work_off(self, runs: Collection[str]) -> None:
        self.trials.take_back_silent()
        while self.trials.having(TrialState.WAITING, runs) and not self.runner.stopped_by:
            self.repository.check_code()
            self.wanted, self.hopeless = runs, False
            try:
                self.trials.study.optimize(
                    self._run,
                    n_jobs=self.options.jobs,
                    catch=(RunError, StoppedError, SkippedError, NotPushedError),
                    callbacks=[self._after],
                )
            except (ValueError, UpdateFinishedTrialError) as error:
                # This worker slept, or was cut off from the storage, for so long that it was taken for dead.
                if "Cannot tell" not in str(error) and isinstance(error, ValueError):
                    raise
                print("another worker has taken over a run of this one, which is left to it", flush=True)
            # Of several at a time, one may have succeeded after another had failed.
            if self.hopeless and not self.trials.results():
                raise UserError(f"{self.plan.path}: no trial has succeeded so far; mend that before going on")

    def _run(self, trial: optuna.Trial) -> float:
        """Optuna's objective: the valid Dice of the experiment that a trial stands for."""
        run = trial.user_attrs.get("run")
        if run is None or self.trials.current()[run].number != trial.number:
            raise SkippedError
        if run not in self.wanted or self.trials.is_early(run, self.wanted):
            put_again(self.trials.study, trial)
            raise SkippedError
        try:
            self.trials.check()
            wanted = self._experiment(trial)
            trial.set_user_attr("clone", clone())
            trial.set_user_attr("machine", self.runner.machine)
            trial.set_user_attr("threads", int(self.runner.threads))
            return Result(wanted, self._commit(wanted)).scores.valid.dice
        except (RunError, NotPushedError) as error:
            trial.set_user_attr("error" if isinstance(error, RunError) else "not_pushed", str(error))
            raise
        except (StoppedError, UserError):
            put_again(self.trials.study, trial)
            raise

    def _experiment(self, trial: optuna.Trial) -> Experiment:
        """What a trial stands for. A search may draw values each of which is valid, and not all together."""
        try:
            return self.plan.experiment(trial)
        except UserError as error:
            raise RunError(str(error)) from None

    def _commit(self, wanted: Experiment) -> str:
        """Where the experiment is: it is run and pushed unless that has been done, here or elsewhere."""
        remote = self.options.remote
        if remote and not self.repository.finished(wanted):
            self.repository.pull(remote, [wanted])
        if commit := self.repository.finished(wanted):
            print(f"{wanted.name}: has been run", flush=True)
        else:
            print(f"{wanted.name}: runs", flush=True)
            commit = self.runner.run(wanted)
        if remote:
            self._push(remote, wanted.name)
        return commit

    def _push(self, remote: str, run: str) -> None:
        for pause in PUSHES:
            time.sleep(pause)
            try:
                return self.repository.push(remote, run)
            except UserError as error:
                why = str(error)
        raise NotPushedError(f"has been run, but not pushed: {why}; the same command pushes it")

    def _after(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Say how a trial ended, and stop where nothing is left to take."""
        run, current = trial.user_attrs.get("run", ""), self.trials.current()
        if run and current[run].number == trial.number:
            if trial.value is not None:
                left = sum(not each.state.is_finished() for each in current.values())
                about = "".join(f", {key} {short(value)}" for key, value in trial.params.items())
                print(f"{run}: valid Dice {trial.value:.3f}{about} ({left or 'none'} left)", flush=True)
            elif why := trial.user_attrs.get("not_pushed"):
                self.not_pushed.add(run)
                print(f"{run}: {why}", file=sys.stderr, flush=True)
            elif why := trial.user_attrs.get("error"):
                self.failed.add(run)
                print(f"{run}: failed: {why}", file=sys.stderr, flush=True)
                if "clone" in trial.user_attrs:  # else nothing was run: values that params.yaml refuses
                    self.hopeless = not self.plan.tries_again and not self.trials.results()
        if self.runner.stopped_by or self.hopeless or not self.trials.having(TrialState.WAITING, self.wanted):
            study.stop()

    def _tell_running(self, running: list[FrozenTrial]) -> None:
        where = {each.user_attrs["run"]: each.user_attrs.get("clone", "starting") for each in running}
        print(f"others run {', '.join(f'{run} ({place})' for run, place in where.items())}", flush=True)
        if not self.trials.has_heartbeat:
            print("a journal does not tell whether they live; if one is dead: tumorseg work … --retake")


def clone() -> str:
    """This machine and folder."""
    return f"{socket.gethostname()}:{Path.cwd()}"


def short(value: object) -> str:
    """A setting, four digits of it."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have SIGINT and SIGTERM call `handler`."""
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
