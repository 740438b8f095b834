"""tumorseg search"""

from typing import Annotated

import typer

from tumorseg.cli.options import File, Jobs, Remote, Storage


def search(
    file: File,
    trials: Annotated[
        int | None,
        typer.Option(min=1, show_default=False, help="How many in all; otherwise as the file says."),
    ] = None,
    jobs: Jobs = 1,
    storage: Storage = None,
    remote: Remote = None,
) -> None:
    """Search for the values with the best valid Dice.

    After an interruption the same command goes on.

    \b
    Examples:
      tumorseg search studies/search_unet.yaml
      tumorseg search studies/search_unet.yaml --trials 30 --jobs 2
    """
    from tumorseg.experiments.search import run_search
    from tumorseg.experiments.worker import Options

    raise typer.Exit(run_search(file, trials, Options(jobs, storage, remote)))
