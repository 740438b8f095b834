"""The tasks in DVC's queue: which wait, run or failed, what they last said, and which died unnoticed.

A worker that is killed, by a reboot say, leaves its task "running" for ever, as far as DVC can tell. Whether
anybody works on it is asked of the system.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

from tumorseg.experiments.shell import telling_line
from tumorseg.files import read_yaml

LOCK = Path("dvc.lock")
CHECKPOINTS = Path(".work")


@dataclass(frozen=True)
class Task:
    """An entry of the queue."""

    name: str
    state: str  # queued, running or failed
    commit: str  # Git's stash of the experiment, params included


class Tasks:
    """The entries of DVC's queue that belong to one commit."""

    def __init__(self, head: str) -> None:
        from dvc.repo import Repo

        self.head = head
        self.repo = Repo()
        self.queue = self.repo.experiments.celery_queue

    def all(self) -> dict[str, Task]:
        """By name: what waits or runs, else what failed."""
        # In the order in which an entry moves, so that none is missed on its way.
        found = {
            "queued": list(self.queue.iter_queued()),
            "running": list(self.queue.iter_active()),
            "failed": [done.entry for done in self.queue.iter_failed()],
        }
        return {
            entry.name: Task(entry.name, state, entry.stash_rev)
            for state in ("failed", "queued", "running")
            for entry in found[state]
            if entry.baseline_rev == self.head and entry.name
        }

    def remove(self, task: Task) -> None:
        """Take an entry that does not run off the queue."""
        self.queue.remove([task.commit])

    def workers(self) -> int:
        """How many workers are alive, by the process numbers that they left."""
        return sum(
            _runs(json.loads(path.read_text(encoding="utf-8"))["pid"], "queue-worker")
            for path in Path(self.queue.wdir).glob("dvc-exp-worker-*.json")
        )

    def bury(self) -> list[str]:
        """Take entries off the queue that no process works on; their names.

        What their trainings had saved is kept in .work, where the next one looks for it.
        """
        running = [task for task in self.all().values() if task.state == "running"]
        if not running or self.workers():
            return []
        dead = [task for task in running if not self._process_alive(task)]
        for task in dead:
            self._bury(task)
        return [task.name for task in dead]

    def _process_alive(self, task: Task) -> bool:
        process = self.queue.proc.get(task.commit)
        return process is not None and _runs(process.pid, task.commit)

    def _bury(self, task: Task) -> None:
        process = self.queue.proc.get(task.commit)
        if process is not None:  # or DVC would kill whatever has its number by now
            process.returncode = -1
            self.queue.proc[task.commit] = process
        self.queue.kill([task.commit], force=True)  # a failed task from here on
        self.queue.remove([task.commit])
        info = Path(self.queue.get_infofile_path(task.commit))
        if info.is_file():
            folder = Path(json.loads(info.read_text(encoding="utf-8"))["root_dir"])
            if folder.parent == Path(self.queue.wdir).parent:
                if (folder / CHECKPOINTS).is_dir():
                    shutil.copytree(folder / CHECKPOINTS, CHECKPOINTS, dirs_exist_ok=True)
                shutil.rmtree(folder, ignore_errors=True)

    def last_words(self, task: Task) -> str:
        """The line of a failed task's log that says why it failed."""
        process = self.queue.proc.get(task.commit)
        if process is None:
            return f"failed before it began; {self.queue.wdir}/*.out may say why"
        log = Path(process.stdout).read_text(encoding="utf-8", errors="replace")
        return f"{telling_line(log)} (dvc queue logs {task.name})"

    def absent_outputs(self) -> str | None:
        """A folder that the lock file names and DVC's cache does not hold."""
        if not LOCK.exists():
            return None
        stages = read_yaml(LOCK).get("stages", {})
        cache = self.repo.cache.local
        for stage in stages.values():
            for out in stage.get("outs", []):
                if out.get("md5", "").endswith(".dir") and not cache.exists(out["md5"]):
                    return out["path"]
        return None


def _runs(number: int, word: str) -> bool:
    """Whether the process `number` is alive and has `word` in its command line."""
    try:
        process = psutil.Process(number)
        return process.status() != psutil.STATUS_ZOMBIE and word in " ".join(process.cmdline())
    except psutil.Error:
        return False
