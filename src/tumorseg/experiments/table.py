"""A study as a Markdown table."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tumorseg.errors import UserError
from tumorseg.files import read_json
from tumorseg.paired import ALPHA
from tumorseg.text import markdown_table, signed

HEADER = ["arm", "what differs", "parameters", "epochs", "valid Dice", "difference", "95 % interval"]
HEADER += ["p (Holm)", "mean of slices", "difference of means", "Dice at 0.5"]
RIGHT = {"parameters", "epochs", "valid Dice", "difference", "p (Holm)", "mean of slices"}
RIGHT |= {"difference of means", "Dice at 0.5"}


def read_table(path: Path) -> str:
    """The table of a study.json.

    Raises:
        UserError: There is none, or it is another file.
    """
    try:
        return markdown(read_json(path))
    except FileNotFoundError:
        raise UserError(f"{path}: not found; run the study first") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{path}: not a study.json") from None


def markdown(study: dict[str, Any]) -> str:
    """The arms of study.json, read as `files.read_json` does, in the order of the file, as a Markdown table.

    A difference that is more than chance is bold. A line below says where arms ran on different machines.
    """
    rows = [_row(name, arm, study) for name, arm in study["arms"].items()]
    return "\n".join([markdown_table(HEADER, rows, RIGHT), *_mixed(study["arms"])])


def _row(name: str, arm: dict[str, Any], study: dict[str, Any]) -> list[str]:
    settings = ", ".join(f"`{key}: {json.dumps(value)}`" for key, value in arm["set"].items())
    difference = ["reference", "", "", ""]
    if name != study["reference"]:
        why = "reference not run" if study["reference"] in study["missing"] else "other slices"
        difference = [f"none: {why}", "", "", ""]
        if isinstance(arm["difference"], dict):
            pooled, mean = arm["difference"]["pooled"], arm["difference"]["mean"]
            difference = [_difference(pooled), _interval(pooled), _p(pooled["p_holm"]), _difference(mean)]
    return [
        f"`{name}`",
        ", ".join(filter(None, [f"`{arm['model']}`", settings])),
        f"{arm['parameters']:,}" if arm["parameters"] else "none",
        str(arm["epochs"]),
        f"{arm['dice']:.3f}",
        *difference[:3],
        f"{arm['mean_dice']:.3f}",
        difference[3],
        f"{arm['dice_at_half']:.3f}",
    ]


def _mixed(arms: dict[str, Any]) -> list[str]:
    """A line where the arms were not all run on one kind of machine with as many threads."""
    places: dict[str, list[str]] = {}
    for name, arm in arms.items():
        if isinstance(arm.get("machine"), str):  # studies of old say nothing of it
            places.setdefault(f"{arm['machine']}, threads: {arm['threads']}", []).append(f"`{name}`")
    if len(places) < 2:
        return []
    listed = "; ".join(f"{place} ({', '.join(names)})" for place, names in places.items())
    return ["", f"Several machines, so that last digits may differ: {listed}."]


def _difference(row: dict[str, float]) -> str:
    text = signed(row["difference"], 3)
    return f"**{text}**" if row["p_holm"] < ALPHA else text


def _interval(row: dict[str, float]) -> str:
    """`low to high`, or what is known where the slices are too few to be drawn."""
    if np.isnan(row["low"]):
        return "too few slices"
    return f"{signed(row['low'], 3)} to {signed(row['high'], 3)}"


def _p(p: float) -> str:
    return "" if np.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"
