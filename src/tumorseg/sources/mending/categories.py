"""`categories` of an annotation file, and which of them an annotation means."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from tumorseg.errors import SHORT
from tumorseg.sources.faults import FaultLog
from tumorseg.sources.mending.values import Ids, Key, to_key, whole_ids

MAX_NAME = 200  # characters


@dataclass(frozen=True)
class Categories:
    """The categories of a split."""

    entries: list[dict[str, Any]]  # id, name
    ids: Ids[int]  # as annotations may write them, names included: index in `entries`


def mend_categories(
    entries: list[dict[str, Any]], annotations: list[dict[str, Any]], log: FaultLog
) -> Categories:
    """Name each category once; where none is listed, those in use are named by their ids.

    Raises:
        UserError: One id has two names, or a category has neither id nor name.
    """
    names: dict[Key, str] = {}
    first: dict[Key, int] = {}
    for index, entry in enumerate(entries):
        field = f"categories[{index}]"
        key, name = _key(entry, field, log), _name(entry, field, log)
        if key in names and names[key] != name:
            other = f"categories[{first[key]}], {names[key]!r}"
            log.refuse(f"{field}.id", f"{key!r}, {name!r}, is that of {other}; give each its own")
        if key in names:
            log.mended("category_repeated", field, f"{name!r} is categories[{first[key]}] too")
        names[key], first[key] = name, first.get(key, index)
    if not entries:
        for index, annotation in enumerate(annotations):
            key_used = to_key(annotation.get("category_id"))
            if key_used is not None and key_used not in names:
                names[key_used] = _plain(str(key_used))
                log.guessed(
                    "category_unnamed",
                    f"annotations[{index}].category_id",
                    f"no category is listed; {names[key_used]!r} is the name of this one",
                )
    return _numbered(names, log)


def find_categories(
    annotations: list[dict[str, Any]], categories: Categories, log: FaultLog
) -> list[int | None]:
    """The index in `categories.entries` of each annotation's category; None of one that is not listed."""
    only = 0 if len(categories.entries) == 1 else None
    places: list[int | None] = []
    for index, annotation in enumerate(annotations):
        value, field = annotation.get("category_id"), f"annotations[{index}].category_id"
        if value is None and only is not None:
            name = categories.entries[only]["name"]
            log.guessed("category_missing", field, f"missing; {name!r} is the only category")
            places.append(only)
            continue
        place = categories.ids.find(value)
        places.append(place)
    _note_shared_names(places, categories, log)
    return places


def _key(entry: dict[str, Any], field: str, log: FaultLog) -> Key:
    value = entry.get("id")
    key = to_key(value)
    if key is None:
        log.refuse(f"{field}.id", f"{SHORT.repr(value)} is no id; number the categories")
    if isinstance(key, int) and type(value) is not int:
        log.mended("id_type", f"{field}.id", f"{SHORT.repr(value)} is the id {key}")
    return key


def _name(entry: dict[str, Any], field: str, log: FaultLog) -> str:
    value = entry.get("name")
    if value is None or (isinstance(value, str) and not value.strip()):
        name = _plain(str(to_key(entry["id"])))
        log.guessed("category_unnamed", f"{field}.name", f"missing; the id is its name: {name!r}")
        return name
    if isinstance(value, bool | list | dict):
        log.refuse(f"{field}.name", f"{SHORT.repr(value)} is no name; write a text")
    text = str(value)
    if len(text) > MAX_NAME:
        log.refuse(f"{field}.name", f"{len(text)} characters, more than {MAX_NAME}; shorten it")
    name = _plain(text)
    if name != value:
        log.mended("category_name", f"{field}.name", f"{SHORT.repr(value)} is called {name!r}")
    return name


def _plain(text: str) -> str:
    """On one line, in characters that can be printed."""
    printable = "".join(character if character.isprintable() else " " for character in text[:MAX_NAME])
    return printable.strip() or "_"


def _numbered(names: dict[Key, str], log: FaultLog) -> Categories:
    numbers = whole_ids(list(names))
    if numbers is None:
        numbers = list(range(1, len(names) + 1))
        log.mended("id_numbered", "categories[].id", f"{len(numbers)} categories are numbered from 1")
    ids: Ids[int] = Ids()
    for place, (key, name) in enumerate(names.items()):
        ids.add(key, place, name)
    entries = [{"id": number, "name": name} for number, name in zip(numbers, names.values(), strict=True)]
    return Categories(entries, ids)


def _note_shared_names(places: list[int | None], categories: Categories, log: FaultLog) -> None:
    """Say where two categories that are both in use become one by their name."""
    used: dict[str, set[int]] = defaultdict(set)
    for place in places:
        if place is not None:
            used[categories.entries[place]["name"]].add(place)
    for name, members in used.items():
        if len(members) > 1:
            fields = ", ".join(f"categories[{place}]" for place in sorted(members))
            log.noted("category_name_shared", "categories[].name", f"{name!r} is the name of {fields}")
