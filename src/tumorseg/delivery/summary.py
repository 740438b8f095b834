"""What a call of `predict` ends with: its summary and its exit status."""

from pathlib import Path
from typing import Any

from tumorseg.delivery.outputs.words import in_words
from tumorseg.delivery.run import Counts

DONE, NOTHING, SOME_FAILED, WARNED = 0, 1, 3, 4  # 2 is wrong usage
MOST_FAILURES = 10  # that are named; failures.csv has all


def summary(counts: Counts, folder: Path) -> str:
    """How many, with how much, what to mind, and where to look."""
    tumor = f"tumour in {counts.with_tumor}"
    lines = [f"{_of(counts.slices, 'slice')} of {_of(counts.inputs, 'input')}: {tumor}"]
    if counts.skipped:
        lines.append(f"done before: {_of(counts.skipped, 'input')}")
    for code, number in sorted(counts.warnings.items()):
        lines.append(f"warning {code}, {_of(number, 'slice')}: {in_words(code)}")
    if counts.others:
        lines.append(
            f"earlier calls: {_of(counts.others, 'input')} not among these; the results stay "
            "(--overwrite makes all anew)"
        )
    for name, why in counts.failures[:MOST_FAILURES]:
        lines.append(f"failed {name}: {why}")
    if more := len(counts.failures) - MOST_FAILURES:
        lines += [f"failed: {more} more, see failures.csv"] if more > 0 else []
    page = folder / "index.html"
    lines.append(f"look at {page if page.exists() else folder}")
    return "\n".join(lines)


def as_dict(counts: Counts) -> dict[str, Any]:
    """The same for programs."""
    return {
        "inputs": counts.inputs,
        "slices": counts.slices,
        "with_tumor": counts.with_tumor,
        "done_before": counts.skipped,
        "of_earlier_calls": counts.others,
        "warnings": dict(sorted(counts.warnings.items())),
        "failures": [{"name": name, "why": why} for name, why in counts.failures],
    }


def status_of(counts: Counts, strict: bool) -> int:
    """The exit status."""
    if counts.failures:
        return SOME_FAILED if counts.slices else NOTHING
    return WARNED if strict and counts.warnings else DONE


def _of(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
