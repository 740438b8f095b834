"""tumorseg measure"""

import typer

from tumorseg.cli.options import Results


def measure(results: Results) -> None:
    """Measure masks anew that were corrected by hand.

    Reads masks/ and writes predictions.csv, lesions.csv, the COCO annotations and index.html again. Volumes
    in series/ of masks that have changed are deleted; the same call of predict writes them anew.

    \b
    Example:
      tumorseg measure results
    """
    from tumorseg.delivery.measure import measure_masks

    done = measure_masks(results)
    made = f"tables and annotations in {results} are of them now"
    typer.echo(f"{done.changed} of {done.masks} masks have changed; {made}")
    if done.deleted:
        typer.echo(
            f"volumes of the old masks in series/, now deleted: {done.deleted}; "
            "the same call of predict writes them of the new masks"
        )
    if done.kept:
        typer.echo(f"volumes in series/ that may have been corrected by hand, left as they are: {done.kept}")
