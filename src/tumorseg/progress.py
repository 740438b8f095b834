"""Progress of long loops: a bar on a terminal, a plain line now and then in a log."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

Item = TypeVar("Item")
SECONDS_BETWEEN_LINES = 10.0
SECONDS_WORTH_SAYING = 2.0


def progress(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """Yield `items` unchanged while showing how far the loop has come.

    Args:
        items: What to loop over.
        what: What is being done, such as "rendering masks".
        total: Number of items; taken from `len(items)` where it has one.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, desc=what, total=total, leave=False)
        return
    done, start = 0, time.monotonic()
    last = start
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES:
            print(f"{what}: {done}{f'/{total}' if total else ''}, {now - start:.0f} s", flush=True)
            last = now
    if time.monotonic() - start >= SECONDS_WORTH_SAYING:
        print(f"{what}: {done} done in {time.monotonic() - start:.1f} s", flush=True)
