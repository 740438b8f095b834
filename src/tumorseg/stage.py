"""What every stage script shares: clean errors, a clean end, and no orphans when DVC is killed.

It imports next to nothing before it heeds signals, so that an end meanwhile is a clean one.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>
STOPS = (signal.SIGINT, signal.SIGTERM)
DEAF = 2.0  # seconds after a signal
GO_ON = "run again to go on"
LAUNCHED = "TUMORSEG_LAUNCHED"  # what started this process as a rank of a training
HERE = "here"  # a stage, whose child it is
SPOKEN_FOR = os.environ.get(LAUNCHED) == HERE  # the stage says that all is stopped, once for all ranks


class Stopped(SystemExit):
    """Ctrl-C or SIGTERM. It passes through everything, so that files are tidied up; the end tells `then`.

    It is no KeyboardInterrupt: Lightning has an end of its own for that.
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.then = GO_ON


def heed_stops() -> None:
    """From now on SIGINT and SIGTERM raise `Stopped`; what was told to ignore SIGINT goes on to.

    Where an exception would be swallowed, the process ends at once, its half-written files deleted: while a
    module is being imported, whose code in C may even die of it, and where Python ignores it.
    """
    owner, last = os.getpid(), -DEAF

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal last
        if os.getpid() != owner:
            # A loader process, which is forked. Its parent has had the same Ctrl-C and ends it. At a SIGTERM
            # of its own it ends without fault: its parent would take one for a crash, and say so.
            if number == signal.SIGTERM:
                os._exit(0)
            return
        # Where a whole group is killed, the parent's death sends a second SIGTERM amid the tidying up.
        if time.monotonic() < last + DEAF:
            return
        last = time.monotonic()
        if not _is_importing(frame):
            raise Stopped(number)
        _end_at_once(128 + number)

    for number in STOPS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)
    sys.unraisablehook = _end_or_tell


def _is_importing(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _end_or_tell(ignored: "sys.UnraisableHookArgs") -> None:
    """What Python calls of an exception that it ignores, such as one in a `__del__`."""
    if isinstance(ignored.exc_value, Stopped):
        _end_at_once(int(ignored.exc_value.code or 0))
    sys.__unraisablehook__(ignored)


def _end_at_once(status: int) -> NoReturn:
    if discard := getattr(sys.modules.get("tumorseg.files"), "discard_unfinished", None):
        discard()
    _leave(f"stopped; {GO_ON}", status)


def _leave(line: str, status: int) -> NoReturn:
    """Say a line and end, without what libraries do at exit: it takes them seconds."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if not SPOKEN_FOR:
        os.write(2, f"{line}\n".encode())
    os._exit(status)


def end_with_parent() -> None:
    """On Linux, have this process, or the program that it becomes, end by SIGTERM when its parent does."""
    if sys.platform == "linux":
        import ctypes

        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the call
            sys.exit(1)


def finish(main: Callable[[], object]) -> NoReturn:
    """Call `main` and exit. What the user or the system did wrong is one line on stderr and status 1.

    Stopped by a signal it is one line too, and 128 and the signal's number.
    """
    try:
        main()
        sys.stdout.flush()
        for number in STOPS:  # all is done and written
            signal.signal(number, signal.SIG_IGN)
    except Stopped as stopped:
        _leave(f"stopped; {stopped.then}", int(stopped.code or 0))
    except Exception as error:
        from tumorseg.errors import user_line

        if (line := user_line(error)) is None:
            raise
        print(f"error: {line}", file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


def run(main: Callable[..., None]) -> NoReturn:
    """`finish` with `main` and the command-line arguments; those that do not fit show its usage.

    What it imports it imports itself. On Linux the process ends with its parent, since killing `dvc` would
    otherwise leave a training running and holding the cores.
    """
    heed_stops()
    end_with_parent()
    import inspect

    try:
        inspect.signature(main).bind(*sys.argv[1:])
    except TypeError:
        usage = main.__globals__["__doc__"]
        print(f"error: {sys.argv[0]}: wrong arguments; {usage}", file=sys.stderr)
        sys.exit(2)
    finish(lambda: main(*sys.argv[1:]))
