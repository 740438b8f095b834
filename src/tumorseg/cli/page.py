"""tumorseg page"""

from pathlib import Path
from typing import Annotated

import typer


def page(file: Annotated[Path, typer.Argument(show_default=False, help="HTML file to write.")]) -> None:
    """Write the offline page that `dvc plots show` fills.

    \b
    Example:
      tumorseg page .dvc/plots/offline.html
      dvc config --local plots.html_template plots/offline.html
    """
    from tumorseg.files import write_text
    from tumorseg.page import page as template

    write_text(file, template())
