"""Under which licences the training slices come."""

import json
from pathlib import Path

from tumorseg.data.coco import ANNOTATIONS

LONGEST = 80  # characters of a name


def read_licences(folder: Path) -> str:
    """The names of the licences that a split's annotation file states, in a line; it need not state any.

    Args:
        folder: Of the split, with its annotation file, which `prepare` has read before.
    """
    try:
        listed = json.loads((folder / ANNOTATIONS).read_text(encoding="utf-8")).get("licenses") or []
        names = {str(licence["name"]) for licence in listed if licence.get("name")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        names = set()
    fit = sorted(name for name in names if name.isprintable() and len(name) <= LONGEST)
    return ", ".join(fit) or "not stated"
