"""tumorseg statement"""

import typer


def statement() -> None:
    """Print what the selected model's score is worth.

    \b
    Example:
      tumorseg statement
    """
    from pathlib import Path

    from tumorseg.statement_file import read_statement

    typer.echo("\n".join(read_statement(Path("metrics/statement.json"))))
