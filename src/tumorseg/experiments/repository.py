"""The commit that experiments belong to: what has been run on it, here and on a Git remote."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from ruamel.yaml import YAML

from tumorseg.errors import UserError
from tumorseg.experiments.commands import command
from tumorseg.experiments.experiment import Experiment
from tumorseg.params import PARAMS_FILE

CODE = ["dvc.yaml", "params.yaml", "stages", "src"]  # what an experiment's result depends on


class Repository:
    """This clone, at the commit that is checked out.

    Raises:
        UserError: Nothing is committed.
    """

    def __init__(self) -> None:
        self.commit = command("git", "rev-parse", "HEAD").strip()
        self.place = f"refs/exps/{self.commit[:2]}/{self.commit[2:]}"  # of DVC's experiments in Git
        self.cache_checked = False

    def check_code(self) -> None:
        """Raise a `UserError` where what would run is not what this commit holds."""
        changed = command("git", "status", "--porcelain", "--", *CODE).splitlines()
        if changed:
            names = ", ".join(line[3:] for line in changed[:3])
            raise UserError(f"{names}: not committed; experiments are kept by commit: git commit first")
        if command("git", "rev-parse", "HEAD").strip() != self.commit:
            raise UserError("HEAD has moved since this began; the same command goes on from there")

    def check_cache(self) -> None:
        """Raise a `UserError` where DVC would drop a finished experiment: its cache lacks locked folders."""
        if self.cache_checked or not Path("dvc.lock").exists():
            return
        status = json.loads(command("dvc", "data", "status", "--json"))
        if absent := [path for path in status.get("not_in_cache", []) if path.endswith("/")]:
            raise UserError(
                f"dvc.lock: {absent[0].rstrip('/')} is not in DVC's cache, without which DVC drops a "
                "finished experiment; run dvc repro (or dvc pull) first"
            )
        self.cache_checked = True

    def finished(self, wanted: Experiment) -> str | None:
        """The commit of the experiment where it has been run with the same params, else None."""
        commit = self._experiment(wanted.name)
        if commit is None:
            return None
        text = command("git", "show", f"{commit}:{PARAMS_FILE}")
        return commit if YAML(typ="safe", pure=True).load(text) == wanted.values else None

    def _experiment(self, name: str) -> str | None:
        words = ["git", "rev-parse", "--verify", "--quiet", f"{self.place}/{name}^{{commit}}"]
        return subprocess.run(words, capture_output=True, text=True).stdout.strip() or None

    def forget(self, name: str) -> None:
        """Drop an experiment of this name: its params are others. DVC's run cache keeps its results."""
        if self._experiment(name):
            print(f"{name}: its values have changed, it is run anew", flush=True)
            command("dvc", "exp", "remove", name)

    def pull(self, remote: str, wanted: Iterable[Experiment]) -> None:
        """Fetch from a Git remote what has been run elsewhere; data are read from the DVC remote when asked.

        Raises:
            UserError: The remote cannot be reached.
        """
        names = {each.name for each in wanted if not self.finished(each)}
        if names:
            listed = command("git", "ls-remote", remote, f"{self.place}/*").split()
            there = sorted(names & {ref.split("/")[-1] for ref in listed})
            if there:
                command("dvc", "exp", "pull", "--force", "--no-cache", remote, *there)

    def push(self, remote: str, name: str) -> None:
        """Send an experiment to a Git remote, and its data to the DVC remote.

        Raises:
            UserError: One of them cannot be reached.
        """
        # DVC is slow to push the run cache of many small runs, and collecting does not need it.
        command("dvc", "exp", "push", "--no-run-cache", remote, name)
