"""What a training prints, and what it refuses."""

from dataclasses import replace

import pytest
import torch
from support.training import recipe, run

from tumorseg.errors import UserError


def test_a_long_epoch_says_in_a_log_how_far_it_is(prepared, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tumorseg.training.fitting.SECONDS_BETWEEN_LINES", 0.0)
    run(recipe("simple_cnn", epochs=1), prepared, tmp_path)
    lines = capsys.readouterr().out.splitlines()
    # 12 training and 6 validation slices in batches of 4.
    assert lines[:5] == [
        *(f"simple_cnn 1/1: train batch {batch} of 3" for batch in (1, 2, 3)),
        *(f"simple_cnn 1/1: valid batch {batch} of 2" for batch in (1, 2)),
    ]
    assert lines[5].startswith("simple_cnn 1/1: loss ")


def test_a_quick_epoch_is_one_line(prepared, tmp_path, capsys):
    run(recipe("simple_cnn", epochs=2), prepared, tmp_path)
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_diverged_net_is_one_line(prepared, tmp_path):
    made = recipe("simple_cnn")
    with pytest.raises(UserError, match=r"simple_cnn: the \w+ loss is nan; lower train\.lr"):
        run(replace(made, train=made.train.model_copy(update={"lr": 1e30})), prepared, tmp_path)
    assert not (tmp_path / "model").exists()


def test_a_machine_without_a_gpu_says_so_in_one_line(prepared, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    made = recipe("simple_cnn")
    made = replace(made, compute=made.compute.model_copy(update={"accelerator": "gpu"}))
    with pytest.raises(UserError, match=r"compute\.accelerator: this machine has no gpu; choose auto or cpu"):
        run(made, prepared, tmp_path)
