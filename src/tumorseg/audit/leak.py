"""Slices that resemble each other: copies, siblings, the groups they form, and what crosses the splits.

Two slices are compared by the correlation of the slices shrunk to 32×32. Measured on phantoms, whose
patients are known (160 slices of 32 patients, 480 of 60): a slice of another patient comes no nearer
than 0.821 and 0.858, while 75 % and 89 % of the slices have one of their own patient from 0.85 up; of
all pairs from 0.85 up, 100 % and 99.8 % are of one patient. Neighbours in a stack reach 0.981 and 0.992:
what is nearer than 0.995 is a copy, saved again, brightened or blurred.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
import pandas as pd

from tumorseg.metrics import scores

SIDE = 32
SIBLING = 0.85  # correlation from which two slices are taken for one patient's
COPY = 0.995  # correlation from which two slices are taken for one slice
NEIGHBORS = 2  # a slice has one neighbour on either side of it in its stack
NEAR = 3  # file numbers apart, at most, that count as near
BINS = 40  # of the histogram of similarities, from 0 to 1
BLOCK = 1024  # rows of the similarity matrix held at a time
SKIPPED = -2.0  # in place of a similarity that does not count
DECIMALS = 6  # of similarities: the last bits of a matrix product vary with the number of threads


def embed(images: np.ndarray) -> np.ndarray:
    """Unit vectors of slices; the twin, in NumPy, of `tumorseg.models.nearest_slice.embed`.

    Args:
        images: uint8 (N, S, S), S at least 32.

    Returns:
        float32 (N, 1024): shrunk to 32×32 by area, mean removed, of length 1, so that a dot product is a
        correlation. A slice of one grey alone gives zeros, which resemble nothing.
    """
    size = images.shape[1]
    average = np.zeros((SIDE, size), np.float32)
    for row in range(SIDE):
        first, last = row * size // SIDE, -(-(row + 1) * size // SIDE)
        average[row, first:last] = 1 / (last - first)
    small = np.stack([average @ image.astype(np.float32) @ average.T for image in images])
    centred = (small - small.mean(axis=(1, 2), keepdims=True)).reshape(len(images), -1)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    # The mean of a constant is off by a rounding error, which would be scaled up to a picture.
    return np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-2)


def most_similar(
    queries: np.ndarray, references: np.ndarray, skip_self: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The most similar reference of every query.

    Args:
        queries: float (N, D), unit vectors.
        references: float (M, D), unit vectors, M at least 1.
        skip_self: Queries are the references; no slice is its own neighbour.

    Returns:
        Its index, int (N,), and the similarity, float (N,) in [-1, 1].
    """
    best = [(block.argmax(axis=1), block.max(axis=1)) for _, block in _blocks(queries, references, skip_self)]
    index, similarity = (np.concatenate(part) for part in zip(*best, strict=True))
    return index, similarity.astype(float).round(DECIMALS)


def copies(embeddings: np.ndarray) -> np.ndarray:
    """Labels of sets of copies, int (N,): slices of one label are joined by correlations of at least COPY."""
    pairs = [
        np.argwhere(block >= COPY) + np.array([start, 0])
        for start, block in _blocks(embeddings, embeddings, True)
    ]
    return _components(len(embeddings), np.concatenate(pairs))


def groups(embeddings: np.ndarray, threshold: float = SIBLING) -> np.ndarray:
    """Groups of similar slices, an estimate of the patients.

    Copies count as one slice. Of the others, two are linked if each is among the two most similar slices of
    the other (those above and below it in its stack) and the correlation is at least `threshold`; what
    links connect is a group. Links thus form chains, and lookalikes of different patients do not run
    together into one giant group, as they do where every similar pair is linked. Groups are rather parts
    of patients than mixtures of them: on the two phantoms 100 % of the pairs within groups are of one
    patient, and 59 % and 84 % of the pairs of one patient are within a group.

    Args:
        embeddings: float (N, D), unit vectors.
        threshold: Least correlation of a link.

    Returns:
        int (N,): labels from 0 on, in the order of their first slices.
    """
    same = copies(embeddings)
    firsts = np.unique(same, return_index=True)[1]
    distinct, count = embeddings[firsts], len(firsts)
    chosen = np.zeros((0, 2), np.int64)
    if count > 1:
        lists = [
            _top(block, min(NEIGHBORS, count - 1)) + np.array([start, 0])
            for start, block in _blocks(distinct, distinct, True, threshold)
        ]
        chosen = np.concatenate(lists)
    codes, mirrored = chosen @ (count, 1), chosen @ (1, count)
    return _components(count, chosen[np.isin(codes, mirrored)])[same]


