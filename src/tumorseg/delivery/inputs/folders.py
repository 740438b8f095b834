"""What lies below a folder, also where links lead and where nobody may look."""

import os
import stat
from collections import deque
from collections.abc import Iterator
from pathlib import Path


def paths_below(root: Path) -> Iterator[Path]:
    """All that is no folder, and the folders that cannot be looked into; what is hidden is left out.

    Each folder is looked into once, so that no link leads in circles. Links to folders come last: what lies
    in `root` itself keeps its place.
    """
    seen, folders, links = set[str](), [root], deque[Path]()
    while folders or links:
        folder = folders.pop() if folders else links.popleft()
        if (real := os.path.realpath(folder)) in seen:
            continue
        seen.add(real)
        try:
            paths = sorted(folder.iterdir())
        except OSError:
            yield folder
            continue
        for path in paths:
            if is_hidden(path.name):
                continue
            if not stat.S_ISDIR(mode_of(path)):
                yield path
            else:
                (links if path.is_symlink() else folders).append(path)


def mode_of(path: Path) -> int:
    """What the system says it is, see `stat`; 0 of a broken link, and of what this user may not see."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def is_hidden(name: str) -> bool:
    """Whether it is what systems and editors leave beside the files."""
    return name.startswith(".") or name == "__MACOSX"
