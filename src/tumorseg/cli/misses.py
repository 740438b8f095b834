"""tumorseg misses"""

from pathlib import Path
from typing import Annotated

import typer

from tumorseg.cli.options import File


def misses(
    file: File,
    arm: Annotated[str, typer.Argument(show_default=False, help="The arm whose slices are looked at.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder to write; an earlier one there is replaced.")
    ] = Path("misses"),
) -> None:
    """Say what the slices have in common in which a cross-validation's nets miss the tumour.

    Size, place, contrast, how far the label agrees with its neighbours', likeness to train: Dice in the
    thirds of each, and which tells missed slices best. A picture shows the worst of each.

    \b
    Example:
      tumorseg misses studies/cv_phantom.yaml small
    """
    from tumorseg.experiments.misses.run import find_misses

    typer.echo(find_misses(file, arm, out))
    typer.echo(f"\nThe slices: {(out / 'misses.png').resolve()}")
