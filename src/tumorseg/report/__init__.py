"""The model that the pipeline delivers, at paths that do not change with its name, and what it is worth."""

import shutil
from pathlib import Path

from tumorseg.files import atomic_folder, read_json, write_json
from tumorseg.report.card import draw_statement
from tumorseg.report.context import context_of
from tumorseg.report.statement import statement
from tumorseg.scores_file import read_scores


def report_model(name: str, *, metrics: Path, audit: Path, evaluated: Path, out: Path, plots: Path) -> None:
    """Put model `name`'s scores and plots where `dvc metrics diff` and `dvc plots diff` compare them.

    Args:
        name: Of the model.
        metrics: Its scores, see `scores_file`.
        audit: JSON file, as written by `audit.audit`.
        evaluated: The model's folder of plots, as written by `evaluation.evaluate_model`.
        out: JSON file: the name, what the score is worth in words (`statement`) and in figures (the keys of
            `context_of`), then the scores as they are in `metrics`.
        plots: Folder for the plots, and for statement.png.

    Raises:
        UserError: The metrics file is missing or malformed.
    """
    scores = read_scores(metrics)
    context = context_of(scores.test, read_json(audit))
    sentences = statement(name, scores, context)
    with atomic_folder(plots) as folder:
        shutil.copytree(evaluated, folder, dirs_exist_ok=True)
        draw_statement(folder / "statement.png", name, scores.test, context["baselines"], sentences)
    # A list, since DVC shows every string of a metrics file in its tables, however long.
    write_json(out, {"model": name, "statement": sentences, **context, **read_json(metrics)})
    print(" ".join(sentences))
