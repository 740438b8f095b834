"""What the libraries that decode pictures print: kept from the user, and told in a line that names the file.

libjpeg only warns where pixels are lost, and fills them with what it has.
"""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tumorseg.errors import UserError

# Of libjpeg. Some cameras write a few bytes too many before the end of a whole picture.
DAMAGE = re.compile(r"Corrupt JPEG data|Premature end of JPEG|Unsupported marker|Invalid SOS")
SURPLUS = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9")
HARMLESS_SURPLUS = 16  # bytes; a scan that breaks off leaves more

_one_at_a_time = threading.RLock()


@contextmanager
def captured_remarks() -> Iterator[Callable[[], list[str]]]:
    """Within it, what C libraries print on stderr is kept back; what it yields returns those lines so far.

    Python's own output still reaches the user. The file descriptor is the whole process's, so one thread
    at a time can be within it; threads that it starts are captured too.
    """
    with _one_at_a_time, tempfile.TemporaryFile() as log:
        python, shown = sys.stderr, os.dup(2)
        try:
            python.flush()
            os.dup2(log.fileno(), 2)
            with os.fdopen(os.dup(shown), "w", buffering=1, encoding="utf-8", errors="replace") as terminal:
                if _is_descriptor_2(python):
                    sys.stderr = terminal
                yield lambda: _lines(log.fileno())
        finally:
            sys.stderr = python
            os.dup2(shown, 2)
            os.close(shown)


def _is_descriptor_2(stream: object) -> bool:
    try:
        return bool(stream.fileno() == 2)  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):  # replaced by something that is no file
        return False


def _lines(descriptor: int) -> list[str]:
    content = bytearray()
    while block := os.pread(descriptor, 2**20, len(content)):  # which leaves the place where others write
        content += block
    return [line for line in map(str.strip, content.decode("utf-8", "replace").splitlines()) if line]


def damage(remarks: list[str]) -> str | None:
    """The first remark that says that pixels are lost; None where all are harmless."""
    return next((remark for remark in remarks if _is_damage(remark)), None)


def refuse_damage(remarks: list[str], shown: object) -> None:
    """Raise a `UserError` where a remark on a picture, called `shown`, says that pixels are lost."""
    if said := damage(remarks):
        raise UserError(f"{shown}: is damaged ({said}); replace it where it comes from and run again")


def _is_damage(remark: str) -> bool:
    surplus = SURPLUS.search(remark)
    if surplus and int(surplus[1]) < HARMLESS_SURPLUS:
        return False
    return bool(DAMAGE.search(remark))
