"""Which picture of the set a `file_name` means, however it is written; nothing outside the set is read."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, unquote, urlsplit

from tumorseg.data.coco_schema import IMAGE_SUFFIXES

Tails = dict[str, list[str]]  # ends of paths, of every depth, and the pictures that have them
# Of pictures that are not read: a converted copy may lie in the set.
UNREAD_SUFFIXES = frozenset({".avif", ".dcm", ".gif", ".heic", ".jp2", ".nii", ".pgm", ".pnm", ".svg"})
MAX_PARTS = 64  # of a path; more is no path


@dataclass(frozen=True)
class Found:
    """A picture, and which kind of fault its name was; None where it was named exactly."""

    picture: str
    kind: str | None


class AmbiguousError(ValueError):
    """Several pictures fit, and none better than the others."""


class Finder:
    """Finds pictures by name.

    Args:
        pictures: Paths of all pictures that may be meant, from the set's root, with "/".
        base: Folders to look in first, best first; "" is the root.
    """

    def __init__(self, pictures: Sequence[str], base: Sequence[str]):
        self._pictures = list(dict.fromkeys(pictures))
        self._known = set(self._pictures)
        self._base = ["" if folder in ("", ".") else f"{folder.strip('/')}/" for folder in base]

    def find(self, name: str) -> Found | None:
        """The picture that is meant: by its whole path, else by the longest end of it that fits, then
        whatever the case, then whatever the suffix.

        Raises:
            AmbiguousError: Several pictures fit equally.
        """
        for folder in self._base:
            if folder + name in self._known:
                return Found(folder + name, None)
        paths = list(dict.fromkeys(_readings(name)))
        for tails, key, kind in (
            (lambda: self._exact, str, "name_path"),
            (lambda: self._folded, fold, "name_case"),
            (lambda: self._stems, _stem, "name_suffix"),
        ):
            for path in paths:
                if picture := self._by_tail(tails(), key(path)):
                    if kind == "name_path" and path != _slashed(name):
                        return Found(picture, "name_address")
                    return Found(picture, kind)
        return None

    def is_elsewhere(self, picture: str) -> bool:
        """Whether a picture lies outside all of the folders to look in first."""
        return not any(picture.startswith(folder) for folder in self._base)

    def _by_tail(self, tails: Tails, path: str) -> str | None:
        for tail in _tails(path):
            if candidates := tails.get(tail):
                return self._choose(candidates)
        return None

    def _choose(self, candidates: list[str]) -> str:
        if len(candidates) == 1:
            return candidates[0]
        for folder in self._base:
            inside = [picture for picture in candidates if picture.startswith(folder)]
            if len(inside) == 1:
                return inside[0]
            if inside:
                candidates = inside
                break
        raise AmbiguousError(f"{candidates[0]!r} and {candidates[1]!r} both fit")

    @cached_property
    def _exact(self) -> Tails:
        return self._index(self._pictures)

    @cached_property
    def _folded(self) -> Tails:
        return self._index([fold(picture) for picture in self._pictures])

    @cached_property
    def _stems(self) -> Tails:
        return self._index([_stem(picture) for picture in self._pictures])

    def _index(self, keys: list[str]) -> Tails:
        index: Tails = {}
        for key, picture in zip(keys, self._pictures, strict=True):
            for tail in _tails(key):
                index.setdefault(tail, []).append(picture)
        return index


def _readings(name: str) -> Iterator[str]:
    """The paths that a name may be, likeliest first: as it is, decoded, path or query of an address."""
    slashed = _slashed(name)
    yield slashed
    yield slashed.strip()
    decoded = unquote(slashed).strip()
    yield decoded
    if re.search(r"://|[?#]", slashed):
        try:
            parts = urlsplit(slashed)
            values = [value for _, value in parse_qsl(parts.query, max_num_fields=20)]
        except ValueError:  # no address after all
            return
        for path in (unquote(parts.path), *values):
            yield _slashed(path).strip()


def _slashed(name: str) -> str:
    return name.replace("\\", "/")


def _tails(path: str) -> Iterator[str]:
    """a/b/c.png, b/c.png, c.png; steps such as .. are left out, so that no path leads out of the set."""
    parts = [part for part in path.split("/")[-MAX_PARTS:] if part not in ("", ".", "..")]
    for start in range(len(parts)):
        yield "/".join(parts[start:])


def fold(path: str) -> str:
    """The same for names that differ in case, spaces at the ends or the Unicode form of accents alone."""
    return "/".join(part.strip() for part in unicodedata.normalize("NFC", path).casefold().split("/"))


def _stem(path: str) -> str:
    """Without the suffix, if it is one of an image: 1.2.840 has none."""
    folded = fold(path)
    suffix = PurePosixPath(folded).suffix
    return folded.removesuffix(suffix) if suffix in IMAGE_SUFFIXES | UNREAD_SUFFIXES else folded
