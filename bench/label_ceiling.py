"""What labels allow, as the audit estimates it, beside what is known: boxes of phantoms, jittered on purpose.

python bench/label_ceiling.py [PATIENTS] draws phantom patients of 4, 5 and 8 slices. Their tumours are
annotated with boxes whose sides are off by a normal error, in shares of the tumour's size, and annotated
again. The two labels of a slice agree to a known Dice, and so do a label and the box without error, which is
what a net that knows the truth would say. Beside them stands what `audit.ceiling` makes of one label a slice.
Five minutes on one core.
"""

import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd

from tumorseg.audit.ceiling import TRIPLE, ceiling, distances, extrapolate
from tumorseg.data.slices import SplitArrays
from tumorseg.sources.phantom.head import VIEWS, Head

SIDE = 128
SLICES = (4, 5, 8)  # of a patient
ERRORS = (0.0, 0.03, 0.06, 0.1, 0.15)  # s.d. of the place of a side, in shares of √area
KINDS = ["meningioma", "pituitary", "glioma"]


def boxes(patients: int, slices: int) -> Iterator[tuple[int, np.ndarray]]:
    """Patient, and left, top, right and bottom of the tumour in each of its slices, float (slices, 4)."""
    depths = 0.75 * ((2 * np.arange(slices) + 1) / slices - 1)
    for patient in range(patients):
        rng = np.random.default_rng([0, patient])
        head = Head(rng, list(VIEWS)[patient % len(VIEWS)], KINDS[patient // len(VIEWS) % len(KINDS)])
        places = [np.nonzero(head.slice(depth, SIDE)[1]) for depth in depths]
        yield patient, np.array([[x.min(), y.min(), x.max() + 1, y.max() + 1] for y, x in places], float)


def paint(box: np.ndarray) -> np.ndarray:
    """A box as a mask, uint8 (SIDE, SIDE)."""
    left, top, right, bottom = np.rint(box).astype(int).clip(0, SIDE)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[top:bottom, left:right] = 1
    return mask


def pooled(one: np.ndarray, other: np.ndarray) -> float:
    """Dice of masks (N, SIDE, SIDE) over all pixels."""
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def jittered(truth: np.ndarray, error: float, rng: np.random.Generator) -> np.ndarray:
    """Masks of boxes (N, 4) whose sides are off."""
    size = np.sqrt((truth[:, 2] - truth[:, 0]) * (truth[:, 3] - truth[:, 1]))
    return np.stack([paint(box) for box in truth + rng.normal(0, 1, truth.shape) * error * size[:, None]])


def main() -> None:
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    print("slices  error | two labels: known  line   law 2 | net: known  line   law 2")
    for slices in SLICES:
        drawn = list(boxes(patients, slices))
        truth = np.concatenate([each for _, each in drawn])
        run = np.repeat([patient for patient, _ in drawn], slices)
        table = pd.DataFrame({"run": run, "sequence": np.arange(len(run)), "category": "all"})
        for error in ERRORS:
            rng = np.random.default_rng(1)
            labels, again = jittered(truth, error, rng), jittered(truth, error, rng)
            none = SplitArrays(labels[:0], labels[:0], table[:0])
            arrays = {"train": SplitArrays(labels, labels, table), "valid": none, "test": none}
            _, triples = distances(table, arrays)
            _, curve = extrapolate(*triples[TRIPLE].sum().to_numpy(float))
            found = ceiling(triples)
            twice, once = pooled(labels, again), pooled(labels, np.stack([paint(box) for box in truth]))
            print(
                f"{slices:6d}  {error:5.2f} | {twice:17.3f} {found['labels']['dice']:6.3f} {curve:6.3f} "
                f"| {once:10.3f} {found['net']['dice']:6.3f} {1 - (1 - curve) / np.sqrt(2):6.3f}"
            )


if __name__ == "__main__":
    main()
