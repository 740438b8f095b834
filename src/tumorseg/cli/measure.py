"""tumorseg measure"""

import typer

from tumorseg.cli.options import Results


def measure(results: Results) -> None:
    """Measure masks anew that were corrected by hand.

    Reads masks/ and writes predictions.csv, lesions.csv, the COCO annotations and index.html again.

    \b
    Example:
      tumorseg measure results
    """
    from tumorseg.delivery.measure import measure_masks

    changed, total = measure_masks(results)
    typer.echo(
        f"{changed} of {total} masks have changed; tables and annotations in {results} are of them now"
    )
