"""Several nets as one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from support.training import recipe, run

from tumorseg.models.artifact import load_model
from tumorseg.models.ensemble import Ensemble
from tumorseg.models.predict import to_probabilities


class Says(torch.nn.Module):
    """A net that says the same of every slice."""

    def __init__(self, *logits: float) -> None:
        super().__init__()
        self.logits = torch.tensor(logits).view(1, -1, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.logits.expand(len(x), -1, *x.shape[2:])


@pytest.mark.parametrize(
    ("one", "other"), [([0.0], [np.log(3)]), ([0.0, 0.0, 0.0], [np.log(2), 0.0, -np.log(2)])]
)
def test_probabilities_are_averaged(one, other):
    slices = torch.zeros(2, 1, 4, 4)
    said = to_probabilities(Ensemble([Says(*one), Says(*other)])(slices))[0, :, 0, 0]
    # (½ + ¾) / 2; a third each, and 4/7, 2/7 and 1/7.
    expected = [0.625] if len(one) == 1 else [(1 / 3 + part / 7) / 2 for part in (4, 2, 1)]
    np.testing.assert_allclose(said, expected, rtol=1e-5)


def test_members_are_the_nets_of_the_next_seeds(prepared, tmp_path):
    made = recipe("simple_cnn", epochs=2)
    singles = [replace(made, seed=seed) for seed in (4, 5)]
    for seed, single in enumerate(singles):
        run(single, prepared, tmp_path / str(seed))
    both = replace(singles[0], model=made.model.model_copy(update={"members": 2}))
    run(both, prepared, tmp_path / "both")
    weights = load_file(tmp_path / "both/model/weights.safetensors")
    curves = pd.read_csv(tmp_path / "both/curves.csv")
    alone = [pd.read_csv(tmp_path / f"{seed}/curves.csv") for seed in (0, 1)]
    for seed in (0, 1):
        for name, value in load_file(tmp_path / f"{seed}/model/weights.safetensors").items():
            assert torch.equal(weights[f"members.{seed}.{name}"], value)
    np.testing.assert_allclose(curves.best_dice, (alone[0].best_dice + alone[1].best_dice) / 2)
    assert list(curves.columns) == list(alone[0].columns)
    net, info = load_model(tmp_path / "both/model")
    assert (info.members, info.parameters) == (2, 2 * 27169)
    assert isinstance(net, Ensemble)
    assert not net.training
