"""Options that several subcommands have."""

from pathlib import Path
from typing import Annotated

import typer

File = Annotated[Path, typer.Argument(show_default=False, help="Its file in studies/.")]
Jobs = Annotated[int, typer.Option(min=1, help="How many experiments run at a time; they share the cores.")]
Storage = Annotated[
    str | None,
    typer.Option(
        envvar="TUMORSEG_STORAGE",
        show_default=False,
        help="The queue: postgresql://…, sqlite:///FILE, or the path of a journal file, which NFS may hold. "
        "Default: an SQLite file in .work.",
    ),
]
Remote = Annotated[
    str | None,
    typer.Option(show_default=False, help="The Git remote that results are exchanged by, such as origin."),
]
