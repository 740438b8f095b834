"""What an experiment found, read from Git and from DVC's cache: the workspace stays as it is."""

import io
import json
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from tumorseg.errors import UserError
from tumorseg.experiments.commands import command
from tumorseg.experiments.experiment import Experiment


@dataclass(frozen=True)
class Result:
    """A finished experiment."""

    experiment: Experiment
    commit: str

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """metrics/models/<model>.json."""
        path = f"metrics/models/{self.experiment.model}.json"
        return json.loads(command("git", "show", f"{self.commit}:{path}"))

    @property
    def dice(self) -> float:
        """On valid, over all its pixels pooled, at the threshold that is best there."""
        return self.metrics["valid"]["at_best"]["pooled"]["dice"]

    def provenance(self) -> dict[str, Any]:
        """What it ran on, as its commit says: machine and threads, None where it does not."""
        form = "%(trailers:key=Machine,valueonly)%x00%(trailers:key=Threads,valueonly)"
        machine, threads = command("git", "log", "-1", f"--format={form}", self.commit).split("\0")
        return {"machine": machine.strip() or None, "threads": int(threads) if threads.strip() else None}

    def epochs(self) -> int:
        """How many were run."""
        with self._open(f"models/{self.experiment.model}/model.json") as file:
            return json.load(file)["epochs"]

    def valid_slices(self) -> pd.DataFrame:
        """The rows of valid in data/predictions/<model>/slices.csv."""
        with self._open(f"data/predictions/{self.experiment.model}/slices.csv") as file:
            table = pd.read_csv(file, dtype={"file": str}, keep_default_na=False, na_values={"dice": [""]})
        return table[table["split"] == "valid"].reset_index(drop=True)

    def _open(self, path: str) -> Any:
        import dvc.api
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        with suppress(DvcException, OSError):
            return io.StringIO(dvc.api.read(path, rev=self.commit, encoding="utf-8"))
        # DVC killed while it listed a commit's files believes the half-written list from then on.
        try:
            with Repo() as repo:
                repo.drop_data_index()
            return io.StringIO(dvc.api.read(path, rev=self.commit, encoding="utf-8"))
        except (DvcException, OSError):
            name = self.experiment.name
            raise UserError(
                f"{name}: {path} is not in DVC's cache; dvc exp pull it, or remove it to run anew"
            ) from None
