"""Experiments without training: a repository, and a runner that commits made-up scores in a moment."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from optuna.trial import TrialState
from ruamel.yaml import YAML
from support.pipeline import commit, dvc
from support.told import scores

from tumorseg.experiments.experiment import Experiment
from tumorseg.experiments.runner import RunError, Runner
from tumorseg.experiments.trials import Trials
from tumorseg.files import write_json


def git(*words: str, **more: str) -> str:
    """What a command of Git prints, in this folder."""
    done = subprocess.run(["git", *words], env=os.environ | more, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def repository(folder: Path, params: Path) -> Path:
    """A new repository of Git and DVC, with params.yaml and nothing else; studies are left to tests."""
    folder.mkdir()
    (folder / "params.yaml").write_bytes(params.read_bytes())
    (folder / ".gitignore").write_text("/.work\n/studies\n")
    (folder / "studies").mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    dvc(folder, "init", "--quiet")
    commit(folder)
    return folder


class Committing(Runner):
    """Commits the params of an experiment with scores, in place of training.

    What a test sets: `fails`, names of experiments; `first`, by name the one whose end it waits for.
    """

    fails: set[str]
    first: dict[str, str]
    ran: list[str]
    trials: Trials  # where the end of others is seen

    def run(self, wanted: Experiment) -> str:
        self.ran.append(wanted.name)
        if before := self.first.get(wanted.name):
            while self.trials.current()[before].state == TrialState.RUNNING:
                time.sleep(0.05)
        if wanted.name in self.fails:
            raise RunError("error: out of memory")
        with tempfile.TemporaryDirectory() as folder:
            made = _commit(wanted, Path(folder))
        git("update-ref", f"{self.repository.place}/{wanted.name}", made)
        return made


def _commit(wanted: Experiment, folder: Path) -> str:
    """A commit upon HEAD with the experiment's params and scores, made outside the work tree."""
    with (folder / "params").open("w") as file:
        YAML(typ="safe", pure=True).dump(wanted.values, file)
    write_json(folder / "details", json.loads(json.dumps(scores(0.5, 0.4, 0.6))))
    index: dict[str, Any] = {"GIT_INDEX_FILE": str(folder / "index")}
    git("read-tree", "HEAD", **index)
    for path, file in (
        ("params.yaml", "params"),
        (f"metrics/details/{wanted.model}.json", "details"),
    ):
        blob = git("hash-object", "-w", str(folder / file))
        git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", **index)
    return git("commit-tree", git("write-tree", **index), "-p", "HEAD", "-m", wanted.name)
