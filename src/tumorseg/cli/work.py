"""tumorseg work"""

from typing import Annotated

import typer

from tumorseg.cli.options import File, Jobs, Remote, Storage


def work(
    file: File,
    jobs: Jobs = 1,
    storage: Storage = None,
    remote: Remote = None,
    retake: Annotated[
        bool,
        typer.Option("--retake", help="Run again what others seem to run: you know that they are dead."),
    ] = False,
) -> None:
    """Help with a study, search or cross-validation that others have begun.

    Runs what waits, until nothing does. Every machine needs a clone at the same commit.

    \b
    Examples:
      tumorseg work studies/unet.yaml --storage postgresql://me@host/studies --remote origin
      srun --ntasks 8 tumorseg work studies/unet.yaml --storage /shared/unet.journal --remote origin
    """
    from tumorseg.experiments.work import run_worker
    from tumorseg.experiments.worker import Options

    raise typer.Exit(run_worker(file, Options(jobs, storage, remote), retake))
