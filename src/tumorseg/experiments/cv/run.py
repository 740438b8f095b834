"""A cross-validation: its folds run as DVC experiments, and scored together."""

from pathlib import Path

import pandas as pd

from tumorseg.errors import UserError
from tumorseg.experiments.cv.figure import draw_scores
from tumorseg.experiments.cv.file import CrossValidationResults
from tumorseg.experiments.cv.kept import kept_folds
from tumorseg.experiments.cv.plan import CrossValidationPlan
from tumorseg.experiments.cv.pool import ROW, SLICE, check_same, pool
from tumorseg.experiments.cv.score import FoldResult, compare_arms, read_fold, score_arm
from tumorseg.experiments.listed import RESULTS, run_listed
from tumorseg.experiments.spec import CrossValidation
from tumorseg.experiments.worker import STOPPED, Options
from tumorseg.files import write_csv, write_json
from tumorseg.text import counted

COLUMNS = ["arm", "fold", *ROW]


def run_cross_validation(path: Path, arms: list[str], options: Options, keep: bool) -> int:
    """Run the folds that have not been run, and score all slices together; the status to exit with.

    It writes docs/results/<name>.json, its picture <name>.png, and <name>.csv, which has every slice as each
    arm scored it. Of an arm with folds that have not been run, only the slices of the others are written.

    Args:
        path: The file of the cross-validation.
        arms: Those to run; all where empty.
        options: How to work.
        keep: Whether the folds that docs/results holds stand in for a run of this commit.

    Raises:
        UserError: It cannot be run, or its folds do not fit together; a fold that fails is only reported.
    """
    file = RESULTS / f"{path.stem}.json"
    plan = CrossValidationPlan(path)
    for arm in arms:
        if arm not in plan.arms:
            raise UserError(f"{path}: {arm!r} is not one of its arms: {', '.join(plan.arms)}")
    kept = kept_folds(file, plan.arms) if keep else {}
    plan.leave_out(kept)
    if kept:
        print(f"{counted(len(kept), 'fold')} kept as {file} has them", flush=True)
    runs = [each.name for arm in arms or plan.arms for each in plan.arms[arm] if each.name in plan.named]
    status, finished = run_listed(plan, runs, options)
    if status >= STOPPED:
        return status  # at once: to read and score the folds takes a while
    found = kept | {name: read_fold(each) for name, each in finished.items()}
    data = next(iter(plan.arms.values()))[0].values["data"]
    folds = {arm: [found.get(each.name) for each in experiments] for arm, experiments in plan.arms.items()}
    if any(all(each) for each in folds.values()):
        write_results(file, plan.spec, data, folds)
    else:
        print("no arm has been run on all of its folds: nothing is scored yet")
    return status


def write_results(
    file: Path, spec: CrossValidation, data: str, arms: dict[str, list[FoldResult | None]]
) -> None:
    """Score the arms that have all folds, and write what `run_cross_validation` says, beside `file`."""
    run = {arm: [each for each in folds if each] for arm, folds in arms.items()}
    missing = {arm: [number for number, each in enumerate(folds) if not each] for arm, folds in arms.items()}
    pooled = {arm: pool([each.slices for each in run[arm]]) for arm in arms if not missing[arm]}
    check_same(pooled)
    own = {arm: [each.scores for each in folds] for arm, folds in run.items()}
    first = next(iter(pooled.values()))
    summary = CrossValidationResults(
        question=spec.question,
        data=data,
        set=spec.set,
        strategy=spec.strategy,
        folds=spec.folds,
        slices=len(first),
        groups=first["group"].nunique(),
        missing={arm: absent for arm, absent in missing.items() if absent},
        partial={arm: own[arm] for arm in arms if own[arm] and missing[arm]},
        arms={arm: score_arm(spec.arms[arm], own[arm], table) for arm, table in pooled.items()},
        pairs=compare_arms(pooled),
    )
    write_json(file, summary.model_dump(exclude_none=True))
    rows = [
        each.slices.test.assign(arm=arm, fold=number)
        for arm, folds in arms.items()
        for number, each in enumerate(folds)
        if each
    ]
    # Arms below each other: Git packs names that repeat well.
    table = pd.concat(rows).sort_values(SLICE, kind="stable")[COLUMNS]
    write_csv(file.with_suffix(".csv"), table.round({"dice": 6, "box_iou": 6}))
    draw_scores(file.with_suffix(".png"), summary)
    print(f"{file}: {len(pooled)} of {len(arms)} arms; tumorseg table {file}")
