"""tumorseg table"""

from pathlib import Path
from typing import Annotated

import typer


def table(file: Annotated[Path, typer.Argument(show_default=False, help="docs/results/NAME.json")]) -> None:
    """Print a study as a Markdown table.

    \b
    Example:
      tumorseg table docs/results/phantom_augment.json
    """
    from tumorseg.experiments.study_file import read_study
    from tumorseg.experiments.table import markdown

    typer.echo(markdown(read_study(file)))
