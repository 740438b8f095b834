"""tumorseg cv"""

from typing import Annotated

import typer

from tumorseg.cli.options import File, Jobs, Remote, Storage


def cv(
    file: File,
    arms: Annotated[list[str] | None, typer.Argument(show_default=False, help="Run these alone.")] = None,
    jobs: Jobs = 1,
    storage: Storage = None,
    remote: Remote = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep folds that docs/results has, which other code may have run.")
    ] = False,
) -> None:
    """Cross-validate: train every fold, and score all slices by nets that have not seen them.

    The results go to docs/results, as NAME.json, NAME.png and, slice by slice, NAME.csv. After an
    interruption the same command goes on; what this commit has run costs nothing, nor with --keep what an
    earlier one has.

    \b
    Examples:
      tumorseg cv studies/cv_phantom.yaml
      tumorseg cv studies/cv_blocks.yaml unet nearest_slice --jobs 2
    """
    from tumorseg.experiments.cv.run import run_cross_validation
    from tumorseg.experiments.worker import Options

    raise typer.Exit(run_cross_validation(file, arms or [], Options(jobs, storage, remote), keep))
