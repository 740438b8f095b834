"""Numbers and tables as people read them."""

import math
from collections.abc import Collection, Sequence
from typing import Any


def signed(value: float, digits: int) -> str:
    """So many decimals and a sign: +0.05, −0.44, +0.00; a dash of what is not defined.

    What is rounded to zero keeps its sign: an interval from −0.0003 to +0.010 holds zero and must show it.
    """
    if math.isnan(value):
        return "–"
    return f"{value + 0.0:+.{digits}f}".replace("-", "−")  # −0.0 + 0.0 is 0.0


def value_text(value: float, digits: int = 3) -> str:
    """So many decimals: 0.711; a dash of a score that is not defined."""
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def interval_text(low: float, high: float) -> str:
    """The ends of an interval of a score, with three decimals: 0.711 to 0.767; or why there is none."""
    return "too few groups" if math.isnan(low) else f"{low:.3f} to {high:.3f}"


def counted(number: int, noun: str) -> str:
    """1 slice, 2 slices; of a noun whose plural ends in s."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def label_agreement(agreement: dict[str, Any]) -> str:
    """What score the labels allow, or else how far those of nearly the same picture agree; empty if unknown.

    Args:
        agreement: As of metrics/audit.json.
    """
    net, labels = agreement["ceiling"]["net"], agreement["ceiling"]["labels"]
    if not math.isnan(net["dice"]):
        return (
            f"The labels allow a Dice of about {net['dice']:.2f} ({net['low']:.2f} to {net['high']:.2f}): so "
            "much would a net have that knows every tumour, as two labels of one slice would agree to about "
            f"{labels['dice']:.2f}."
        )
    if math.isnan(agreement["dice"]):
        return ""
    return (
        f"The labels agree with themselves to Dice {agreement['dice']:.2f}, in the median of "
        f"{counted(agreement['pairs'], 'pair')} of slices that are nearly the same picture: of what is "
        "missing to 1, part is that tumours change from slice to slice."
    )


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str] = ()) -> str:
    """A Markdown table; the columns whose titles are in `right` are aligned to the right."""
    rule = ["---:" if title in right else "---" for title in header]
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, rule, *rows])
