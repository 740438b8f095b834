"""tumorseg table"""

from pathlib import Path
from typing import Annotated

import typer


def table(file: Annotated[Path, typer.Argument(show_default=False, help="docs/results/NAME.json")]) -> None:
    """Print a study or a cross-validation as Markdown tables.

    \b
    Examples:
      tumorseg table docs/results/phantom_augment.json
      tumorseg table docs/results/cv_phantom.json
    """
    from tumorseg.experiments.render import render

    typer.echo(render(file))
