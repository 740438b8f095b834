"""Help with the queue of a study, a search or a cross-validation from any machine."""

from pathlib import Path

from optuna.trial import TrialState

from tumorseg.experiments.cv.plan import CrossValidationPlan
from tumorseg.experiments.search import SearchPlan
from tumorseg.experiments.study import StudyPlan
from tumorseg.experiments.trials import Plan
from tumorseg.experiments.worker import Options, Worker
from tumorseg.reading import read_yaml


def run_worker(path: Path, options: Options, retake: bool) -> int:
    """Work on a queue until nothing waits; the status to exit with.

    An empty queue is filled with all that the file asks for.

    Args:
        path: The file of a study, a search or a cross-validation.
        options: Where the queue is, and where results go.
        retake: Whether to run again what workers elsewhere seem to run, for they are known to be dead.

    Raises:
        UserError: The queue is another commit's, or this clone cannot run experiments.
    """
    worker = Worker(plan_of(path), options)
    plan = worker.plan
    known = worker.trials.current()
    if retake:
        worker.trials.take_back(worker.trials.having(TrialState.RUNNING))
    worker.trials.fill(known or plan.runs)
    return worker.work({*known, *plan.runs}, stay=False)


def plan_of(path: Path) -> Plan:
    """Of whichever kind the file is: only a search has a space, only a cross-validation has folds."""
    values = read_yaml(path)
    keys = values if isinstance(values, dict) else {}
    if "space" in keys:
        return SearchPlan(path)
    return CrossValidationPlan(path) if "folds" in keys else StudyPlan(path)
