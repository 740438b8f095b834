"""tumorseg info"""

from pathlib import Path

import typer

from tumorseg.cli.options import Net


def info(model: Net = Path("delivered")) -> None:
    """Print what a delivered net is, expects and is worth, on one screen.

    \b
    Examples:
      tumorseg info
      tumorseg info nets/v1
    """
    from tumorseg.delivery.info import describe

    typer.echo(describe(model))
