"""tumorseg study"""

from typing import Annotated

import typer

from tumorseg.cli.options import File, Jobs, Remote, Storage


def study(
    file: File,
    arms: Annotated[list[str] | None, typer.Argument(show_default=False, help="Run these alone.")] = None,
    jobs: Jobs = 1,
    storage: Storage = None,
    remote: Remote = None,
) -> None:
    """Run a study's arms and compare them on valid.

    The results go to docs/results, as NAME.json and NAME.png. After an interruption the same command goes on;
    what has been run costs nothing.

    \b
    Examples:
      tumorseg study studies/phantom_augment.yaml
      tumorseg study studies/flagship.yaml pair seed1 --jobs 2
      tumorseg study studies/unet.yaml --storage postgresql://me@host/studies --remote origin
    """
    from tumorseg.experiments.study import run_study
    from tumorseg.experiments.worker import Options

    raise typer.Exit(run_study(file, arms or [], Options(jobs, storage, remote)))
