"""What every stage script shares: clean errors, and no orphans when DVC is killed."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from tumorseg.errors import UserError

PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>


def run(main: Callable[..., None]) -> NoReturn:
    """Call `main` with the command-line arguments, and exit.

    A `UserError` becomes one line on stderr and exit status 1. On Linux the process ends with its
    parent, since killing `dvc` would otherwise leave a training running and holding the cores.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exception, so that files are tidied up
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the call
            sys.exit(1)
    try:
        main(*sys.argv[1:])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)
