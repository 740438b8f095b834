"""The page that `dvc plots show` fills: a report that opens without internet.

`tumorseg page .dvc/plots/offline.html` writes it, and
`dvc config --local plots.html_template plots/offline.html` has DVC use it.
DVC's own page loads Vega from the internet; here it is inlined, from the package vl-convert.

contents.json holds the sections from top to bottom, and the glossary. All figures of a section come from
one stage, whose rows say which data they were made from: so the page can tell where a section is of other
data than the rest. A figure is the id of its plot (of a picture: its path, with _ for / and dots), a title,
where the plot brings none, and a note below it.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
# One script: each file has one concern, and the last one begins the work.
SCRIPTS = (
    *("dom", "rows", "text", "outlines", "dialog", "slice_view", "slices", "pictures", "vega", "layout"),
)


def page() -> str:
    """The page, with DVC's placeholder for the plots and all that it needs to draw them."""
    import vl_convert  # here, since other pages share the parts and need no Vega

    parts = {
        "{style}": part("style.css"),
        "{code}": "\n".join(part(f"{name}.js") for name in SCRIPTS),
        "{contents}": part("contents.json"),
        "{vega}": vl_convert.javascript_bundle(),  # type: ignore[call-arg]  # its stub knows no default
    }
    text = part("page.html")
    for placeholder, filling in parts.items():
        text = text.replace(placeholder, filling)
    return text


def part(name: str) -> str:
    """A file of this folder, which other pages share: style, scripts."""
    return (FOLDER / name).read_text(encoding="utf-8")
