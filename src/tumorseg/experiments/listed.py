"""Plans whose experiments are all known before any is run: studies and cross-validations."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from optuna import Trial
from optuna.trial import TrialState

from tumorseg.experiments.experiment import Experiment
from tumorseg.experiments.results import Result
from tumorseg.experiments.trials import Plan
from tumorseg.experiments.worker import Options, Worker, clone

RESULTS = Path("docs/results")


class ListedPlan(Plan):
    """A plan of these experiments.

    Args:
        path: The file that asks for them.
        asked: What it says, as JSON.
        experiments: Those, in the order in which they are run.
    """

    tries_again = True

    def __init__(self, path: Path, asked: dict[str, Any], experiments: Collection[Experiment]) -> None:
        self.path, self.asked = path, asked
        self.named = {each.name: each for each in experiments}
        self.runs = list(self.named)

    def experiment(self, trial: Trial) -> Experiment:
        """The one that a trial from the queue stands for."""
        return self.named[trial.user_attrs["run"]]


def run_listed(plan: ListedPlan, runs: Collection[str], options: Options) -> tuple[int, dict[str, Result]]:
    """Run what has not been run.

    Args:
        plan: All there is.
        runs: Names of the experiments to run.
        options: How to work.

    Returns:
        The status to exit with, 1 where one of `runs` is not here in the end, and by name every experiment of
        the plan that has been run.

    Raises:
        UserError: Nothing can be run; an experiment that fails is only reported.
    """
    worker = Worker(plan, options)
    if finished := _finished(plan, worker):
        print(f"{len(finished)} of {len(plan.runs)} experiments have been run", flush=True)
    complete = worker.trials.having(TrialState.COMPLETE, [run for run in runs if run not in finished])
    worker.trials.take_back([each for each in complete if each.user_attrs.get("clone") == clone()])
    worker.trials.fill(runs)
    status = worker.work(runs, stay=True)
    if options.remote:
        worker.repository.pull(options.remote, plan.named.values())
    results = _finished(plan, worker)
    for trial in worker.trials.having(TrialState.COMPLETE):
        if (run := trial.user_attrs["run"]) in plan.named and run not in results:
            print(f"{run}: was run in {trial.user_attrs['clone']} and is not here: dvc exp pull it", end=" ")
            print("(--remote does), or remove the queue to run it anew")
    return status or int(any(run not in results for run in runs)), results


def _finished(plan: ListedPlan, worker: Worker) -> dict[str, Result]:
    return {
        name: Result(each, commit)
        for name, each in plan.named.items()
        if (commit := worker.repository.finished(each))
    }
