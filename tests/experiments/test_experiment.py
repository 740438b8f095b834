"""What an experiment asks of DVC, and which params its scores follow from."""

from typing import Any

import pytest

from tumorseg.errors import UserError
from tumorseg.experiments.experiment import Experiment, experiment
from tumorseg.overrides import override

MODELS = {"a": {"width": 1}, "b": {"width": 2}, "c": {"width": 3}, "d": {"width": 4}}
ENSEMBLES = {
    **{"both": {"first": "a", "second": "b"}, "all": {"first": "both", "second": "c"}},
    "other": {"first": "c", "second": "d"},
}
RULE = {"beta": 1.0, "neighbors": 0, "per_slice": False}


def run(
    model: str, models: dict[str, Any] = MODELS, rule: dict[str, Any] = RULE, **ensembles: dict[str, str]
) -> Experiment:
    """An experiment of these params, which has these ensembles, too."""
    values = {"data": "x", "datasets": {"x": 1}, "seed": 0, "audit": {}, "compute": {"workers": 0}}
    values["evaluate"] = rule
    return Experiment("e", model, (), values | {"models": models, "ensembles": ENSEMBLES | ensembles}, ())


def test_the_last_argument_is_the_stage_that_scores():
    assert [run(model).arguments() for model in ("a", "both", "all")] == [
        ["evaluate@a"],
        ["ensemble@both"],
        ["ensemble@all"],
    ]


def test_the_digest_of_a_model_knows_no_ensembles():
    assert run("a").digest() == run("a", both={"first": "b", "second": "a"}).digest()


def test_the_digest_knows_what_is_added_and_not_what_might_be():
    """Or folds in docs/results, which are known by it, would be run anew for each param to come."""
    known = run("a").digest()
    assert run("a", rule=RULE | {"siblings": 0, "valid_votes": False}).digest() == known
    assert run("a", rule=RULE | {"neighbors": 8}).digest() != known
    assert run("a", rule=RULE | {"beta": 2.0}).digest() != known


@pytest.mark.parametrize("model", ["both", "all"])
def test_the_digest_of_an_ensemble_is_of_all_that_it_is_made_of_and_of_nothing_else(model):
    known = run(model).digest()
    assert run(model, MODELS | {"d": {"width": 9}}, other={"first": "d", "second": "c"}).digest() == known
    assert run(model, MODELS | {"b": {"width": 9}}).digest() != known
    assert run(model, both={"first": "a", "second": "c"}).digest() != known
    assert run("both").digest() != run("all").digest() != run("c").digest()


def test_an_arm_may_set_the_ensemble_that_it_is_about(root, monkeypatch):
    monkeypatch.chdir(root)
    entry = {"first": "unet", "second": "resnet"}
    wanted = experiment("x", "both", {"+ensembles.both": entry})
    assert wanted.values["ensembles"] == {"both": entry}
    assert wanted.values["model"] == "both"
    assert wanted.arguments() == [
        *("-S", override("+ensembles.both", entry), "-S", "model=both", "ensemble@both"),
    ]
    with pytest.raises(UserError, match=r"^ensembles.both.second: 'vnet' is not one of simple_cnn, "):
        experiment("x", "both", {"+ensembles.both": entry | {"second": "vnet"}})
