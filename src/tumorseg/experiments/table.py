"""A study as a Markdown table."""

import json
from collections.abc import Collection
from typing import Any

import numpy as np

from tumorseg.experiments.study_file import ArmResults, Difference, StudyResults
from tumorseg.text import markdown_table, signed, value_text

LEFT = {"arm", "what differs", "95 % interval"}
NOTE = (
    "¹ Interval and p seem to contradict each other, but answer two questions: "
    "the interval is of this pair alone, p is corrected for all pairs of the study."
)


def markdown(study: StudyResults, arms: Collection[str] = (), columns: Collection[str] = ()) -> str:
    """The arms of a study in the order of the file as a Markdown table; nothing of it is of test.

    A difference that is more than chance is bold. Lines below say why an interval and a p-value seem to
    contradict each other, and where arms ran on different machines.

    Args:
        study: What a study gave.
        arms: Those to show; all where empty.
        columns: Titles of those to show; all where empty.
    """
    shown = {name: arm for name, arm in study.arms.items() if not arms or name in arms}
    rows = [_row(name, arm, study) for name, arm in shown.items()]
    header = [title for title in rows[0] if not columns or title in columns] if rows else []
    table = markdown_table(header, [[row[title] for title in header] for row in rows], {*header} - LEFT)
    differences = [arm.difference.pooled for arm in shown.values() if arm.difference]
    notes = [NOTE] * any(each.seems_contradictory for each in differences) + _mixed(shown)
    return "\n".join([table, *(f"\n{note}" for note in notes)])


def what_differs(model: str, settings: dict[str, Any]) -> str:
    """An arm's model, and what the arm sets; its name stands for the entry of that name that it makes."""
    own = (f"+models.{model}", f"+ensembles.{model}")
    cells = [f"{key}: {json.dumps(value)}" for key, value in settings.items() if key not in own]
    return ", ".join(f"`{cell}`" for cell in [model, *cells])


def _row(name: str, arm: ArmResults, study: StudyResults) -> dict[str, str]:
    """The cells by title of column."""
    pooled, mean = (arm.difference.pooled, arm.difference.mean) if arm.difference else (None, None)
    without = "none: reference not run" if study.reference in study.missing else "none: cannot be paired"
    return {
        "arm": f"`{name}`",
        "what differs": what_differs(arm.model, arm.set),
        "parameters": f"{arm.parameters:,}" if arm.parameters else "none",
        "epochs": str(arm.epochs),
        "valid Dice": value_text(arm.dice),
        "difference": difference_text(pooled) or ("reference" if name == study.reference else without),
        "95 % interval": _interval(pooled),
        "p (Holm)": _p(pooled),
        "mean of slices": value_text(arm.mean_dice),
        "difference of means": difference_text(mean),
        "Dice at 0.5": value_text(arm.dice_at_half),
    }


def _mixed(arms: dict[str, ArmResults]) -> list[str]:
    """A line where the arms were not all run on one kind of machine with as many threads."""
    places: dict[str, list[str]] = {}
    for name, arm in arms.items():
        if arm.machine:  # unknown of experiments that were not run by this program
            places.setdefault(f"{arm.machine}, threads: {arm.threads}", []).append(f"`{name}`")
    return mixed_places({place: ", ".join(names) for place, names in places.items()})


def mixed_places(ran: dict[str, str]) -> list[str]:
    """A line on what ran where, by machine and threads; none where all ran in one place."""
    listed = "; ".join(f"{place} ({what})" for place, what in ran.items())
    return [f"Several machines, so that last digits may differ: {listed}."] * (len(ran) > 1)


def difference_text(of: Difference | None) -> str:
    """With its sign, bold where it is more than chance; nothing of nothing."""
    if of is None:
        return ""
    return f"**{signed(of.difference, 3)}**" if of.is_firm else signed(of.difference, 3)


def _interval(of: Difference | None) -> str:
    """`low to high`, or what is known where the slices are too few to be drawn."""
    if of is None:
        return ""
    return "too few slices" if np.isnan(of.low) else f"{signed(of.low, 3)} to {signed(of.high, 3)}"


def _p(of: Difference | None) -> str:
    if of is None or np.isnan(of.p_holm):
        return ""
    text = "< 0.001" if of.p_holm < 0.001 else f"{of.p_holm:.3f}"
    return f"{text} ¹" if of.seems_contradictory else text
