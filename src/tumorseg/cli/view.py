"""tumorseg view"""

from pathlib import Path
from typing import Annotated

import typer


def view(
    page: Annotated[Path, typer.Option("--page", show_default=False, help="HTML file to write.")],
    model: Annotated[Path, typer.Argument(help="Folder of a delivered net.")] = Path("delivered"),
) -> None:
    """Write a page that runs a delivered net in the browser: drop a slice, see the mask.

    The page needs no internet and sends nothing. Writing it downloads onnxruntime-web (33 MB), once.

    \b
    Example:
      tumorseg view --page net.html
    """
    from tumorseg.delivery.browser import browser_page
    from tumorseg.files import write_text

    write_text(page, browser_page(model))
    print(f"{page}: {page.stat().st_size / 1e6:.0f} MB; open it in a browser and drop a slice in")