def copied_dice(masks: np.ndarray, copied: np.ndarray) -> dict[str, float]:
    """Dice of masks copied from other slices: of all pixels pooled, and the mean over slices.

    Args:
        masks: 0/1 (N, H, W).
        copied: 0/1 (N, H, W), what stands in for them.
    """
    ours, theirs = masks.reshape(len(masks), -1) > 0, copied.reshape(len(copied), -1) > 0
    counts = [(x & y).sum(axis=1) for x, y in ((ours, theirs), (~ours, theirs), (ours, ~theirs))]
    counts.append((~ours & ~theirs).sum(axis=1))
    each = scores(*counts)["dice"]
    return {
        "pooled": float(scores(*(count.sum() for count in counts))["dice"]),
        # A slice and a copy that are both empty have no Dice.
        "mean": float(np.nanmean(each)) if np.isfinite(each).any() else float("nan"),
    }


def repeats(table: pd.DataFrame, key: str) -> dict[str, int]:
    """Slices with the same `key`: those of them in several splits, and the surplus within splits."""
    in_splits = table.groupby(key)["split"].transform("nunique")
    return {"across": int((in_splits > 1).sum()), "within": int(table.duplicated([key, "split"]).sum())}


def pixel_digest(image: np.ndarray) -> str:
    """Digest of an image's pixels, uint8 (H, W)."""
    return hashlib.sha256(np.ascontiguousarray(image)).hexdigest()


def near_in_sequence(queries: pd.Series, references: pd.Series, nearest: pd.Series) -> dict[str, float]:
    """How many slices have their most similar slice at most NEAR file numbers away: count, share, by_chance.

    Args:
        queries: File numbers of N slices.
        references: File numbers of the slices they were compared with.
        nearest: File number of the most similar one, for each of the N.
    """
    numbers, ordered = queries.to_numpy(int), np.sort(references.to_numpy(int))
    close = np.searchsorted(ordered, numbers + NEAR, "right") - np.searchsorted(ordered, numbers - NEAR)
    near = np.abs(numbers - nearest.to_numpy(int)) <= NEAR
    return {
        "count": int(near.sum()),
        "share": float(near.mean()),
        "by_chance": float(close.mean() / len(ordered)),
    }


def _blocks(
    queries: np.ndarray, references: np.ndarray, skip_self: bool, least: float = -1.0
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the similarity matrix by blocks: first row, float32 (rows, M); SKIPPED below `least`."""
    for start in range(0, len(queries), BLOCK):
        block = (queries[start : start + BLOCK] @ references.T).round(DECIMALS)
        if skip_self:
            rows = np.arange(len(block))
            block[rows, start + rows] = SKIPPED
        block[block < least] = SKIPPED
        yield start, block


def _top(block: np.ndarray, count: int) -> np.ndarray:
    """Pairs (row, column) of the `count` largest values of each row, without those that are skipped."""
    columns = np.argsort(-block, axis=1, kind="stable")[:, :count]
    rows = np.repeat(np.arange(len(block)), count)
    pairs = np.stack([rows, columns.ravel()], axis=1)
    return pairs[block[pairs[:, 0], pairs[:, 1]] > SKIPPED]


def _components(count: int, pairs: np.ndarray) -> np.ndarray:
    """Labels of the connected components of `count` nodes, in the order of their first nodes."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (count, count))
    labels = connected_components(links, directed=False)[1]
    return pd.factorize(labels)[0]
