"""tumorseg audit"""

from pathlib import Path
from typing import Annotated

import typer


def side_of(value: int) -> int:
    """Check a side."""
    if value % 32:
        raise typer.BadParameter(f"{value} is no multiple of 32")
    return value


def audit(
    path: Annotated[
        str, typer.Argument(show_default=False, help="A zip file, a folder or an http(s) address.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder to write; an earlier audit there is replaced.")
    ] = Path("audit"),
    category: Annotated[
        list[str] | None,
        typer.Option(
            show_default=False, help="A category that counts as tumour; once for each. Default: all."
        ),
    ] = None,
    image_size: Annotated[
        int,
        typer.Option(
            min=32, max=1024, callback=side_of, help="Side that slices are worked on at, in pixels."
        ),
    ] = 128,
) -> None:
    """Say what is wrong with a set, or odd about it, before anything is trained.

    Writes a page, index.html, with findings in plain words, pictures, and lists of what to look at. Needs no
    params.yaml and no DVC, and leaves data/, metrics/ and plots/ alone.

    \b
    Examples:
      tumorseg audit /path/to/export.zip
      tumorseg audit /path/to/folder -o look --category glioma --category meningioma
    """
    from tumorseg.first_look import first_look

    page = first_look(path, out, categories=category, image_size=image_size)
    typer.echo(f"The page: {page.resolve()}")
