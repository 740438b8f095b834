"""The queue: an Optuna study whose trials are the runs, in a storage that workers and machines share.

A run is put in the queue as a waiting trial with two attributes: `run`, the name of its experiment, and
`turn`, how often it has been put there before. Of the trials of one run, the first of the last turn counts.
So two machines that fill a queue at the same time, or take over the same dead worker's run, start nothing
twice.
"""

import re
import time
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage, fail_stale_trials
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Engine, event

from tumorseg.errors import UserError
from tumorseg.experiments.experiment import Experiment

QUEUES = Path(".work/queues")
HEARTBEAT, GRACE = 5, 30  # seconds: how often a worker shows that it lives; silence that counts as death
JOURNAL = b'{"op_code":'  # what Optuna begins each line with
ATTEMPTS = 5  # to open a database that another machine is just setting up


class Plan:
    """What is to be run: the arms of a study, or the trials of a search."""

    path: Path
    runs: list[str]  # names of experiments, in order
    asked: dict[str, Any]  # what the file says, as JSON
    tries_again: bool  # whether the next call runs again what failed
    sampler: BaseSampler | None = None

    def experiment(self, trial: optuna.Trial) -> Experiment:
        """What a trial from the queue stands for."""
        raise NotImplementedError


def default_storage(plan: Plan, commit: str) -> str:
    """A file of this clone: SQLite, which has a heartbeat. Experiments belong to a commit, and so does it."""
    QUEUES.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{QUEUES / plan.path.stem}-{commit[:7]}.db"


def open_storage(url: str) -> BaseStorage:
    """Optuna's storage at a URL of SQLAlchemy, or at the path of a journal file, which NFS may hold.

    Raises:
        UserError: It cannot be reached.
    """
    if "://" not in url:
        return _open_journal(Path(url))
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of the heartbeat
    url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)
    wait = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    for left in reversed(range(ATTEMPTS)):
        try:
            storage = RDBStorage(
                url,
                engine_kwargs=wait,
                heartbeat_interval=HEARTBEAT,
                grace_period=GRACE,
                heartbeat_stale_trial_callback=put_again,
            )
            if url.startswith("sqlite"):
                _lock_at_once(storage.engine)
            return storage
        except Exception as error:  # of SQLAlchemy and of any database's driver
            if not left:
                # Without the URL, which may hold a password.
                raise UserError(f"--storage: {str(error).splitlines()[0]}") from None
            time.sleep(1)
    raise AssertionError


def _open_journal(path: Path) -> JournalStorage:
    try:
        if path.exists():
            with path.open("rb") as file:
                head = file.read(len(JOURNAL))
            if not JOURNAL.startswith(head):  # an empty file is one, too
                raise ValueError
        return JournalStorage(JournalFileBackend(str(path)))
    except OSError as error:
        raise UserError(f"--storage: {path}: {error.strerror}") from None
    except (ValueError, LookupError):  # of JSON and of what Optuna looks up in it
        raise UserError(
            f"--storage: {path}: not a journal, or a damaged one; an SQLite file is sqlite:///{path}"
        ) from None


def _lock_at_once(engine: Engine) -> None:
    """Have a transaction lock SQLite before it reads, or two processes may take the same trial."""
    event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    engine.dispose()  # connections of before


def put_again(study: optuna.Study, trial: FrozenTrial | optuna.Trial) -> None:
    """Put a run that was cut off back in the queue, with the values that it has drawn."""
    if "run" in trial.user_attrs:
        attributes = {"run": trial.user_attrs["run"], "turn": trial.user_attrs["turn"] + 1}
        study.enqueue_trial(trial.params, user_attrs=attributes)


