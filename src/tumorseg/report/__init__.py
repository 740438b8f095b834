"""The model that the pipeline delivers, at paths that do not change with its name, and what it is worth."""

import math
import shutil
from pathlib import Path
from typing import Any

from tumorseg.files import atomic_folder, write_json
from tumorseg.identity import Identity, check_same
from tumorseg.reading import read_json, reading
from tumorseg.report.context import BASELINES, context_of
from tumorseg.report.statement import statement
from tumorseg.scores_file import Scores, headline, read_scores

BACK = "After dvc exp run -S, this goes back to what is committed: git restore . && dvc checkout"


def report_model(
    name: str,
    *,
    details: Path,
    audit: Path,
    evaluated: Path,
    selected: Path,
    stated: Path,
    plots: Path,
) -> None:
    """Put model `name`'s scores and plots where `dvc metrics diff` and `dvc plots diff` compare them.

    Args:
        name: Of the model.
        details: Its scores, see `scores_file`.
        audit: JSON file, as written by `audit.audit`.
        evaluated: The model's folder of plots, as written by `evaluation.evaluate_model`.
        selected: JSON file: `scores_file.headline`, and `copy_dice`, the Dice on test of copying the mask of
            the most similar training slice. DVC shows these few figures and no others.
        stated: JSON file: the name, the data (`prepared`), and what the score is worth, in words
            (`statement`) and in figures (the keys of `context_of`).
        plots: Folder for the plots, statement.json and levels.json.

    Raises:
        UserError: The scores or the audit are missing or malformed, or are of other data than each other.
    """
    scores, facts = read_scores(details), read_json(audit)
    identity = scores.prepared
    with reading(audit):
        audited, context = Identity(**facts["prepared"]), context_of(scores.test, facts)
    check_same(identity, details, audited, audit)
    sentences = statement(name, scores, context)
    with atomic_folder(plots) as folder:
        shutil.copytree(evaluated, folder, dirs_exist_ok=True)
        rows = [{"model": name, "sentence": sentence} for sentence in sentences]
        write_json(folder / "statement.json", identity.rows(rows))
        write_json(folder / "levels.json", identity.rows(levels(name, scores, context)))
    about = {"model": name, "prepared": identity.model_dump(), "statement": sentences}
    write_json(stated, {**about, **context})
    copied = context["baselines"]["nearest_mask_dice"]["pooled"]
    write_json(selected, {**headline(name, scores), "copy_dice": copied})
    print(" ".join(sentences))
    print(BACK)


def levels(name: str, scores: Scores, context: dict[str, Any]) -> list[dict[str, Any]]:
    """A row each: the model's Dice and its 95 % interval, what needs no learning, what labels allow."""
    bounds = scores.test.dice_interval
    rows = [{"name": name, "kind": "model", "dice": scores.test.dice, "low": bounds.low, "high": bounds.high}]
    agreement, baselines = context["agreement"], context["baselines"]
    words = {"copy": "most similar slice's mask", "mean": "mean training mask"}
    for (kind, label), key in zip(words.items(), BASELINES, strict=True):
        rows.append(
            {"name": label, "kind": kind, "dice": baselines[key]["pooled"], "low": None, "high": None}
        )
    allowed = agreement["ceiling"]["net"]
    if not math.isnan(allowed["dice"]):
        rows.append({"name": "what labels allow", "kind": "labels", **allowed})
    elif not math.isnan(agreement["dice"]):
        alike = {"dice": agreement["dice"], "low": None, "high": None}
        rows.append({"name": "labels of alike slices", "kind": "labels", **alike})
    return rows
