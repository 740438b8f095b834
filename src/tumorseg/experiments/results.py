"""What an experiment found, read from Git and from DVC's cache: the workspace stays as it is."""

import io
import json
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorseg.errors import UserError
from tumorseg.experiments.commands import command
from tumorseg.experiments.experiment import Experiment
from tumorseg.paired import read_slice_scores
from tumorseg.scores_file import Scores, parse_scores


@dataclass(frozen=True)
class Result:
    """A finished experiment."""

    experiment: Experiment
    commit: str

    @cached_property
    def scores(self) -> Scores:
        """metrics/details/<model>.json."""
        path = Path(f"metrics/details/{self.experiment.model}.json")
        return parse_scores(command("git", "show", f"{self.commit}:{path}"), path)

    def place(self) -> tuple[str | None, int | None]:
        """The machine that it ran on and the number of threads, None where its commit does not say."""
        form = "%(trailers:key=Machine,valueonly)%x00%(trailers:key=Threads,valueonly)"
        machine, threads = command("git", "log", "-1", f"--format={form}", self.commit).split("\0")
        return machine.strip() or None, int(threads) if threads.strip() else None

    def code(self) -> str:
        """Git's name of the folder `src` that it was run with: the same code has the same, in any commit."""
        return command("git", "rev-parse", "--short=12", f"{self.commit}:src").strip()

    def epochs(self) -> int:
        """How many were run."""
        with self._open(f"models/{self.experiment.model}/model.json") as file:
            return int(json.load(file)["epochs"])

    def slices(self, split: str) -> pd.DataFrame:
        """The rows of valid or test in data/predictions/<model>/slices.csv."""
        with self._open(f"data/predictions/{self.experiment.model}/slices.csv") as file:
            return read_slice_scores(file, split)

    def prepared(self) -> pd.DataFrame:
        """Every slice of the set: `as_shipped`, `file`, and the `split` and `index` that it was given.

        The slices that are left out, as too near another split, have neither.
        """
        parts = []
        for name in ("slices", "left_out"):
            with self._open(f"data/prepared/{name}.csv") as file:
                parts.append(pd.read_csv(file, dtype={"file": str}, keep_default_na=False))
        return pd.concat(parts)[["as_shipped", "file", "split", "index"]].reset_index(drop=True)

    def array(self, path: str) -> np.ndarray:
        """An array of a `.npy` file that DVC keeps."""
        return np.asarray(np.load(io.BytesIO(self._read(path)), allow_pickle=False))

    def _open(self, path: str) -> io.StringIO:
        """A text file of the experiment that DVC keeps."""
        return io.StringIO(self._read(path).decode())

    def _read(self, path: str) -> bytes:
        """A file of the experiment that DVC keeps.

        Raises:
            UserError: DVC's cache lacks it.
        """
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        with suppress(DvcException, OSError):
            return bytes(self._files.read_bytes(path))
        # DVC killed while it listed a commit's files believes the half-written list from then on.
        with suppress(DvcException, OSError):
            with Repo() as repo:
                repo.drop_data_index()
            self.__dict__.pop("_files")  # it is frozen, but for what is cached
            return bytes(self._files.read_bytes(path))
        name = self.experiment.name
        raise UserError(f"{name}: {path} is not in DVC's cache; dvc exp pull or remove {name}, and repeat")

    @cached_property
    def _files(self) -> Any:
        """The tree of the experiment's commit. It takes a second to open, and so is opened once."""
        from dvc.api import DVCFileSystem

        return DVCFileSystem(rev=self.commit)
