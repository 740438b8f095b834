"""Studies and searches: many runs of the pipeline as DVC experiments, compared on the validation split.

They only drive DVC from outside: no stage depends on this folder.
"""

import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import NoReturn

from tumorseg.errors import UserError

LEFT_RUNNING = (
    "left running in the background: the same command goes on with it, `dvc queue status` shows it, "
    "`dvc queue stop --kill` ends it"
)


def count(text: str) -> int:
    """A whole number of at least 1, from the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"a whole number of at least 1, not {text!r}")
    return int(text)


def run(main: Callable[[], int]) -> NoReturn:
    """Call `main` and exit with what it returns; a `UserError` is one line on stderr and status 1."""
    try:
        sys.exit(main())
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(f"\n{LEFT_RUNNING}", file=sys.stderr)
        sys.exit(130)
