"""tumorseg score"""

import json
from pathlib import Path
from typing import Annotated

import typer

from tumorseg.cli.options import Results


def score(
    results: Results,
    truth: Annotated[
        Path, typer.Argument(show_default=False, help="A folder of COCO annotations, or of masks as PNG.")
    ],
    categories: Annotated[
        str | None,
        typer.Option(show_default=False, help="Of COCO, those that are tumour: NAME,NAME. Default: all."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all scores as JSON.")] = False,
) -> None:
    """Score masks of predict against annotations, by the code that evaluates models.

    Writes scores.json and scores.csv, a row a slice, into the folder of the results.

    \b
    Examples:
      tumorseg score results data/raw/test
      tumorseg score results corrected/masks
    """
    from tumorseg.delivery.score import score_masks, score_text

    scores = score_masks(results, truth, categories.split(",") if categories else None)
    typer.echo(json.dumps(scores) if as_json else score_text(scores))
