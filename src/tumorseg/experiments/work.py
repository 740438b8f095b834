"""Help with the queue of a study or a search from any machine."""

from pathlib import Path

from optuna.trial import TrialState

from tumorseg.experiments.search import SearchPlan
from tumorseg.experiments.study import StudyPlan
from tumorseg.experiments.worker import Options, Worker
from tumorseg.reading import read_yaml


def run_worker(path: Path, options: Options, retake: bool) -> int:
    """Work on a queue until nothing waits; the status to exit with.

    An empty queue is filled with all that the file asks for.

    Args:
        path: The file of a study or a search.
        options: Where the queue is, and where results go.
        retake: Whether to run again what workers elsewhere seem to run, for they are known to be dead.

    Raises:
        UserError: The queue is another commit's, or this clone cannot run experiments.
    """
    values = read_yaml(path)
    plan = SearchPlan(path) if isinstance(values, dict) and "space" in values else StudyPlan(path)
    worker = Worker(plan, options)
    known = worker.trials.current()
    if retake:
        worker.trials.take_back(worker.trials.having(TrialState.RUNNING))
    worker.trials.fill(known or plan.runs)
    return worker.work({*known, *plan.runs}, stay=False)
