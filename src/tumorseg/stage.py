"""What every stage script shares: clean errors, a clean end, and no orphans when DVC is killed."""

import ctypes
import inspect
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from tumorseg.errors import one_line, user_line

PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>
STOPS = (signal.SIGINT, signal.SIGTERM)


class Stopped(SystemExit):
    """Ctrl-C or SIGTERM. It passes through everything, so that files are tidied up; the end tells `then`.

    It is no KeyboardInterrupt: Lightning has an end of its own for that.
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.then = "run again to go on"


def heed_stops() -> None:
    """From now on SIGINT and SIGTERM raise `Stopped`, once; what was told to ignore SIGINT goes on to."""
    owner = os.getpid()

    def stop(number: int, _: object) -> None:
        if os.getpid() != owner:
            # A loader process, which is forked. Its parent has had the same Ctrl-C and ends it. At a SIGTERM
            # of its own it ends without fault: its parent would take one for a crash, and say so.
            if number == signal.SIGTERM:
                os._exit(0)
            return
        # Where a whole group is killed, the parent's death sends a second SIGTERM amid the tidying up.
        for each in STOPS:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    for number in STOPS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)


def end_with_parent() -> None:
    """On Linux, have this process, or the program that it becomes, end by SIGTERM when its parent does."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the call
            sys.exit(1)


def call(main: Callable[[], object]) -> int:
    """Call `main`; the exit status. What the user or the system did wrong is one line on stderr and status 1.

    Stopped by a signal it is one line too, and 128 and the signal's number.
    """
    try:
        main()
    except Stopped as stopped:
        _say(f"stopped; {stopped.then}")
        return int(stopped.code or 0)
    except Exception as error:
        if (line := user_line(error)) is None:
            raise
        _say(f"error: {line}")
        return 1
    return 0


def run(main: Callable[..., None]) -> NoReturn:
    """Call `main` with the command-line arguments, and exit; arguments that do not fit show its usage.

    What it imports it imports itself, so that an end while it does so is as clean. On Linux the process ends
    with its parent, since killing `dvc` would otherwise leave a training running and holding the cores.
    """
    heed_stops()
    end_with_parent()
    try:
        inspect.signature(main).bind(*sys.argv[1:])
    except TypeError:
        _say(f"error: {sys.argv[0]}: wrong arguments; {main.__globals__['__doc__']}")
        sys.exit(2)
    sys.exit(call(lambda: main(*sys.argv[1:])))


def _say(line: str) -> None:
    print(one_line(line), file=sys.stderr)
