"""A comparison of four models that are made up."""

import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.fourfold import DICE, compare, measure


@pytest.fixture(scope="module")
def measured(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders with all that a comparison reads."""
    root = tmp_path_factory.mktemp("measured")
    measure(root, prepared)
    return root


@dataclass(frozen=True)
class Compared:
    """What a comparison of all four leaves."""

    plots: Path
    board: dict
    printed: str


@pytest.fixture(scope="module")
def compared(measured: Path, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    out = tmp_path_factory.mktemp("compared")
    with redirect_stdout(io.StringIO()) as printed:
        board = compare(measured, out, list(DICE))
    return Compared(out / "plots", board, printed.getvalue())