class Trials:
    """The runs of a plan in a storage.

    Raises:
        UserError: They are of another commit, or the file has changed since the first.
    """

    def __init__(self, plan: Plan, commit: str, url: str) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.plan, self.commit = plan, commit
        self.storage = open_storage(url)
        self.study = optuna.create_study(
            storage=self.storage,
            sampler=plan.sampler,
            study_name=plan.path.stem,
            direction="maximize",
            load_if_exists=True,
        )
        if not self.study.user_attrs:
            self.study.set_user_attr("about", {"commit": commit, "asked": plan.asked})
        self.check()

    def check(self) -> None:
        """Raise a `UserError` where the queue is another commit's, or another file's of this name."""
        about = self.study.user_attrs["about"]
        if about["commit"] != self.commit:
            raise UserError(
                f"{self.plan.path}: its queue is of commit {about['commit'][:7]}, and this is "
                f"{self.commit[:7]}: git checkout the one, or rename the file"
            )
        if about["asked"] != self.plan.asked:
            raise UserError(
                f"{self.plan.path}: has changed since its first run: git commit it, rename it, or remove its "
                f"queue (without --storage: {QUEUES}/{self.plan.path.stem}-{self.commit[:7]}.db); what this "
                "commit has run is not run again"
            )

    @property
    def has_heartbeat(self) -> bool:
        """Whether the storage tells by itself that a worker is dead."""
        return isinstance(self.storage, RDBStorage)

    def current(self) -> dict[str, FrozenTrial]:
        """By run: the trial that counts."""
        latest: dict[str, FrozenTrial] = {}
        for trial in self.study.get_trials(deepcopy=False):
            run, turn = trial.user_attrs.get("run"), trial.user_attrs.get("turn", 0)
            if run and (run not in latest or turn > latest[run].user_attrs["turn"]):
                latest[run] = trial
        return latest

    def having(self, state: TrialState, runs: Collection[str] | None = None) -> list[FrozenTrial]:
        """Those that count and are in this state, in the order in which they were put in the queue."""
        current = self.current()
        wanted = [trial for run, trial in current.items() if runs is None or run in runs]
        return sorted((trial for trial in wanted if trial.state == state), key=lambda trial: trial.number)

    def is_early(self, run: str, wanted: Collection[str]) -> bool:
        """Whether a wanted run that comes before this one in the plan still waits, as it was put back.

        It goes first, so that what a search draws does not depend on an interruption.
        """
        waiting = {each.user_attrs["run"] for each in self.having(TrialState.WAITING, wanted)}
        order = self.plan.runs
        return run in order and not waiting.isdisjoint(order[: order.index(run)])

    def fill(self, runs: Collection[str]) -> None:
        """Put in the queue what has never been there, was cut off or not pushed; a study's failures, too."""
        current = self.current()
        for run in runs:
            trial = current.get(run)
            if trial is None:
                self.study.enqueue_trial({}, user_attrs={"run": run, "turn": 0})
            elif trial.state == TrialState.FAIL and (
                self.plan.tries_again or "error" not in trial.user_attrs
            ):
                put_again(self.study, trial)

    def take_back(self, trials: Collection[FrozenTrial]) -> None:
        """Put runs whose workers are dead, or whose experiments have been removed, back in the queue."""
        for trial in trials:
            self.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
            put_again(self.study, trial)

    def take_back_silent(self) -> None:
        """Put runs back whose workers have shown no sign of life for long, where the storage can tell."""
        if self.has_heartbeat:
            self._count_from_now()
            fail_stale_trials(self.study)

    def _count_from_now(self) -> None:
        """Show life for runs that never have: Optuna takes one killed before its first sign for alive."""
        assert isinstance(self.storage, RDBStorage)
        with self.storage.engine.connect() as connection:
            shown = set(connection.exec_driver_sql("SELECT trial_id FROM trial_heartbeats").scalars())
        for trial in self.having(TrialState.RUNNING):
            if trial._trial_id not in shown:
                self.storage.record_heartbeat(trial._trial_id)

    def results(self) -> list[FrozenTrial]:
        """Those that succeeded, the best first."""
        return sorted(self.having(TrialState.COMPLETE), key=lambda trial: -(trial.value or 0.0))
