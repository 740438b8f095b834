"""From any COCO JSON to the canonical strict one."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from tumorseg.data.coco_schema import BRANCHES, Export
from tumorseg.errors import UserError, explain_first
from tumorseg.sources.faults import Fault


@dataclass(frozen=True)
class Mended:
    """A canonical export."""

    export: dict[str, Any]  # plain unique file names; passes data/coco_schema.Export
    files: dict[str, str]  # canonical file_name -> name of the picture in the set
    faults: tuple[Fault, ...]
    as_is: bool  # the file's own bytes pass too, and mean the same


def mend(
    data: bytes,
    shown: str,
    split: str,
    pictures: Sequence[str],
    base: Sequence[str],
    size_of: Callable[[str], tuple[int, int]],
    on_missing: Literal["refuse", "leave out"] = "refuse",
) -> Mended:
    """The canonical export of a COCO JSON.

    Raises:
        UserError: It is ambiguous or hopeless.
    """
    try:
        export = json.loads(data)
        export.setdefault("annotations", [])
    except (ValueError, AttributeError, RecursionError) as error:
        raise UserError(f"{shown}: no COCO JSON ({error})") from None
    known = set(pictures)
    by_name: dict[str, list[str]] = {}
    for name in pictures:
        by_name.setdefault(name.rpartition("/")[2], []).append(name)
    files: dict[str, str] = {}
    faults: list[Fault] = []
    for index, image in enumerate(export.get("images", [])):
        given = image["file_name"].replace("\\", "/")
        plain = given.rpartition("/")[2]
        tries = [f"{folder}/{each}".lstrip("/") for each in (given, plain) for folder in base]
        named = next((each for each in tries if each in known), None)
        if named is None and len(by_name.get(plain, [])) == 1:
            named = by_name[plain][0]
        if named is None:
            raise UserError(f"{shown}: images[{index}].file_name: {image['file_name']!r} is not in the set")
        if plain in files:
            plain = given.replace("/", "__")
        if plain != image["file_name"]:
            faults.append(
                Fault(split, plain, f"images[{index}].file_name", "name_flattened", "mended", given)
            )
            image["file_name"] = plain
        files[plain] = named
    try:
        Export.model_validate_json(json.dumps(export))
    except ValidationError as error:
        raise UserError(f"{shown}: {explain_first(error, BRANCHES)}") from None
    return Mended(export, files, tuple(faults), not faults and b'"annotations"' in data)
