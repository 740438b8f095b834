"""tumorseg watch"""

import typer


def watch() -> None:
    """Show the curves of running trainings: dvc_plots/watch.html, drawn again after each epoch.

    Run it in a second terminal. Ctrl-C ends it.

    \b
    Example:
      tumorseg watch
    """
    from pathlib import Path

    from tumorseg.page.watch import watch_trainings

    watch_trainings(Path(), say=typer.echo)
