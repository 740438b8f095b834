"""A study: its arms run as DVC experiments, and what differs between them on valid."""

from pathlib import Path
from typing import Any

from optuna import Trial
from optuna.trial import TrialState

from tumorseg.errors import UserError
from tumorseg.experiments.experiment import Experiment, experiment
from tumorseg.experiments.figure import draw_differences
from tumorseg.experiments.paired import paired_differences
from tumorseg.experiments.results import Result
from tumorseg.experiments.spec import Study, merged, read_spec
from tumorseg.experiments.trials import Plan
from tumorseg.experiments.worker import Options, Worker
from tumorseg.files import write_json

RESULTS = Path("docs/results")


class StudyPlan(Plan):
    """The arms of a study, their params checked before any is run.

    Raises:
        UserError: The file is no study, or an arm's values are none that params.yaml takes.
    """

    tries_again = True

    def __init__(self, path: Path) -> None:
        self.path, self.study = path, read_spec(path, Study)
        self.asked = self.study.model_dump(mode="json")
        self.experiments: dict[str, Experiment] = {}
        for name, arm in self.study.arms.items():
            try:
                settings = merged(self.study.set, arm.set)
                self.experiments[name] = experiment(f"{path.stem}-{name}", arm.model, settings)
            except UserError as error:
                raise UserError(f"{path}: arms.{name}: {error}") from None
        self.by_run = {each.name: each for each in self.experiments.values()}
        self.runs = list(self.by_run)

    def experiment(self, trial: Trial) -> Experiment:
        """The arm that a trial from the queue stands for."""
        return self.by_run[trial.user_attrs["run"]]


def run_study(path: Path, arms: list[str], options: Options) -> int:
    """Run the arms that have not been run, and write what all have given; the status to exit with.

    Args:
        path: The study's file.
        arms: Those to run; all where empty.

    Raises:
        UserError: The study cannot be run; an arm that fails is only reported.
    """
    plan = StudyPlan(path)
    for arm in arms:
        if arm not in plan.experiments:
            raise UserError(f"{path}: {arm!r} is not one of its arms: {', '.join(plan.experiments)}")
    runs = [plan.experiments[arm].name for arm in arms or plan.experiments]
    worker = Worker(plan, options)
    finished = [run for run in plan.runs if worker.repository.finished(plan.by_run[run])]
    if finished:
        print(f"{len(finished)} of {len(plan.runs)} arms have been run", flush=True)
    worker.trials.fill(runs)
    stopped_by = worker.work(runs, stay=True)
    collect(plan, worker)
    return 128 + stopped_by if stopped_by else 1 if worker.failed else 0


def collect(plan: StudyPlan, worker: Worker) -> None:
    """Write docs/results/<name>: the metrics of each arm, study.json and differences.png.

    Arms that have not been run yet are left out.
    """
    if worker.options.remote:
        worker.repository.pull(worker.options.remote, plan.experiments.values())
    results = {
        arm: Result(each, commit)
        for arm, each in plan.experiments.items()
        if (commit := worker.repository.finished(each))
    }
    here = {each.experiment.name for each in results.values()}
    for trial in worker.trials.having(TrialState.COMPLETE):
        if (run := trial.user_attrs["run"]) not in here:
            print(f"{run}: was run in {trial.user_attrs['clone']} and is not here: dvc exp pull it", end=" ")
            print("(--remote does), or remove the queue to run it anew")
    if results:
        folder = RESULTS / plan.path.stem
        summary = summarise(plan.study, results)
        for arm, result in results.items():
            write_json(folder / f"{arm}.json", result.metrics)
        write_json(folder / "study.json", summary)
        draw_differences(folder / "differences.png", summary)
        file = folder / "study.json"
        print(f"{file}: {len(results)} of {len(plan.experiments)} arms; tumorseg table {file}")


def summarise(study: Study, results: dict[str, Result]) -> dict[str, Any]:
    """What study.json says; nothing of it is about test."""
    slices = {arm: result.valid_slices() for arm, result in results.items()}
    compared = paired_differences(slices, study.reference) if study.reference in slices else {}
    return {
        "question": study.question,
        "set": study.set,
        "reference": study.reference,
        "missing": [arm for arm in study.arms if arm not in results],
        "arms": {
            arm: {
                "set": study.arms[arm].set,
                **figures(result),
                "difference": compared.get(arm),
                **result.provenance(),
            }
            for arm, result in results.items()
        },
    }


def figures(result: Result) -> dict[str, Any]:
    """What study.json says of one arm by itself."""
    scores = result.scores
    valid = scores.valid
    return {
        "experiment": result.experiment.name,
        "model": result.experiment.model,
        "parameters": scores.parameters,
        "epochs": result.epochs(),
        "best_epoch": scores.epoch,
        "threshold": scores.threshold,
        "slices": valid.slices,
        "groups": valid.groups,
        "dice": valid.dice,
        "mean_dice": valid.at_best.mean.dice,
        "dice_at_half": valid.at_half.pooled.dice,
    }
