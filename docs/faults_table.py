"""The table of faults in docs/faults.md, made from the package's own list."""

from pathlib import Path

from tumorseg.sources.faults import KINDS
from tumorseg.text import markdown_table


def faults(root: Path) -> str:
    """Every kind of fault with what it says, in the order of the summary."""
    return markdown_table(["kind", "what it says"], [[f"`{kind}`", text] for kind, text in KINDS.items()])
