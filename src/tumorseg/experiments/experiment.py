"""One run of the pipeline, as DVC takes it and as params.yaml will say."""

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tumorseg.errors import UserError
from tumorseg.experiments.commands import command
from tumorseg.overrides import override
from tumorseg.params import PARAMS_FILE, Params, load_params, made_of
from tumorseg.reading import read_yaml


@dataclass(frozen=True)
class Experiment:
    """One run of the pipeline up to the evaluation of one model."""

    name: str
    model: str  # or an ensemble
    overrides: tuple[str, ...]  # as for `dvc exp run -S`
    values: dict[str, Any]  # all of params.yaml that follows
    copied: tuple[str, ...]  # data outside Git and DVC that it reads by a relative path

    def digest(self) -> str:
        """SHA-256 of the params that its scores follow from.

        Those of other datasets and models change none, nor do the number of loader processes, the findings
        that stop a run, and what `evaluate` might add and does not. An ensemble follows from its own entry
        and those of all that it is made of.
        """
        values = {key: value for key, value in self.values.items() if key != "audit"}
        values["compute"] = {key: value for key, value in values["compute"].items() if key != "workers"}
        values["evaluate"] = {key: value for key, value in values["evaluate"].items() if value}
        values["datasets"] = values["datasets"][values["data"]]
        ensembles = values.pop("ensembles", {})
        if self.model in ensembles:
            models = made_of(self.model, ensembles)
            values["ensembles"] = _entries(self.model, ensembles)
            values["models"] = {name: values["models"][name] for name in models}
        else:
            values["models"] = values["models"][self.model]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def arguments(self) -> list[str]:
        """What follows `dvc exp run`."""
        settings = [part for each in self.overrides for part in ("-S", each)]
        copies = [part for each in self.copied for part in ("--copy-paths", each)]
        stage = "ensemble" if self.model in self.values.get("ensembles", {}) else "evaluate"
        return [*settings, *copies, f"{stage}@{self.model}"]


def _entries(name: str, ensembles: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """By name: the entries of `ensembles` that an ensemble is made of, its own included; none of a model."""
    if name not in ensembles:
        return {}
    parts = (_entries(part, ensembles) for part in ensembles[name].values())
    return {name: ensembles[name]} | {key: entry for each in parts for key, entry in each.items()}


def experiment(name: str, model: str, settings: dict[str, Any]) -> Experiment:
    """The experiment `name`, its params checked as the pipeline itself would.

    Args:
        name: As `dvc exp show` will list it.
        model: An entry of `models` or `ensembles`, once `settings` are made.
        settings: Values in place of those of params.yaml at HEAD, by key.

    Raises:
        UserError: params.yaml does not take them; the message names no file, for the caller to do so.
    """
    # Not public, but what `dvc exp run -S` calls: no command shows the params without a run.
    from dvc.exceptions import DvcException
    from dvc.utils.hydra import apply_overrides

    # `model` too, so that the params alone say which model an experiment is about.
    overrides = tuple(override(key, value) for key, value in {**settings, "model": model}.items())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / PARAMS_FILE
        path.write_text(command("git", "show", f"HEAD:{PARAMS_FILE}"), encoding="utf-8")
        try:
            apply_overrides(path, list(overrides))
            params = load_params(path)
        except DvcException as error:
            raise UserError(str(error.__cause__).splitlines()[0]) from None
        except UserError as error:
            raise UserError(str(error).removeprefix(f"{path}: ")) from None
        values = read_yaml(path)
    return Experiment(name, model, overrides, values, tuple(_relative_archive(params)))


def _relative_archive(params: Params) -> list[str]:
    """The archive, where it lies in the project's folder: DVC runs the experiment in a copy without it."""
    path = getattr(params.dataset.source, "path", None)
    return [path] if path and not Path(path).is_absolute() and Path(path).exists() else []
