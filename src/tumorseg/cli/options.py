"""Options that several subcommands have."""

from pathlib import Path
from typing import Annotated, Literal

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
Model = Annotated[
    str,
    typer.Option(help="The delivered net: a folder, a name in pretrained/, a zip file, or REPO@VERSION."),
]
Runtime = Annotated[Literal["torch", "onnx"], typer.Option(help="What runs the net; onnx needs no torch.")]
Device = Annotated[
    Literal["auto", "cpu", "gpu", "mps"], typer.Option(help="Of torch; auto: a GPU where there is one.")
]
Net = Annotated[
    str,
    typer.Argument(help="The delivered net: a folder, a name in pretrained/, a zip file, or REPO@VERSION."),
]
Results = Annotated[Path, typer.Argument(show_default=False, help="A folder that predict has written.")]
