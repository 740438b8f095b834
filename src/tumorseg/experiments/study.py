"""A study: its arms run as DVC experiments, and what differs between them on valid."""

from pathlib import Path

from optuna import Trial
from optuna.trial import TrialState

from tumorseg.errors import UserError
from tumorseg.experiments.experiment import Experiment, experiment
from tumorseg.experiments.figure import draw_differences
from tumorseg.experiments.paired import paired_differences
from tumorseg.experiments.results import Result
from tumorseg.experiments.spec import Arm, Study, merged, read_spec
from tumorseg.experiments.study_file import ArmResults, ClassDice, Differences, ScoresOnTest, StudyResults
from tumorseg.experiments.trials import Plan
from tumorseg.experiments.worker import Options, Worker
from tumorseg.files import write_json
from tumorseg.scores_file import SplitScores

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
        self.runs = [each.name for each in self.experiments.values()]

    def experiment(self, trial: Trial) -> Experiment:
        """The arm that a trial from the queue stands for."""
        return self.experiments[trial.user_attrs["run"].removeprefix(f"{self.path.stem}-")]


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
    finished = list(filter(worker.repository.finished, plan.experiments.values()))
    if finished:
        print(f"{len(finished)} of {len(plan.runs)} arms have been run", flush=True)
    worker.trials.fill(runs)
    status = worker.work(runs, stay=True)
    collect(plan, worker)
    return status


def collect(plan: StudyPlan, worker: Worker) -> None:
    """Write docs/results/<name>.json and its picture, docs/results/<name>.png.

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
        file = RESULTS / f"{plan.path.stem}.json"
        summary = summarise(plan.study, results)
        write_json(file, summary.model_dump(exclude_none=True))
        draw_differences(file.with_suffix(".png"), summary)
        print(f"{file}: {len(results)} of {len(plan.experiments)} arms; tumorseg table {file}")


def summarise(study: Study, results: dict[str, Result]) -> StudyResults:
    """What all arms have given, compared on valid."""
    slices = {arm: result.valid_slices() for arm, result in results.items()}
    compared = paired_differences(slices, study.reference) if study.reference in slices else {}
    return StudyResults(
        question=study.question,
        set=study.set,
        reference=study.reference,
        missing=[arm for arm in study.arms if arm not in results],
        arms={
            arm: arm_results(study.arms[arm], result, compared.get(arm)) for arm, result in results.items()
        },
    )


def arm_results(arm: Arm, result: Result, difference: Differences | None) -> ArmResults:
    """What one arm has given."""
    scores, (machine, threads) = result.scores, result.place()
    valid = scores.valid
    return ArmResults(
        set=arm.set,
        experiment=result.experiment.name,
        model=result.experiment.model,
        parameters=scores.parameters,
        epochs=result.epochs(),
        best_epoch=scores.epoch,
        threshold=scores.threshold,
        slices=valid.slices,
        groups=valid.groups,
        dice=valid.dice,
        mean_dice=valid.at_best.mean.dice,
        dice_at_half=valid.at_half.pooled.dice,
        difference=difference,
        machine=machine,
        threads=threads,
        test=scores_on_test(scores.test),
    )


def scores_on_test(test: SplitScores) -> ScoresOnTest:
    """What the study's file says of an arm's scores on test."""
    mean, classes = test.at_best.interval.mean.dice, None
    if test.classes:
        classes = {
            name: ClassDice(dice=each.pooled.dice, **each.interval.dice.model_dump())
            for name, each in test.classes.of.items()
        }
    return ScoresOnTest(
        dice=test.dice,
        **test.dice_interval.model_dump(),
        mean_dice=test.at_best.mean.dice,
        mean_low=mean.low,
        mean_high=mean.high,
        classes=classes,
    )
