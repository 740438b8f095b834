"""tumorseg info"""

import typer

from tumorseg.cli.options import Net


def info(model: Net = "delivered") -> None:
    """Print what a delivered net is, expects and is worth, on one screen.

    \b
    Examples:
      tumorseg info
      tumorseg info small
    """
    from tumorseg.delivery.fetch import model_folder
    from tumorseg.delivery.info import describe

    with model_folder(model) as folder:
        typer.echo(describe(folder))
