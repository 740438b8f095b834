import pytest

from tumorseg import progress as module
from tumorseg.progress import progress


def test_a_quick_loop_says_nothing(capsys):
    assert list(progress([1, 2, 3], "counting")) == [1, 2, 3]
    assert capsys.readouterr().out == ""


def test_a_slow_loop_says_how_far_it_is_and_when_it_is_done(capsys, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr(module, "SECONDS_WORTH_SAYING", 0.0)
    assert list(progress(iter("ab"), "counting", total=2)) == ["a", "b"]
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines[:2]] == ["counting: 1/2", "counting: 2/2"]
    assert lines[2].startswith("counting: 2 done in ")


def test_a_loop_that_breaks_is_not_called_done(capsys, monkeypatch):
    def broken():
        yield 1
        raise ValueError("broken")

    monkeypatch.setattr(module, "SECONDS_WORTH_SAYING", 0.0)
    with pytest.raises(ValueError, match="broken"):
        list(progress(broken(), "looping"))
    assert "done" not in capsys.readouterr().out
