"""A study: its arms run as DVC experiments, and what differs between them on valid."""

from pathlib import Path

from tumorseg.errors import UserError
from tumorseg.experiments.experiment import Experiment, experiment
from tumorseg.experiments.figure import draw_differences
from tumorseg.experiments.listed import RESULTS, ListedPlan, run_listed
from tumorseg.experiments.paired import paired_differences
from tumorseg.experiments.results import Result
from tumorseg.experiments.spec import Arm, Study, merged, read_spec
from tumorseg.experiments.study_file import ArmResults, Differences, PooledDice, ScoresOnTest, StudyResults
from tumorseg.experiments.worker import Options
from tumorseg.files import write_json
from tumorseg.scores_file import SplitScores


class StudyPlan(ListedPlan):
    """The arms of a study, their params checked before any is run.

    Raises:
        UserError: The file is no study, or an arm's values are none that params.yaml takes.
    """

    def __init__(self, path: Path) -> None:
        self.study = read_spec(path, Study)
        self.experiments: dict[str, Experiment] = {}
        for name, arm in self.study.arms.items():
            try:
                settings = merged(self.study.set, arm.set)
                self.experiments[name] = experiment(f"{path.stem}-{name}", arm.model, settings)
            except UserError as error:
                raise UserError(f"{path}: arms.{name}: {error}") from None
        super().__init__(path, self.study.model_dump(mode="json"), self.experiments.values())


def run_study(path: Path, arms: list[str], options: Options) -> int:
    """Run the arms that have not been run, and write what all have given; the status to exit with.

    What it writes is docs/results/<name>.json and its picture, docs/results/<name>.png; arms that have not
    been run yet are left out.

    Args:
        path: The study's file.
        arms: Those to run; all where empty.
        options: How to work.

    Raises:
        UserError: The study cannot be run; an arm that fails is only reported.
    """
    plan = StudyPlan(path)
    for arm in arms:
        if arm not in plan.experiments:
            raise UserError(f"{path}: {arm!r} is not one of its arms: {', '.join(plan.experiments)}")
    runs = [plan.experiments[arm].name for arm in arms or plan.experiments]
    status, finished = run_listed(plan, runs, options)
    results = {arm: finished[each.name] for arm, each in plan.experiments.items() if each.name in finished}
    if results:
        file = RESULTS / f"{path.stem}.json"
        summary = summarise(plan.study, results)
        write_json(file, summary.model_dump(exclude_none=True))
        draw_differences(file.with_suffix(".png"), summary)
        print(f"{file}: {len(results)} of {len(plan.experiments)} arms; tumorseg table {file}")
    return status


def summarise(study: Study, results: dict[str, Result]) -> StudyResults:
    """What all arms have given, compared on valid."""
    slices = {arm: result.slices("valid") for arm, result in results.items()}
    steps = {arm: result.experiment.values["preprocess"] for arm, result in results.items()}
    compared = paired_differences(slices, study.reference, steps) if study.reference in slices else {}
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
            name: PooledDice(dice=each.pooled.dice, **each.interval.dice.model_dump())
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
