"""Run a study's arms as DVC experiments and tabulate what differs on valid.

python -m tumorseg.experiments.study studies/NAME.yaml [--jobs N] [--arms A B ...]
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from tumorseg.errors import UserError
from tumorseg.experiments import count, run
from tumorseg.experiments.experiment import Experiment, experiment
from tumorseg.experiments.figure import draw_differences
from tumorseg.experiments.paired import paired_differences
from tumorseg.experiments.queue import Queue
from tumorseg.experiments.results import Result
from tumorseg.experiments.spec import Study, merged, read_spec
from tumorseg.files import write_json

RESULTS = Path("docs/results")


def main() -> int:
    """What the command does; the status it exits with."""
    parser = argparse.ArgumentParser("python -m tumorseg.experiments.study", description=__doc__)
    parser.add_argument("study", type=Path, help="its file, such as studies/NAME.yaml")
    parser.add_argument("--jobs", type=count, default=1, help="experiments at a time; 1 where not given")
    parser.add_argument("--arms", nargs="+", metavar="ARM", help="run these alone, not all that are missing")
    options = parser.parse_args()
    study = read_spec(options.study, Study)
    experiments = plan(options.study, study)
    chosen = options.arms or list(experiments)
    for arm in chosen:
        if arm not in experiments:
            raise UserError(f"--arms: {arm!r} is not one of {', '.join(experiments)}")
    queue = Queue(options.jobs)
    failed = run_all(queue, [experiments[arm] for arm in chosen])
    for name, why in failed.items():
        print(f"{name}: failed: {why}", file=sys.stderr)
    collect(options.study.stem, study, experiments, queue)
    return 1 if failed else 0


def plan(path: Path, study: Study) -> dict[str, Experiment]:
    """The experiment of each arm, its params checked before anything is queued.

    Raises:
        UserError: An arm's values are none that params.yaml takes.
    """
    found = {}
    for name, arm in study.arms.items():
        try:
            found[name] = experiment(f"{path.stem}-{name}", arm.model, merged(study.set, arm.set))
        except UserError as error:
            raise UserError(f"{path}: arms.{name}: {error}") from None
    return found


def run_all(queue: Queue, experiments: list[Experiment]) -> dict[str, str]:
    """Run what has not been run; why each experiment that failed did, by name."""
    missing = [each for each in experiments if not queue.finished(each)]
    if len(missing) < len(experiments):
        print(f"{len(experiments) - len(missing)} of {len(experiments)} arms have been run", flush=True)
    for each in missing:
        queue.add(each)
    failed = {}
    while ended := queue.next():
        each, why = ended
        if why:
            failed[each.name] = why
        outcome = "failed" if why else f"valid Dice {Result(each, queue.finished(each)).dice:.3f}"
        left = f"{len(queue.left)} left" if queue.left else "none left"
        print(f"{each.name}: {outcome} ({left})", flush=True)
    return failed


def collect(name: str, study: Study, experiments: dict[str, Experiment], queue: Queue) -> None:
    """Write docs/results/<name>: the metrics of each arm, study.json and differences.png.

    Arms that have not been run yet are left out.
    """
    results = {
        arm: Result(each, commit) for arm, each in experiments.items() if (commit := queue.finished(each))
    }
    if not results:
        return
    folder = RESULTS / name
    slices = {arm: result.valid_slices() for arm, result in results.items()}
    compared = paired_differences(slices, study.reference) if study.reference in slices else {}
    summary = {
        "question": study.question,
        "set": study.set,
        "reference": study.reference,
        "missing": [arm for arm in study.arms if arm not in results],
        "arms": {
            arm: {"set": study.arms[arm].set, **figures(result), "difference": compared.get(arm)}
            for arm, result in results.items()
        },
    }
    for arm, result in results.items():
        write_json(folder / f"{arm}.json", result.metrics)
    write_json(folder / "study.json", summary)
    draw_differences(folder / "differences.png", summary)
    print(
        f"{folder}/study.json: {len(results)} of {len(study.arms)} arms; "
        f"python -m tumorseg.experiments.table {folder}/study.json"
    )


def figures(result: Result) -> dict[str, Any]:
    """What study.json says of one arm; nothing of it is about test."""
    metrics = result.metrics
    valid = metrics["valid"]
    return {
        "experiment": result.experiment.name,
        "model": result.experiment.model,
        "parameters": metrics["parameters"],
        "epochs": result.epochs(),
        "best_epoch": metrics["epoch"],
        "threshold": metrics["threshold"],
        "slices": valid["slices"],
        "groups": valid["groups"],
        "dice": valid["at_best"]["pooled"]["dice"],
        "mean_dice": valid["at_best"]["mean"]["dice"],
        "dice_at_half": valid["at_half"]["pooled"]["dice"],
    }


if __name__ == "__main__":
    run(main)
