"""tumorseg table"""

from pathlib import Path
from typing import Annotated

import typer


def table(file: Annotated[Path, typer.Argument(show_default=False, help="The study's study.json.")]) -> None:
    """Print a study as a Markdown table.

    \b
    Example:
      tumorseg table docs/results/phantom_augment/study.json
    """
    from tumorseg.experiments.table import read_table

    typer.echo(read_table(file))
