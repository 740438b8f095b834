"""Numbers and ids as exporters write them: 3, 3.0, "3"."""

import math
import re
from collections.abc import Hashable, Sequence
from typing import Any, Generic, TypeVar

Key = int | str
T = TypeVar("T")

MAX_ID = 2**53  # as far as every program, JSON's readers in the browser included, counts in ones
DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
WHOLE = re.compile(r"-?(0|[1-9]\d{0,15})", re.ASCII)
PADDED = re.compile(r"\d{1,16}", re.ASCII)


def to_number(value: object) -> float | None:
    """A finite number of a number or of a text of one; None of anything else, booleans included."""
    if isinstance(value, str):
        text = value.strip()
        if len(text) > 40 or not DECIMAL.fullmatch(text):
            return None
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return value if abs(value) <= MAX_ID else None
    return value if math.isfinite(value) else None


def to_whole(value: object) -> int | None:
    """A whole number of 96, 96.0, "96" or "96.0"; None of anything else."""
    number = to_number(value)
    return None if number is None or number != int(number) else int(number)


def to_key(value: object) -> Key | None:
    """What an id is joined by: 3, 3.0 and "3" are one id; "a3" and "03" are texts; None is no id."""
    if isinstance(value, str):
        text = value.strip()
        return int(text) if WHOLE.fullmatch(text) else text or None
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


class Ids(Generic[T]):
    """What ids, and names that stand for ids, belong to."""

    def __init__(self) -> None:
        self._exact: dict[Key, T] = {}
        self._loose: dict[Hashable, T | None] = {}  # None: of several

    def add(self, key: Key, owner: T, *names: Hashable) -> None:
        """`names` are what may stand in place of the id, where no other owner has the same."""
        self._exact[key] = owner
        padded = isinstance(key, str) and PADDED.fullmatch(key)
        self.add_names(owner, *names, *([int(key)] if padded else []))

    def add_names(self, owner: T, *names: Hashable) -> None:
        """Names of an owner that has no id."""
        for name in names:
            self._loose[name] = None if self._loose.get(name, owner) != owner else owner

    def find(self, value: Any) -> T | None:
        """The owner of an id as an annotation writes it."""
        key = to_key(value)
        if key is None:
            return None
        if key in self._exact:
            return self._exact[key]
        if isinstance(key, str) and PADDED.fullmatch(key) and int(key) in self._exact:
            return self._exact[int(key)]
        return self._loose.get(key)


def whole_ids(keys: Sequence[Key | None]) -> list[int] | None:
    """The ids as they are, if all are unique whole numbers that every program can hold."""
    whole = [key for key in keys if isinstance(key, int) and abs(key) <= MAX_ID]
    return whole if len(set(whole)) == len(keys) else None
