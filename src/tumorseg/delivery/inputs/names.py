"""Names of sources: unique in a run, and safe as relative paths on every system."""

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

LONGEST = 120  # bytes of a part; systems take 255, and suffixes come after
DEEPEST = 700  # bytes of a name; a system that takes least takes 1024 of a path, with the folder of results
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # to Windows
SUFFIX = re.compile(r"\.(nii\.gz|nii|[A-Za-z0-9]{1,4})$", re.IGNORECASE)


def safe_parts(place: PurePosixPath) -> list[str]:
    """The parts of a path with nothing in them that a system, a sheet or a page could take amiss."""
    parts = [re.sub(r"[^\w.-]+", "_", part).strip(".-") or "_" for part in place.parts]
    parts = [shortened(f"_{part}" if RESERVED.fullmatch(part) else part, LONGEST) for part in parts]
    whole = "/".join(parts)
    return parts if len(whole.encode()) <= DEEPEST else [shortened(whole.replace("/", "--"), LONGEST)]


def shortened(text: str, longest: int) -> str:
    """A text of at most `longest` bytes: a longer one is cut, and ends with a digest of all of it."""
    data = text.encode()
    if len(data) <= longest:
        return text
    digest = hashlib.sha256(data).hexdigest()[:12]
    return f"{data[: longest - 13].decode(errors='ignore')}_{digest}"


def name_each(places: Iterable[PurePosixPath], reserved: Iterable[str] = ()) -> list[str]:
    """A name for each path: without its suffix; with it where the stem is not unique; numbered if that isn't.

    Args:
        places: Relative paths, in an order that does not depend on the run.
        reserved: Names that are not to be given.
    """
    listed = list(places)
    stems = ["/".join(safe_parts(place.with_name(stem_of(place)))) for place in listed]
    shared = Counter([*(stem.lower() for stem in stems), *(name.lower() for name in reserved)])
    taken = set(shared)
    return [
        stem if shared[stem.lower()] == 1 else _free("/".join(safe_parts(place)).replace(".", "_"), taken)
        for place, stem in zip(listed, stems, strict=True)
    ]


def stem_of(place: PurePosixPath) -> str:
    """The file's name without its suffix, or all of it where nothing would be left."""
    return SUFFIX.sub("", place.name) or place.name


def _free(name: str, taken: set[str]) -> str:
    """`name`, or `name` with the first number that makes it new; case is no difference to some systems."""
    candidates = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    free = next(each for each in candidates if each.lower() not in taken)
    taken.add(free.lower())
    return free
