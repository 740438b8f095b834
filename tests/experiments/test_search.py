"""What a search draws."""

import optuna
import pytest

from tumorseg.experiments.search import NumberedSampler

TRIALS = 14  # more than the ten that TPE draws at random


def draws(seed: int) -> list[dict[str, object]]:
    """The values of each trial of a search whose scores depend on them alone."""
    study = optuna.create_study(sampler=NumberedSampler(seed), direction="maximize")
    for number in range(TRIALS):
        study.enqueue_trial({}, user_attrs={"run": f"x-{number}", "turn": 0})

    def score(trial: optuna.Trial) -> float:
        rate, loss = trial.suggest_float("lr", 1e-4, 1e-1, log=True), trial.suggest_categorical("loss", "abc")
        return rate + (loss == "b") - abs(trial.suggest_int("width", 1, 50) - 20) / 50

    study.optimize(score, n_trials=TRIALS)
    return [trial.params for trial in study.trials]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_the_same_seed_draws_the_same_again_and_another_does_not():
    once = draws(seed=3)
    assert draws(seed=3) == once
    assert all(one != two for one, two in zip(draws(seed=4), once, strict=True))
