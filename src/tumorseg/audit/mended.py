"""What the download has changed in a set, as it has written beside the splits.

`data/raw/source.json` counts it by kind and action, `data/raw/faults.csv` lists it one by one.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tumorseg.reading import read_json, reading

SOURCE, FAULTS = "source.json", "faults.csv"
ACTIONS = ("mended", "left out", "guessed")


@dataclass(frozen=True)
class Mended:
    """The layout that was found, and by action how often each kind of fault was met."""

    layout: str = ""
    exif: str = "stored"  # whether outlines are of pictures as stored, or as EXIF's orientation shows them
    counts: dict[str, dict[str, int]] = field(default_factory=dict)  # by action, then by kind


def read_mended(raw: Path) -> Mended:
    """Read source.json of a raw folder; a set that was generated, or came as it should be, has none."""
    path = raw / SOURCE
    if not path.is_file():
        return Mended()
    said: dict[str, Any] = read_json(path)
    with reading(path):
        counts = {action: dict(said.get(action) or {}) for action in ACTIONS}
        found = {action: each for action, each in counts.items() if each}
        return Mended(str(said.get("layout", "")), str(said.get("exif", "stored")), found)
