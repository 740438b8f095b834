"""tumorseg view"""

from pathlib import Path
from typing import Annotated

import typer

from tumorseg.cli.options import Net


def view(
    page: Annotated[Path, typer.Option("--page", show_default=False, help="HTML file to write.")],
    model: Net = "delivered",
) -> None:
    """Write a page that runs a delivered net in the browser: drop a slice, see the mask.

    The page needs no internet and sends nothing. Writing it downloads onnxruntime-web (33 MB), once.

    \b
    Example:
      tumorseg view small --page net.html
    """
    from tumorseg.delivery.browser import browser_page
    from tumorseg.delivery.fetch import model_folder
    from tumorseg.files import write_text

    with model_folder(model) as folder:
        write_text(page, browser_page(folder))
    print(f"{page}: {page.stat().st_size / 1e6:.0f} MB; open it in a browser and drop a slice in")
