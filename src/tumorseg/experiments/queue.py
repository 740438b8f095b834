"""Experiments through DVC's own queue: put in, started, waited for, taken up again after an interruption.

What is done is what Git says: an experiment of that name, on this commit, with these params. So there is no
state of our own to lose, and a second call goes on wherever the first was cut off.
"""

import math
import os
import subprocess
import time

from ruamel.yaml import YAML

from tumorseg.errors import UserError
from tumorseg.experiments.experiment import Experiment
from tumorseg.experiments.shell import command
from tumorseg.experiments.tasks import CHECKPOINTS, Task, Tasks
from tumorseg.params import PARAMS_FILE

CODE = ["dvc.yaml", "params.yaml", "stages", "src"]  # what an experiment's result depends on
POLL, LONGEST = 2.0, 20.0  # seconds between two looks: at first, and for runs of hours, whose core this costs
BUSY = ("Unable to acquire lock", "is busy")  # DVC's words where another DVC command is at work
PATIENCE = 120.0  # seconds to wait for one
UNSEEN = 5  # polls after which what is nowhere will not come
GRACE = 6.0  # seconds that workers are given to show up


class Queue:
    """DVC's queue, as seen from the commit that is checked out.

    Args:
        jobs: How many experiments run at a time.

    Raises:
        UserError: Nothing is committed.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self.head = command("git", "rev-parse", "HEAD").strip()
        self.tasks = Tasks(self.head)
        self.left: dict[str, Experiment] = {}  # those to wait for, by name
        self.dead: set[str] = set()  # those that died with their workers, and may have saved checkpoints
        self.unseen: dict[str, int] = {}  # for how many polls in a row each was nowhere
        self.started = -math.inf
        self.checked = False

    def ref(self, name: str) -> str:
        """Where Git keeps the experiment `name` of this commit."""
        return f"refs/exps/{self.head[:2]}/{self.head[2:]}/{name}"

    def finished(self, wanted: Experiment) -> str | None:
        """The commit of the experiment where it has been run with the same params, else None."""
        done = subprocess.run(
            ["git", "rev-parse", "--verify", "--quiet", f"{self.ref(wanted.name)}^{{commit}}"],
            capture_output=True,
            text=True,
        )
        commit = done.stdout.strip()
        return commit if commit and self._has_params(commit, wanted) else None

    def _has_params(self, commit: str, wanted: Experiment) -> bool:
        text = command("git", "show", f"{commit}:{PARAMS_FILE}")
        return YAML(typ="safe", pure=True).load(text) == wanted.values

    def add(self, wanted: Experiment) -> None:
        """Have `next` return this experiment once it has ended; queue it where that has not been done yet.

        Raises:
            UserError: Code or params are not committed, DVC's cache lacks what its lock file names, or an
                experiment of the same name runs with other values.
        """
        self.left[wanted.name] = wanted
        if self.finished(wanted):
            return
        self.dead.update(self.tasks.bury())
        task = self.tasks.all().get(wanted.name)
        if task and task.state != "failed" and self._has_params(task.commit, wanted):
            print(f"{wanted.name}: already {task.state}", flush=True)
            return
        if task and task.state == "running":
            raise UserError(
                f"{wanted.name}: runs with other values; wait for it, or: dvc queue kill {wanted.name}"
            )
        self._check_ready()
        if task:
            self.tasks.remove(task)
        self._forget(wanted.name)
        self._put(wanted)

    def _forget(self, name: str) -> None:
        """Drop an experiment of this name with other values: its results stay in DVC's run cache."""
        if subprocess.run(["git", "show-ref", "--quiet", self.ref(name)]).returncode == 0:
            print(f"{name}: its values have changed, it is run anew", flush=True)
            command("git", "update-ref", "-d", self.ref(name))

    def _check_ready(self) -> None:
        changed = command("git", "status", "--porcelain", "--", *CODE).splitlines()
        if changed:
            names = ", ".join(line[3:] for line in changed[:3])
            raise UserError(f"{names}: not committed; experiments are kept by commit: git commit first")
        if command("git", "rev-parse", "HEAD").strip() != self.head:
            raise UserError("HEAD has moved since this began; the same command goes on from there")
        if self.checked:
            return
        if absent := self.tasks.absent_outputs():
            raise UserError(
                f"dvc.lock: {absent} is not in DVC's cache, without which DVC drops a finished experiment; "
                "run dvc repro (or dvc pull) first"
            )
        self.checked = True

    def _put(self, wanted: Experiment) -> None:
        saved = CHECKPOINTS / wanted.model
        resumed = ["--copy-paths", str(saved)] if wanted.name in self.dead and saved.is_dir() else []
        until = time.monotonic() + PATIENCE
        while True:
            try:
                command("dvc", "exp", "run", "--queue", "--name", wanted.name, *resumed, *wanted.arguments())
            except UserError as error:
                if time.monotonic() > until or not any(words in str(error) for words in BUSY):
                    raise
                time.sleep(POLL)
            else:
                print(f"{wanted.name}: queued", flush=True)
                return

    def next(self) -> tuple[Experiment, str | None] | None:
        """Wait until one of those added ends; it, and why it failed, or None where it did not.

        Workers that are missing are started; experiments that died with theirs are queued again. None
        where nothing is left to wait for.
        """
        wait = POLL
        while self.left:
            tasks = self.tasks.all()  # before the refs: what leaves the queue has its ref by then
            for name, each in self.left.items():
                task = tasks.get(name)
                self.unseen[name] = 0 if task else self.unseen.get(name, 0) + 1
                why = None
                if not self.finished(each):
                    if task and task.state == "failed":
                        why = self.tasks.last_words(task)
                    elif self.unseen[name] > UNSEEN:
                        why = "left the queue without a result"
                    else:
                        continue
                return self.left.pop(name), why
            self._revive(tasks)
            time.sleep(wait)
            wait = min(1.2 * wait, LONGEST)
        return None

    def _revive(self, tasks: dict[str, Task]) -> None:
        """Queue again what died with its worker, and start the workers that are missing."""
        dead = self.tasks.bury()
        self.dead.update(dead)
        for name in dead:
            if name in self.left and not self.finished(self.left[name]):
                print(f"{name}: died with its worker; queued again", flush=True)
                self._put(self.left[name])
        states = [tasks[name].state for name in self.left if name in tasks]
        if "queued" in states and time.monotonic() - self.started > GRACE:
            if self.tasks.workers() < min(self.jobs, len(states)):
                self._start()
            self.started = time.monotonic()

    def _start(self) -> None:
        """Start workers up to `jobs`; they share the cores, outlive us and end by themselves."""
        threads = {}
        if self.jobs > 1 and "OMP_NUM_THREADS" not in os.environ:
            # Runs with as many threads as cores each wait for one another more than they compute.
            threads["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // self.jobs))
            print(f"{self.jobs} jobs: OMP_NUM_THREADS={threads['OMP_NUM_THREADS']} for each", flush=True)
        command("dvc", "queue", "start", "--jobs", str(self.jobs), **threads)
