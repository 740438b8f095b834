"""Progress of long loops: a bar on a terminal, a plain line now and then in a log."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

Item = TypeVar("Item")
SECONDS_BETWEEN_LINES = 10.0
SECONDS_WORTH_SAYING = 2.0


class Pulse:
    """Plain lines in a log that show that something lives: none on a terminal, which has a bar.

    Args:
        seconds: The least time between two lines, and before the first.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.shown = seconds, not sys.stderr.isatty()
        self.restart()

    def restart(self) -> None:
        """Count the time to the next line from now: something else has been printed."""
        self.last = time.monotonic()

    def beat(self, line: str) -> None:
        """Print the line, if it is time for one."""
        if self.shown and time.monotonic() - self.last >= self.seconds:
            print(line, flush=True)
            self.restart()


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
    done, start, pulse = 0, time.monotonic(), Pulse(SECONDS_BETWEEN_LINES)
    for item in items:
        yield item
        done += 1
        pulse.beat(f"{what}: {done}{f'/{total}' if total else ''}, {time.monotonic() - start:.0f} s")
    if time.monotonic() - start >= SECONDS_WORTH_SAYING:
        print(f"{what}: {done} done in {time.monotonic() - start:.1f} s", flush=True)
