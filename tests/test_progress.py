import time

import pytest

from tumorseg import progress as module
from tumorseg.progress import Pulse, progress


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


def test_a_pulse_says_no_more_than_a_line_in_its_time(capsys):
    pulse, start = Pulse(0.2), time.monotonic()
    while time.monotonic() - start < 0.7:
        pulse.beat("alive")
        time.sleep(0.01)
    assert 1 <= len(capsys.readouterr().out.splitlines()) <= 3
    time.sleep(0.2)
    pulse.restart()
    pulse.beat("too early after a line of others")
    assert capsys.readouterr().out == ""


def test_a_terminal_has_a_bar_and_no_pulse(capsys, monkeypatch):
    monkeypatch.setattr(module.sys.stderr, "isatty", lambda: True, raising=False)
    Pulse(0.0).beat("a line")
    assert capsys.readouterr().out == ""
