"""`images` of an annotation file: pictures found, names made plain, ids and sizes made sure."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from tumorseg.data.coco_schema import IMAGE_SUFFIXES, MAX_SIDE
from tumorseg.errors import SHORT
from tumorseg.sources.faults import FaultLog
from tumorseg.sources.mending.finding import AmbiguousError, Finder, Found
from tumorseg.sources.mending.naming import plain_names
from tumorseg.sources.mending.values import Ids, Key, to_key, to_whole, whole_ids
from tumorseg.types import OnMissing

SizeOf = Callable[[str], tuple[int, int]]
NO_PICTURE = -1  # the owner of ids whose picture is left out


@dataclass(frozen=True)
class Images:
    """The pictures of a split."""

    entries: list[dict[str, Any]]  # id, file_name, width, height
    files: dict[str, str]  # plain name: path in the set
    ids: Ids[int]  # as annotations may write them: index in `entries`, or NO_PICTURE


@dataclass(frozen=True)
class _Picture:
    """A picture, as its first entry has it."""

    index: int
    path: str
    key: Key | None
    size: tuple[int, int]  # width, height


def mend_images(
    entries: list[dict[str, Any]], finder: Finder, size_of: SizeOf, on_missing: OnMissing, log: FaultLog
) -> Images:
    """Join each entry to its picture.

    Raises:
        UserError: A picture is missing, or is not the only one that may be meant; ids or sizes contradict.
    """
    found = [_find(entry, f"images[{index}].file_name", finder, log) for index, entry in enumerate(entries)]
    _keep_sure(entries, found, log)
    _check_missing(entries, found, on_missing, log)
    pictures: list[_Picture] = []
    places: dict[str, int] = {}  # in `pictures`, by path
    owners: dict[Key, tuple[int, int]] = {}  # by id: the place, and the entry that has it first
    ids: Ids[int] = Ids()
    for index, (entry, match) in enumerate(zip(entries, found, strict=True)):
        key = _key(entry, f"images[{index}].id", log)
        place = NO_PICTURE
        if match:
            place = places.setdefault(match.picture, len(pictures))
            picture = _read(index, entry, match, key, size_of, log)
            if place == len(pictures):
                pictures.append(picture)
            else:
                _check_repeated(index, key, pictures[place], log)
        if key is None:
            ids.add_names(place, entry["file_name"])
            continue
        owner, other = owners.setdefault(key, (place, index))
        if owner != place:
            log.refuse(f"images[{index}].id", f"{key!r} is that of images[{other}] too; give each its own")
        ids.add(key, place, entry["file_name"])
    return _named(pictures, ids, log)


def _find(entry: dict[str, Any], field: str, finder: Finder, log: FaultLog) -> Found | None:
    name = entry.get("file_name")
    if not isinstance(name, str) or not name.strip():
        log.refuse(field, f"{SHORT.repr(name)} is no name of a picture; name the file, or remove the image")
    try:
        match = finder.find(name)
    except AmbiguousError as error:
        log.refuse(field, f"{SHORT.repr(name)} is ambiguous: {error}; write the path below the set's root")
    if match and finder.is_elsewhere(match.picture):
        return Found(match.picture, "name_elsewhere")
    return match


def _keep_sure(entries: list[dict[str, Any]], found: list[Found | None], log: FaultLog) -> None:
    """Drop what was found by part of a name, if another entry names that picture better.

    Two names that both lead to one picture by a part of them are refused: one of the two is another picture.
    """
    exact = {match.picture for match in found if match and match.kind is None}
    names: dict[str, tuple[int, str]] = {}
    for index, match in enumerate(found):
        if match is None or match.kind is None:
            continue
        name = entries[index]["file_name"]
        if match.picture in exact:
            found[index] = None
            continue
        first, other = names.setdefault(match.picture, (index, name))
        if other != name:
            log.refuse(
                f"images[{index}].file_name",
                f"{SHORT.repr(name)} and {SHORT.repr(other)} (images[{first}]) both lead to "
                f"{SHORT.repr(match.picture)}, the only such picture; add the other, or write whole paths",
            )


def _check_missing(
    entries: list[dict[str, Any]], found: list[Found | None], on_missing: OnMissing, log: FaultLog
) -> None:
    missing = [index for index, match in enumerate(found) if match is None]
    if missing and (on_missing == "refuse" or len(missing) == len(entries)):
        name = entries[missing[0]]["file_name"]
        suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower()
        reason = (
            f"{len(missing)} of {len(entries)} files are missing from the set, such as {SHORT.repr(name)}"
        )
        if suffix and suffix not in IMAGE_SUFFIXES and not suffix[1:].isdigit():
            reads = ", ".join(sorted(IMAGE_SUFFIXES))
            log.refuse(f"images[{missing[0]}].file_name", f"{reason}; {reads} are read: convert them")
        way = "" if len(missing) == len(entries) else ", or leave such images out: source.missing: leave out"
        log.refuse(f"images[{missing[0]}].file_name", f"{reason}; add them{way}")
    for index in missing:
        name = SHORT.repr(entries[index]["file_name"])
        log.left_out("image_missing", f"images[{index}]", f"{name} is not in the set")


def _check_repeated(index: int, key: Key | None, first: _Picture, log: FaultLog) -> None:
    """A picture listed twice with one id is one; with two ids it may be two pictures of one name."""
    reason = f"{first.path!r} is images[{first.index}] too"
    if key is None or key != first.key:
        log.refuse(
            f"images[{index}].file_name",
            f"{reason}, with another id; if they are two pictures, give each its name, else list it once",
        )
    log.mended("image_repeated", f"images[{index}]", reason)


def _key(entry: dict[str, Any], field: str, log: FaultLog) -> Key | None:
    value = entry.get("id")
    key = to_key(value)
    if isinstance(key, int) and type(value) is not int:
        log.mended("id_type", field, f"{SHORT.repr(value)} is the id {key}")
    return key


def _read(
    index: int, entry: dict[str, Any], match: Found, key: Key | None, size_of: SizeOf, log: FaultLog
) -> _Picture:
    field, path = f"images[{index}]", match.picture
    if kind := match.kind or ("name_path" if PurePosixPath(path).name != entry["file_name"] else None):
        add = log.guessed if kind in ("name_elsewhere", "name_suffix") else log.mended
        add(kind, f"{field}.file_name", f"{SHORT.repr(entry['file_name'])} is {SHORT.repr(path)}")
    return _Picture(index, path, key, _size(entry, field, path, size_of(path), log))


def _size(
    entry: dict[str, Any], field: str, path: str, real: tuple[int, int], log: FaultLog
) -> tuple[int, int]:
    """Width and height of the picture; what the entry says may be missing or of another type, not another."""
    if max(real) > MAX_SIDE:
        log.refuse(
            field, f"{path!r} is {real[0]}×{real[1]} pixels; up to {MAX_SIDE} a side are read: scale the set"
        )
    given = (entry.get("width"), entry.get("height"))
    words = " and ".join(SHORT.repr(value) for value in given)
    whole = [to_whole(value) for value in given]
    said = [side if side and side > 0 else None for side in whole]
    if said == [real[1], real[0]] != list(real):
        log.refuse(
            field,
            f"{path!r} is {real[0]}×{real[1]} pixels, but width and height say {words}, "
            "as if it were turned: where an EXIF orientation turns it and the outlines are of it as shown, "
            "set source.exif: shown; else exchange the numbers",
        )
    if any(side not in (None, real[axis]) for axis, side in enumerate(said)):
        log.refuse(
            field,
            f"{path!r} is {real[0]}×{real[1]} pixels, but width and height say {words}; the "
            "outlines are of one of the two: give the pictures that were annotated, or mend the numbers",
        )
    if any(type(value) is not int or value != side for value, side in zip(given, real, strict=True)):
        log.mended("image_size", field, f"width and height {words}; {path!r} is {real[0]}×{real[1]} pixels")
    return real


def _named(pictures: list[_Picture], ids: Ids[int], log: FaultLog) -> Images:
    """The entries with plain names and whole ids."""
    numbers = whole_ids([picture.key for picture in pictures])
    if numbers is None:
        numbers = list(range(len(pictures)))
        log.mended("id_numbered", "images[].id", f"{len(numbers)} images are numbered from 0")
    names = plain_names([picture.path for picture in pictures])
    written = []
    for number, name, picture in zip(numbers, names, pictures, strict=True):
        own = PurePosixPath(picture.path).name
        if name != own:
            kind = "name_clash" if plain_names([own]) == [own] else "name_characters"
            log.mended(
                kind, f"images[{picture.index}].file_name", f"{picture.path!r} is called {name!r} here"
            )
        width, height = picture.size
        written.append({"id": number, "file_name": name, "width": width, "height": height})
    files = {name: picture.path for name, picture in zip(names, pictures, strict=True)}
    return Images(written, files, ids)
