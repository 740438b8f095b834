"""The tables of bad inputs in docs/robustness.md, from tests/corpus."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from corpus import kinds


def corpus(_: Path) -> str:
    """How many there are; and of each kind, what is wrong and the line that it is refused with."""
    every = kinds()
    parts = [f"{sum(len(kind.cases) for kind in every)} bad inputs of {len(every)} kinds."]
    for kind in every:
        rows = [f"| {_cell(case.what)} | `{_cell(_line(case.line))}` |" for case in kind.cases]
        table = "\n".join(["| what is wrong | `error: …` |", "|---|---|", *rows])
        parts += [f"### {kind.name}", f"{len(kind.cases)}, to {kind.tried}.", table]
    return "\n\n".join(parts)


def _line(line: str) -> str:
    return line.replace("`", "").replace("*", "…")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
