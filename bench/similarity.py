"""The search for similar slices by an index, beside all pairs: seconds, and what it misses.

Run with `python bench/similarity.py data/raw 20000 100000`, a folder as `download` leaves it and sizes. Its
slices are varied to each size: stacks of eight, each a blend of two slices, turned and shifted from slice to
slice, with noise. All pairs are compared for a thousand slices only, and their seconds scaled up; seconds are
of the processor.
"""

import sys
import time
from pathlib import Path

import cv2
import numpy as np

from tumorseg.data.search import EQUAL, SKIPPED, Effort, Search
from tumorseg.data.similarity import COPY, SIBLING, embed, groups

SIDE = 64
STACK = 8
ASKED = 1000  # slices that are compared with all
MOST_GROUPED = 20_000  # slices, whose groups are compared


def varied(pictures: np.ndarray, count: int) -> np.ndarray:
    """Slices, uint8 (count, SIDE, SIDE), made of others."""
    rng, slices = np.random.default_rng(0), np.empty((count, SIDE, SIDE), np.uint8)
    for start in range(0, count, STACK):
        one, other = pictures[rng.integers(len(pictures), size=2)].astype(np.float32)
        share, mirrored = rng.uniform(0, 0.5), rng.random() < 0.5
        place = np.array([rng.uniform(-20, 20), rng.uniform(0.85, 1.15), *rng.uniform(-4, 4, 2)])
        drift = rng.normal(0, [2, 0.02, 0.7, 0.7])
        for row in range(start, min(start + STACK, count)):
            turn, scale, *shift = place + (row - start) * drift
            matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), turn, scale)
            matrix[:, 2] += shift
            moved = cv2.warpAffine((1 - share) * one + share * other, matrix, (SIDE, SIDE))
            noisy = np.clip(moved + rng.normal(0, 3, moved.shape), 0, 255)
            slices[row] = noisy[:, ::-1] if mirrored else noisy
    return slices


def timed(search: Search, embeddings: np.ndarray, rows: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Seconds; of each row, the similarity of its nearest slice, and of its nearest that is no copy."""
    began, nearest, neighbor = time.process_time(), [], []
    for _, block, _ in search.blocks(embeddings[rows], rows):
        nearest.append(block.max(axis=1))
        neighbor.append(np.where(block >= COPY, SKIPPED, block).max(axis=1))
    return time.process_time() - began, np.concatenate(nearest), np.concatenate(neighbor)


def compare(embeddings: np.ndarray) -> str:
    count = len(embeddings)
    rows = np.unique(np.linspace(0, count - 1, ASKED).astype(int))
    exact, best, beside = timed(Search(embeddings, effort=Effort(exact=count)), embeddings, rows)
    index = Search(embeddings, effort=Effort(exact=0))
    seconds, found, _ = timed(index, embeddings, np.arange(count))
    found, other = found[rows], timed(index, embeddings, rows)[2]
    shares = [
        np.mean(found >= best - EQUAL),
        np.mean(other >= beside - EQUAL),
        np.mean(found[best >= SIBLING] >= SIBLING),
        np.mean(found[best >= COPY] >= COPY) if (best >= COPY).any() else np.nan,
    ]
    shares.append(groups_shared(embeddings) if count <= MOST_GROUPED else np.nan)
    figures = " | ".join(f"{share:.3f}" for share in shares)
    return f"| {count:,} | {exact * count / len(rows):.0f} | {seconds:.0f} | {figures} |"


def groups_shared(embeddings: np.ndarray) -> float:
    """Of the pairs of slices in one group, by all pairs or by the index: the share that is by both."""
    exact, found = (groups(embeddings, effort=Effort(exact=limit)) for limit in (len(embeddings), 0))
    joint = np.unique(np.stack([exact, found]), axis=1, return_counts=True)[1]
    pairs = [
        int((sizes * (sizes - 1) // 2).sum()) for sizes in (np.bincount(exact), np.bincount(found), joint)
    ]
    return pairs[2] / (pairs[0] + pairs[1] - pairs[2])


def main() -> None:
    raw, *sizes = sys.argv[1:]
    files = [path for path in sorted(Path(raw).glob("*/*")) if path.suffix in (".jpg", ".png")]
    greys = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in files]
    pictures = np.stack([cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for grey in greys])
    print("| slices | all pairs, s | index, s | nearest | nearest no copy | siblings | copies | groups |")
    for size in map(int, sizes):
        print(compare(embed(varied(pictures, size))), flush=True)


if __name__ == "__main__":
    main()
