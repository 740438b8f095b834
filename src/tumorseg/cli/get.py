"""tumorseg get"""

from pathlib import Path
from typing import Annotated

import typer


def get(
    repository: Annotated[
        str,
        typer.Argument(
            show_default=False, help="REPO or REPO@VERSION: a path or address, a tag or revision."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", show_default=False, help="The new folder.")],
) -> None:
    """Fetch the delivered net of a repository, and check it.

    \b
    Examples:
      tumorseg get ../tumorseg -o nets/latest
      tumorseg get https://example.org/tumorseg.git@v1.0.0 -o nets/v1
    """
    from tumorseg.delivery.check import check_net
    from tumorseg.delivery.fetch import get

    get(repository, out)
    for line in check_net(out):
        typer.echo(line)
