"""The page of a first look: one file that opens offline, in light or dark."""

import base64
import csv
import math
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from tumorseg.errors import UserError
from tumorseg.files import write_text
from tumorseg.identity import Identity
from tumorseg.overrides import override
from tumorseg.page import part
from tumorseg.sources.archive import is_address

TEMPLATE = Path(__file__).with_name("page.html")
MOST_MENDED = 200  # rows of mended.csv on the page; the file has all
PICTURES = {
    "samples.png": (
        "Do the outlines lie on the tumours?",
        "Training slices, spread over the split. Where outlines are shifted, mirrored or turned, so are all "
        "masks that a net learns from.",
    ),
    "audit/facts.png": ("What the findings rest on", ""),
    "audit/label_agreement.png": (
        "How far labels agree with themselves",
        "Left: from the grey area on, slices of a pair are nearly the same picture. Right: by distance in "
        "the stack, extrapolated to two labels of one slice, and to a net that knows every tumour.",
    ),
    "audit/closest_pairs.png": (
        "Closest pairs across splits",
        "Valid and test slices, each beside its most similar training slice.",
    ),
}
FILES = {
    "audit.json": "every figure",
    "audit/faults.csv": "annotations and images to look at, one by one",
    "audit/label_agreement.csv": "pairs of alike slices, with the Dice of their masks",
    "mended.csv": "what was mended, left out or guessed as the set was read",
}


@dataclass(frozen=True)
class Look:
    """What the page is about."""

    path: str  # of the set, as given
    name: str
    tumor_categories: list[str] | None  # as given; None: all
    categories: list[str]  # that count as tumour
    identity: Identity
    audit: dict[str, Any]  # as of audit.json
    splits: list[dict[str, Any]]  # as from `class_balance.list_splits`


def write_page(folder: Path, look: Look) -> None:
    """Write index.html of a folder that has all the rest."""
    sections = [
        _section("Findings", _findings(look.audit["findings"])),
        *(_picture(folder, *about) for about in PICTURES.items()),
        _section("Splits", _splits(look.splits)),
        _mended(folder / "mended.csv"),
        _section("What to do next", _next(folder, look)),
    ]
    filling = {"{style}": part("style.css"), "{title}": escape(look.name), "{facts}": _facts(look)}
    text = TEMPLATE.read_text(encoding="utf-8")
    for placeholder, value in {**filling, "{sections}": "\n".join(sections)}.items():
        text = text.replace(placeholder, value)
    write_text(folder / "index.html", text)


def _facts(look: Look) -> str:
    about, alike = look.identity, look.audit["agreement"]
    facts = {
        "layout": look.audit["source"]["layout"] or "COCO, split by folders",
        "slices": f"{about.train} train, {about.valid} valid, {about.test} test",
        "split": about.split,
        "annotations": f"{look.audit['labels']['annotations']:,d}",
        "tumour": ", ".join(look.categories),
        "worked on at": f"{about.image_size} × {about.image_size}",
    }
    net = alike["ceiling"]["net"]
    if not math.isnan(alike["dice"]):
        facts["labels agree to"] = f"Dice {alike['dice']:.2f}"
    if not math.isnan(net["dice"]):
        facts["labels allow"] = f"Dice {net['dice']:.2f} ({net['low']:.2f} to {net['high']:.2f})"
    pairs = (f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    return f'<dl class="facts">{"".join(pairs)}</dl>'


def _section(heading: str, content: str) -> str:
    return f"<section><h2>{escape(heading)}</h2>\n<figure>{content}</figure></section>"


def _table(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table that scrolls sideways inside its figure."""
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in header)
    lines = ("".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return (
        f'<div class="scroll {name}" tabindex="0" role="region" aria-label="Table of {name}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _findings(findings: dict[str, Any]) -> str:
    if not findings:
        return "<p>Nothing found.</p>"
    header = ("severity", "what it means", "count", "param that deals with it", "finding")
    keys = ("severity", "message", "count", "param", "id")
    rows = [
        {**row, "id": id, "param": row["param"] if isinstance(row["param"], str) else "–"}
        for id, row in findings.items()
    ]
    return _table("findings", header, ([row[key] for key in keys] for row in rows))


def _splits(splits: list[dict[str, Any]]) -> str:
    header = ("split", "images", "without tumour", "annotations", "tumour pixels")
    keys = ("part", "images", "without_tumor", "annotations")
    return _table(
        "splits", header, ([*(row[key] for key in keys), f"{row['tumor_share']:.2%}"] for row in splits)
    )


def _picture(folder: Path, file: str, about: tuple[str, str]) -> str:
    heading, note = about
    data = base64.b64encode((folder / file).read_bytes()).decode()
    words = f"<figcaption>{escape(note)}</figcaption>" if note else ""
    image = f'<img src="data:image/png;base64,{data}" alt="{escape(heading)}">'
    return _section(heading, f"{image}{words}")


def _mended(path: Path) -> str:
    """What the download has changed, row by row."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    if not rows:
        return ""
    more = f"<p>{len(rows) - MOST_MENDED} more in mended.csv</p>" if len(rows) > MOST_MENDED else ""
    return _section(
        f"Changed as the set was read: {len(rows)}", _table("changes", header, rows[:MOST_MENDED]) + more
    )


def _next(folder: Path, look: Look) -> str:
    files = "".join(
        f'<li><a href="{file}">{file}</a>: {escape(what)}</li>'
        for file, what in FILES.items()
        if (folder / file).is_file()
    )
    return f"<p>In this folder:</p><ul>{files}</ul>{_training(look)}"


def _training(look: Look) -> str:
    """How to train on what was looked at, with the same categories at the same size."""
    path = look.path if is_address(look.path) else str(Path(look.path).resolve())
    values = {
        "data": "archive",
        "datasets.archive.source.path": path,
        "datasets.archive.tumor_categories": look.tumor_categories,
        "datasets.archive.image_size": look.identity.image_size,
    }
    try:
        settings = [part for key, value in values.items() for part in ("-S", override(key, value))]
    except UserError as error:
        return f"<p>To train on this set, write its values into params.yaml: {escape(str(error))}</p>"
    command = shlex.join(["dvc", "exp", "run", *settings])
    return f"<p>To train on this set, in the project's root folder:</p><pre>{escape(command)}</pre>"
