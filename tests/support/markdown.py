"""The project's Markdown files, and what is in them: prose, links, anchors, commands."""

import re
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = {"", "sh", "bash", "console"}
CODE = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"(dvc|tumorseg|make|pytest)( |$)")


def pages(root: Path) -> list[Path]:
    """Every Markdown file that people read, whatever the pipeline and tools have put beside them."""
    folders = ["bench", "data", "docs", "plots", "studies"]
    return [
        *sorted(root.glob("*.md")),
        *(page for name in folders for page in sorted((root / name).glob("*.md"))),
    ]


def without_code(text: str) -> str:
    """A text less its blocks and spans of code."""
    return CODE.sub("", FENCE.sub("", text))


def links(text: str) -> list[str]:
    """The targets of all links and images."""
    return re.findall(r"\]\(([^()\s]+)\)", without_code(text))


def anchors(text: str) -> set[str]:
    """The anchors of a text's headings, as GitHub makes them."""
    made: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", words).strip().replace(" ", "-")
        twin = sum(bool(re.fullmatch(rf"{re.escape(anchor)}(-\d+)?", other)) for other in made)
        made.add(f"{anchor}-{twin}" if twin else anchor)
    return made


def commands(text: str) -> list[str]:
    """Every line of a shell block, and every span of code, that calls one of the project's commands."""
    lines = [line for kind, body in FENCE.findall(text) if kind in SHELL for line in body.splitlines()]
    lines = [line.removeprefix("$ ").strip() for line in lines]
    # The last line of a quoted script: the quotation begins further up.
    lines = [line.removesuffix("'") if line.count("'") % 2 else line for line in lines]
    lines += CODE.findall(FENCE.sub("", text))
    return [line for line in lines if COMMAND.match(line)]
