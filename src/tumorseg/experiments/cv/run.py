"""A cross-validation: its folds run as DVC experiments, and scored together."""

from pathlib import Path

import pandas as pd

from tumorseg.errors import UserError
from tumorseg.experiments.cv.figure import draw_scores
from tumorseg.experiments.cv.file import CrossValidationResults
from tumorseg.experiments.cv.plan import CrossValidationPlan
from tumorseg.experiments.cv.pool import SLICE, Fold, check_same, pool
from tumorseg.experiments.cv.score import COUNTS, compare_arms, score_arm
from tumorseg.experiments.listed import RESULTS, run_listed
from tumorseg.experiments.results import Result
from tumorseg.experiments.spec import CrossValidation
from tumorseg.experiments.worker import STOPPED, Options
from tumorseg.files import write_csv, write_json

COLUMNS = [*SLICE, "fold", "group", "category", "arm", *COUNTS, "dice"]


def run_cross_validation(path: Path, arms: list[str], options: Options) -> int:
    """Run the folds that have not been run, and score all slices together; the status to exit with.

    It writes docs/results/<name>.json, its picture <name>.png, and <name>.csv, which has every slice as each
    arm scored it. Arms with folds that have not been run are left out.

    Args:
        path: The file of the cross-validation.
        arms: Those to run; all where empty.
        options: How to work.

    Raises:
        UserError: It cannot be run, or its folds do not fit together; a fold that fails is only reported.
    """
    plan = CrossValidationPlan(path)
    for arm in arms:
        if arm not in plan.arms:
            raise UserError(f"{path}: {arm!r} is not one of its arms: {', '.join(plan.arms)}")
    runs = [each.name for arm in arms or plan.arms for each in plan.arms[arm]]
    status, finished = run_listed(plan, runs, options)
    if status >= STOPPED:
        return status  # at once: to read and score the folds takes a while
    whole, missing = {}, {}
    for arm, folds in plan.arms.items():
        absent = [number for number, each in enumerate(folds) if each.name not in finished]
        if absent:
            missing[arm] = absent
        else:
            whole[arm] = [finished[each.name] for each in folds]
    if whole:
        write_results(RESULTS / f"{path.stem}.json", plan.spec, whole, missing)
    else:
        print("no arm has been run on all of its folds: nothing is scored yet")
    return status


def write_results(
    file: Path, spec: CrossValidation, whole: dict[str, list[Result]], missing: dict[str, list[int]]
) -> None:
    """Score the arms that have all folds, and write what `run_cross_validation` says, beside `file`."""
    folds = {arm: [_fold(each) for each in results] for arm, results in whole.items()}
    pooled = {arm: pool(each) for arm, each in folds.items()}
    check_same(pooled)
    first = next(iter(pooled.values()))
    data = next(iter(whole.values()))[0].scores.prepared.data
    summary = CrossValidationResults(
        question=spec.question,
        data=data,
        set=spec.set,
        strategy=spec.strategy,
        folds=spec.folds,
        slices=len(first),
        groups=first["group"].nunique(),
        missing=missing,
        arms={
            arm: score_arm(spec.arms[arm], results, folds[arm], pooled[arm]) for arm, results in whole.items()
        },
        pairs=compare_arms(pooled),
    )
    write_json(file, summary.model_dump(exclude_none=True))
    table = pd.concat([each.assign(arm=arm) for arm, each in pooled.items()])
    # Arms below each other: Git packs names that repeat well.
    rows = table.sort_values(SLICE, kind="stable")[COLUMNS].round({"dice": 6})
    write_csv(file.with_suffix(".csv"), rows)
    draw_scores(file.with_suffix(".png"), summary)
    print(f"{file}: {len(whole)} of {len(spec.arms)} arms; tumorseg table {file}")


def _fold(result: Result) -> Fold:
    return Fold(result.experiment.name, result.slices("test"), result.prepared())
