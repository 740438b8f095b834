"""tumorseg check"""

import typer

from tumorseg.cli.options import Net


def check(model: Net = "delivered") -> None:
    """Check that a delivered net is whole, and that it gives here what it gave where it was made.

    Compares digests, reads the contract, and predicts the sample slices by torch and, where there is a
    model.onnx, by onnxruntime. What is not installed is left out, and said.

    \b
    Examples:
      tumorseg check
      tumorseg check small
    """
    from tumorseg.delivery.check import check_net
    from tumorseg.delivery.fetch import model_folder

    with model_folder(model) as folder:
        for line in check_net(folder):
            typer.echo(line)
