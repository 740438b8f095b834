"""A search for the values with the best valid Dice, each trial a DVC experiment."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np
from optuna import Study, Trial
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial

from tumorseg.errors import UserError
from tumorseg.experiments.experiment import Experiment, experiment
from tumorseg.experiments.spec import Range, Search, merged, read_spec
from tumorseg.experiments.trials import Plan, Trials
from tumorseg.experiments.worker import STOPPED, Options, Worker, short
from tumorseg.text import markdown_table

BEST = 5  # trials in the table at the end


class NumberedSampler(BaseSampler):
    """TPE, seeded for each trial by its number: what it draws depends on that and on the results so far."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.samplers: dict[int, TPESampler] = {}

    def _of(self, trial: FrozenTrial) -> TPESampler:
        if trial.number not in self.samplers:
            number = int(trial.user_attrs.get("run", "-0").rpartition("-")[2])
            seed = np.random.SeedSequence([self.seed, number]).generate_state(1)[0]
            # Constant liar: trials that run count as bad, so that the next one looks elsewhere.
            self.samplers[trial.number] = TPESampler(seed=int(seed), constant_liar=True)
        return self.samplers[trial.number]

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._of(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._of(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._of(trial).sample_independent(study, trial, param_name, param_distribution)


class SearchPlan(Plan):
    """The trials of a search; every end and choice of its space is checked before any is run.

    Args:
        path: The search's file.
        trials: How many in all; None: as the file says.

    Raises:
        UserError: The file is no search, or params.yaml does not take its values.
    """

    tries_again = False  # or the draws that follow would depend on it

    def __init__(self, path: Path, trials: int | None = None) -> None:
        self.path, self.search = path, read_spec(path, Search)
        self.asked = self.search.model_dump(mode="json", exclude={"trials"})
        self.runs = [f"{path.stem}-{number}" for number in range(trials or self.search.trials)]
        self.sampler = NumberedSampler(self.search.seed)
        given = {key: _given(each)[1] for key, each in self.search.space.items()}
        for pick in range(max(map(len, given.values()))):
            self.drawn({key: each[min(pick, len(each) - 1)] for key, each in given.items()}, path.stem)

    def experiment(self, trial: Trial) -> Experiment:
        """The run that a trial stands for; one that was cut off has the values it had."""
        values = {key: suggest(trial, key, each) for key, each in self.search.space.items()}
        return self.drawn(values, trial.user_attrs["run"])

    def drawn(self, values: dict[str, Any], name: str) -> Experiment:
        """The run of these values of the space.

        Raises:
            UserError: params.yaml does not take them.
        """
        try:
            return experiment(name, self.search.model, merged(self.search.set, values))
        except UserError as error:
            raise UserError(f"{self.path}: {error}") from None


def _given(values: Range) -> tuple[str, list[Any]]:
    """The kind of a range, and its ends or choices."""
    return next(iter(values.model_dump(exclude_none=True).items()))


def suggest(trial: Trial, key: str, values: Range) -> Any:
    """The trial's value for one key."""
    kind, given = _given(values)
    if kind == "choice":
        return trial.suggest_categorical(key, given)
    draw = trial.suggest_int if kind.endswith("int") else trial.suggest_float
    return draw(key, *given, log=kind.startswith("log"))


def run_search(path: Path, trials: int | None, options: Options) -> int:
    """Run trials until there are as many as asked for, and print the best; the status to exit with.

    Raises:
        UserError: The search cannot be run, or no trial has succeeded.
    """
    plan = SearchPlan(path, trials)
    worker = Worker(plan, options)
    worker.trials.fill(plan.runs)
    status = worker.work(plan.runs, stay=True)
    if status < STOPPED:
        report(plan, worker.trials)
        return int(bool(worker.not_pushed))  # a trial that failed is a result
    return status


def report(plan: SearchPlan, trials: Trials) -> None:
    """Print the best trials, and how to run the best again."""
    keys, best = list(plan.search.space), trials.results()
    if not best:
        raise UserError(f"{plan.path}: no trial has succeeded, or none has been pushed")
    header, rows = ["trial", "valid Dice", *(f"`{key}`" for key in keys)], []
    for trial in best[:BEST]:
        number = trial.user_attrs["run"].rpartition("-")[2]
        rows.append([number, f"{trial.value:.3f}", *(short(trial.params[key]) for key in keys)])
    print(markdown_table(header, rows, right=header))
    again = plan.drawn(best[0].params, f"{plan.path.stem}-best")
    print(f"\nthe best again, here: {shlex.join(['dvc', 'exp', 'run', *again.arguments()])}")
    print(f"its results: {best[0].user_attrs['run']} in dvc exp show")
