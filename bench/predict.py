"""Seconds and memory of `tumorseg predict` on many slices, beside those of the net alone.

python bench/predict.py delivered 200 2000

Slices are generated: the phantom's, at 640×640, as JPEG. Each count is a process of its own, so that its peak
of memory is its own. The net alone is its batches through the runtime, without reading and writing.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from tumorseg.delivery.predictor import Predictor
from tumorseg.models.batches import BATCH
from tumorseg.sources.phantom import sample_slices

SIDE = 640  # pixels
ROUNDS = 10  # batches that the net alone is timed by
CODE = """
import json, resource, sys, time
from pathlib import Path
from tumorseg.delivery.predict import Options, predict
start = time.perf_counter()
predict([sys.argv[1]], Path(sys.argv[2]), Options(model=sys.argv[3]))
took = time.perf_counter() - start
print(json.dumps([took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def write_slices(folder: Path, count: int) -> None:
    """The sample slices in turn, each with noise of its own."""
    rng, samples = np.random.default_rng(0), sample_slices(SIDE)
    for number in range(count):
        noisy = samples[number % len(samples)] + rng.normal(0, 4, (SIDE, SIDE))
        picture = noisy.clip(0, 255).astype(np.uint8)
        (folder / f"{number:05}.jpg").write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())


def net_seconds(model: Path) -> float:
    """Of a slice, the net alone; the best of the batches is not disturbed by others."""
    predictor = Predictor(model)
    size = predictor.contract.input.image_size
    batch = np.random.default_rng(0).integers(0, 256, (BATCH, size, size), dtype=np.uint8)
    took = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        predictor.runtime.probabilities(batch)
        took.append(time.perf_counter() - start)
    return float(np.median(took)) / BATCH


def main() -> None:
    model = Path(sys.argv[1])
    for count in map(int, sys.argv[2:]):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "in"
            folder.mkdir()
            write_slices(folder, count)
            alone = net_seconds(model)
            words = [sys.executable, "-c", CODE, str(folder), str(Path(temporary) / "out"), str(model)]
            output = subprocess.run(words, check=True, capture_output=True, text=True).stdout
            seconds, memory = json.loads(output.splitlines()[-1])
        each = seconds / count
        print(
            f"{count} slices: {seconds:.0f} s, {1000 * each:.0f} ms a slice; the net alone "
            f"{1000 * alone:.0f} ms, so {each / alone:.2f} times; peak {memory:.0f} MiB",
            flush=True,
        )


if __name__ == "__main__":
    main()
