"""Search for the values with the best valid Dice, each trial a DVC experiment.

python -m tumorseg.experiments.search studies/NAME.yaml [--trials N] [--jobs N]
"""

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tumorseg.errors import UserError
from tumorseg.experiments import count, run
from tumorseg.experiments.experiment import Experiment, experiment
from tumorseg.experiments.queue import CODE, Queue
from tumorseg.experiments.results import Result
from tumorseg.experiments.shell import command
from tumorseg.experiments.spec import Range, Search, merged, read_spec

if TYPE_CHECKING:
    import optuna

HISTORY = Path(".work/search")
BEST = 5  # trials in the table at the end


def main() -> int:
    """What the command does; the status it exits with."""
    parser = argparse.ArgumentParser("python -m tumorseg.experiments.search", description=__doc__)
    parser.add_argument("search", type=Path, help="its file, such as studies/search_unet.yaml")
    parser.add_argument(
        "--trials", type=count, help="in all, those of earlier calls included; else the file's"
    )
    parser.add_argument("--jobs", type=count, default=1, help="trials at a time; 1 where not given")
    options = parser.parse_args()
    history = History(options.search, read_spec(options.search, Search))
    look(history, Queue(options.jobs), options.trials or history.search.trials)
    report(history)
    return 0


class History:
    """The trials so far, on disk: Optuna's study in .work/search/<name>.db.

    Raises:
        UserError: params.yaml does not take the values, or the file has changed since its first trial.
    """

    def __init__(self, path: Path, search: Search) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.path, self.search = path, search
        given = {key: _given(each)[1] for key, each in search.space.items()}
        for pick in range(max(map(len, given.values()))):  # every end and choice, before anything is queued
            self.rebuilt({key: each[min(pick, len(each) - 1)] for key, each in given.items()}, path.stem)
        self.file = HISTORY / f"{path.stem}.db"
        HISTORY.mkdir(parents=True, exist_ok=True)
        self.study = optuna.create_study(
            storage=f"sqlite:///{self.file}",
            study_name=path.stem,
            direction="maximize",
            load_if_exists=True,
        )
        asked = search.model_dump(mode="json", exclude={"trials"})
        known = self.study.user_attrs.setdefault("search", asked)
        if known != asked:
            raise UserError(f"{path}: has changed since its first trial; rename it, or remove {self.file}")
        self.study.set_user_attr("search", asked)
        self.code = [command("git", "rev-parse", f"HEAD:{name}").strip() for name in CODE]

    def unfinished(self) -> list["optuna.Trial"]:
        """Trials that were cut off."""
        import optuna

        running = self.study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
        return [optuna.Trial(self.study, trial._trial_id) for trial in running]

    def ask(self, jobs: int) -> "optuna.Trial":
        """A new trial. What it draws depends on the seed and its number alone, interruptions or not."""
        import optuna

        seed = np.random.SeedSequence([self.search.seed, len(self.study.trials)]).generate_state(1)[0]
        # Constant liar: trials that run count as bad, so that the next one looks elsewhere.
        self.study.sampler = optuna.samplers.TPESampler(seed=int(seed), constant_liar=jobs > 1)
        trial = self.study.ask()
        trial.set_user_attr("code", self.code)
        return trial

    def experiment(self, trial: "optuna.Trial") -> Experiment:
        """The run that a trial stands for; a trial that was cut off has the values it had."""
        values = {key: suggest(trial, key, each) for key, each in self.search.space.items()}
        return self.rebuilt(values, f"{self.path.stem}-{trial.number}")

    def rebuilt(self, values: dict[str, Any], name: str) -> Experiment:
        """The run of these values of the space.

        Raises:
            UserError: params.yaml does not take them.
        """
        try:
            return experiment(name, self.search.model, merged(self.search.set, values))
        except UserError as error:
            raise UserError(f"{self.path}: {error}") from None

    def done(self) -> list["optuna.trial.FrozenTrial"]:
        """The trials that succeeded, the best first."""
        done = [trial for trial in self.study.trials if trial.value is not None]
        return sorted(done, key=lambda trial: -trial.value)


def _given(values: Range) -> tuple[str, list[Any]]:
    """The kind of a range, and its ends or choices."""
    return next(iter(values.model_dump(exclude_none=True).items()))


def suggest(trial: "optuna.Trial", key: str, values: Range) -> Any:
    """The trial's value for one key."""
    kind, given = _given(values)
    if kind == "choice":
        return trial.suggest_categorical(key, given)
    draw = trial.suggest_int if kind.endswith("int") else trial.suggest_float
    return draw(key, *given, log=kind.startswith("log"))


def look(history: History, queue: Queue, total: int) -> None:
    """Run trials until there are `total`, those that were cut off first.

    Raises:
        UserError: The first trial failed: so may all.
    """
    import optuna

    study, trials = history.study, {}
    if any(trial.user_attrs.get("code") != history.code for trial in study.trials):
        print("note: the code or params.yaml have changed since the first trial; scores may not compare")
    cut_off = history.unfinished()
    while True:
        while len(trials) < queue.jobs and (cut_off or len(study.trials) < total):
            trial = cut_off.pop(0) if cut_off else history.ask(queue.jobs)
            each = history.experiment(trial)
            trials[each.name] = trial
            queue.add(each)
        ended = queue.next()
        if ended is None:
            return
        each, why = ended
        trial = trials.pop(each.name)
        if why is None:
            dice = Result(each, queue.finished(each)).dice
            study.tell(trial, dice)
            print(
                f"{each.name}: valid Dice {dice:.3f}, best {study.best_value:.3f}, "
                f"{trial.number + 1} of {total}: {_settings(trial.params)}",
                flush=True,
            )
            continue
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        print(f"{each.name}: failed: {why}", file=sys.stderr, flush=True)
        if not history.done():
            raise UserError(f"{each.name}: no trial has succeeded so far; mend that before going on")


def report(history: History) -> None:
    """Print the best trials, how to run the best again, and where the history is."""
    keys = list(history.search.space)
    rows = [["trial", "valid Dice", *(f"`{key}`" for key in keys)], ["---:"] * (2 + len(keys))]
    best = history.done()[:BEST]
    for trial in best:
        values = [_short(trial.params[key]) for key in keys]
        rows.append([str(trial.number), f"{trial.value:.3f}", *values])
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))
    again = history.rebuilt(best[0].params, f"{history.path.stem}-best")
    print(f"\nthe best again, here: {shlex.join(['dvc', 'exp', 'run', *again.arguments()])}")
    print(f"its results: {history.path.stem}-{best[0].number} in dvc exp show; all trials: {history.file}")


def _settings(values: dict[str, Any]) -> str:
    return ", ".join(f"{key} {_short(value)}" for key, value in values.items())


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    run(main)
