"""The bytes of an annotation file as its sections; what is no COCO at all is named for what it is."""

import json
from collections import Counter
from typing import Any

from tumorseg.errors import SHORT
from tumorseg.sources.faults import FaultLog

MAX_BYTES = 2**30  # of one annotation file; COCO's own largest, of 118,000 pictures, has 0.45 GB
BOM = b"\xef\xbb\xbf"
# Keys that other formats have at the top, and COCO has not.
OTHERS = {
    "shapes": "a LabelMe file of one picture",
    "_via_img_metadata": "a VIA project",
    "_via_settings": "a VIA project",
    "features": "GeoJSON",
    "item": "a file of Darwin",
    "objects": "a Supervisely file of one picture",
}
WAY_OUT = "export as COCO (instances) and give that"


def read_document(data: bytes, log: FaultLog) -> dict[str, Any]:
    """The file's object, with `images`, `annotations`, `categories` and `licenses` as lists of objects.

    Raises:
        UserError: It is not UTF-8, not JSON, nested too deep, too long, or not COCO.
    """
    document = _parse(data, log)
    if "images" not in document:
        kind = next((what for key, what in OTHERS.items() if key in document), None)
        keys = ", ".join(map(SHORT.repr, list(document)[:8])) or "none"
        log.refuse("images", f"missing; {f'this is {kind}' if kind else f'the keys are {keys}'}; {WAY_OUT}")
    sections = {"images": document["images"]}
    for section in ("annotations", "categories"):
        if document.get(section) is None:
            log.guessed("section_missing", section, "missing; taken as an empty list")
        sections[section] = [] if document.get(section) is None else document[section]
    for section, entries in sections.items():
        if not isinstance(entries, list):
            log.refuse(section, f"{SHORT.repr(entries)} is no list; {WAY_OUT}")
        for index, entry in enumerate(entries):
            if not isinstance(entry, dict):
                log.refuse(f"{section}[{index}]", f"{SHORT.repr(entry)} is no object; {WAY_OUT}")
    return {**sections, "licenses": _licences(document)}


def _licences(document: dict[str, Any]) -> list[dict[str, str]]:
    """The names and addresses of licences, which the card of a delivered net states; others are left away."""
    listed = document.get("licenses")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    texts = [{key: entry.get(key) for key in ("name", "url")} for entry in entries]
    kept = [
        {key: text for key, text in entry.items() if isinstance(text, str) and text.isprintable()}
        for entry in texts
    ]
    return [entry for entry in kept if entry.get("name")]


def _parse(data: bytes, log: FaultLog) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        log.refuse("the file", f"{len(data)} bytes, more than {MAX_BYTES}; split the set into several")
    if data.startswith(BOM):
        data = data.removeprefix(BOM)
        log.mended("bom", "the file", "a byte order mark before the JSON")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        kind = "it is UTF-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else f"byte {error.start}"
        log.refuse("the file", f"not UTF-8 ({kind}); save it as UTF-8")
    start = text.lstrip(" \t\r\n")[:1]
    if start != "{":  # said before the rest of what may be a huge file is read
        log.refuse("the file", f"{_kind(start)}, not COCO's object with `images`; {WAY_OUT}")
    try:
        document: dict[str, Any] = json.loads(text, object_pairs_hook=_unique)
    except RecursionError:
        log.refuse("the file", f"lists within lists, hundreds deep: not COCO; {WAY_OUT}")
    except json.JSONDecodeError as error:
        log.refuse("the file", f"not JSON: {' '.join(str(error).split())}; get or export it anew")
    except ValueError as error:  # a key twice, or Python's limit for digits, whose words are not for users
        reason = str(error) if isinstance(error, _TwiceError) else "a number has thousands of digits"
        log.refuse("the file", f"{reason}; get or export it anew")
    return document


class _TwiceError(ValueError):
    """A key stands twice in one object."""


def _kind(start: str) -> str:
    if start == "[":
        return "a list (of annotations or results?)"
    return "empty" if not start else f"begins with {start!r}: no JSON object"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON's readers take the last of two equal keys, and nobody knows which was meant."""
    entry = dict(pairs)
    if len(entry) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _TwiceError(f"the key {SHORT.repr(twice)} stands twice in one object")
    return entry
