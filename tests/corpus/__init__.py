"""What users may hand over and the pipeline must refuse: each case, and the line that it is refused with.

`docs/robustness.md` is made of these tables, and `tests/test_robustness.py` tries each of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """One bad input."""

    what: str  # is wrong, in a few words
    line: str  # all that is shown, but for `error: `; * stands for any text
    make: Callable[[Path], object]  # writes it into a folder


@dataclass(frozen=True)
class Kind:
    """Cases of one kind, which the same command refuses."""

    name: str
    tried: str  # how
    cases: list[Case]


def kinds() -> list[Kind]:
    """All of them."""
    from corpus import annotations, archives, intermediates, params, pictures, weights

    return [*params.KINDS, archives.KIND, annotations.KIND, pictures.KIND, weights.KIND, intermediates.KIND]
