"""Write docs/params.md, and the tables of figures in README.md and docs: python docs/generate.py [--check]

A table stands between two markers, each on a line of its own: `<!-- table: NAME ARGUMENTS -->` and
`<!-- /table -->`. NAME is one of TABLES. With --check nothing is written: the files that are not
current are named, and the exit status is 1.
"""

import re
import sys
from pathlib import Path

from corpus_table import corpus
from faults_table import faults
from models_table import models
from params_page import page
from tables import TABLES as FIGURES

ROOT = Path(__file__).parent.parent
TABLES = {**FIGURES, "models": models, "faults": faults, "corpus": corpus}
OPENING = re.compile(r"^<!-- table: (.+) -->$", re.MULTILINE)
TABLE = re.compile(r"^<!-- table: ([^\n]+) -->\n(.*?)^<!-- /table -->$", re.MULTILINE | re.DOTALL)


def fill(text: str, root: Path) -> str:
    """Put the current table between each pair of markers of a Markdown text.

    Raises:
        ValueError: A table is never closed, or is not one of TABLES.
    """

    def current(match: re.Match[str]) -> str:
        name, *arguments = match[1].split()
        if name not in TABLES:
            raise ValueError(f"table {name!r} is not one of {', '.join(TABLES)}")
        return f"<!-- table: {match[1]} -->\n\n{TABLES[name](root, *arguments)}\n\n<!-- /table -->"

    if len(OPENING.findall(text)) > len(TABLE.findall(text)):
        raise ValueError("a table is not closed by <!-- /table -->")
    return TABLE.sub(current, text)


def generated(root: Path) -> dict[Path, str]:
    """The current content of every file that is generated, or has generated tables."""
    contents = {root / "docs" / "params.md": page(root)}
    for path in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        if OPENING.search(text):
            try:
                contents[path] = fill(text, root)
            except ValueError as error:
                raise ValueError(f"{path.relative_to(root)}: {error}") from None
    return contents


def main(check: bool, root: Path = ROOT) -> int:
    """Write what is not current, or with `check` only name it; the exit status."""
    stale = {
        path: text
        for path, text in generated(root).items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for path, text in stale.items():
        name = path.relative_to(root)
        if check:
            print(f"{name}: not current; run make tables", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
