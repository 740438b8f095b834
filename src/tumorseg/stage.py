"""What every stage script shares: clean errors, and no orphans when DVC is killed."""

import ctypes
import inspect
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from tumorseg.errors import UserError

PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>


def _terminate(*_: object) -> NoReturn:
    """End with an exception, so that files are tidied up."""
    # Where a whole group is killed, the parent's death sends a second SIGTERM amid the tidying up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


def end_with_parent() -> None:
    """On Linux, have this process, or the program that it becomes, end by SIGTERM when its parent does."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the call
            sys.exit(1)


def run(main: Callable[..., None]) -> NoReturn:
    """Call `main` with the command-line arguments, and exit; arguments that do not fit show its usage.

    A `UserError` becomes one line on stderr and exit status 1. On Linux the process ends with its
    parent, since killing `dvc` would otherwise leave a training running and holding the cores.
    """
    signal.signal(signal.SIGTERM, _terminate)
    end_with_parent()
    try:
        inspect.signature(main).bind(*sys.argv[1:])
    except TypeError:
        print(f"error: {sys.argv[0]}: wrong arguments; {main.__globals__['__doc__']}", file=sys.stderr)
        sys.exit(2)
    try:
        main(*sys.argv[1:])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)
