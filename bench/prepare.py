"""Seconds of `render_masks` and `prepare`, beside what OpenCV needs to decode the same pictures.

Run with `python bench/prepare.py data/raw`, a folder as `download` leaves it. The ways are timed in turn, in
processes of their own, since peak memory is of a process; the processor's time counts what other programs
take less than the clock does.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tumorseg.params import Params

ROUNDS = 5
SIZE = 128  # pixels a side
IMPORTED = (
    *("tumorseg.data.masks", "tumorseg.data.prepare"),
    *("PIL.Image", "pycocotools.mask", "scipy.sparse.csgraph"),  # which they import when they are called
)


def decode(raw: Path, flags: int) -> None:
    """Every picture, in as many threads as `prepare` has."""
    import cv2
    import numpy as np

    from tumorseg.threads import in_threads

    def work(path: Path) -> int:
        return len(cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), flags))

    assert all(in_threads(work, sorted(raw.glob("*/*.[jp][pn]g"))))


def stages(raw: Path, folder: Path, params: "Params") -> None:
    from tumorseg.data.masks import render_masks
    from tumorseg.data.prepare import prepare

    render_masks(raw, folder / "masks", None)
    prepare(
        raw,
        folder / "masks",
        folder / "prepared",
        name="bench",
        image_size=SIZE,
        channels=1,
        steps=["normalise"],
        rule=params.split,
        blocks=params.dataset.blocks,
    )


def way(name: str, raw: Path, folder: Path) -> Callable[[], None]:
    """What is timed; modules are imported and params.yaml is read before."""
    import cv2

    from tumorseg.params import load_params

    for module in IMPORTED:
        import_module(module)
    params = load_params()
    flags = {"decode grey": cv2.IMREAD_GRAYSCALE, "decode colour": cv2.IMREAD_COLOR}
    if name in flags:
        return lambda: decode(raw, flags[name] | cv2.IMREAD_IGNORE_ORIENTATION)
    return lambda: stages(raw, folder, params)


WAYS = ("decode grey", "decode colour", "render_masks and prepare")


def run(name: str, raw: Path) -> None:
    """Time one way, and print seconds by the clock, of the processor, and peak MiB."""
    with tempfile.TemporaryDirectory() as folder:
        work = way(name, raw, Path(folder))
        began, busy = time.perf_counter(), time.process_time()
        work()
        clock, processor = time.perf_counter() - began, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
    print(f"{clock} {processor} {peak}", file=sys.stderr)


def main() -> None:
    match sys.argv[1:]:
        case [raw, name]:
            run(name, Path(raw))
        case [raw]:
            measure(raw)
        case _:
            print(__doc__)


def measure(raw: str) -> None:
    figures: dict[str, list[list[float]]] = {name: [] for name in WAYS}
    for _ in range(ROUNDS):
        for name in WAYS:
            command = [sys.executable, __file__, raw, name]
            done = subprocess.run(command, check=True, text=True, capture_output=True)
            figures[name].append([float(part) for part in done.stderr.split()[-3:]])
    for name in WAYS:
        clock, processor, peak = map(median, zip(*figures[name], strict=True))
        shares = [
            median(ours[1] / theirs[1] for ours, theirs in zip(figures[name], figures[base], strict=True))
            for base in WAYS[:2]
        ]
        print(
            f"{name}: {clock:.2f} s, {processor:.2f} s of the processor, {shares[0]:.2f} times decoding to "
            f"grey and {shares[1]:.2f} times to colour; peak {peak:.0f} MiB"
        )


if __name__ == "__main__":
    main()
