"""The search for similar slices: all pairs up to `Effort.exact` slices, above it the candidates of an index.

The time of all pairs grows with the square of the slices. Above, FAISS's inverted lists (Jégou, Douze and
Schmid 2011, "Product Quantization for Nearest Neighbor Search", without the quantization) give each slice
candidates, by its embedding pooled to 8×8; candidates are then compared as all pairs are. So a similarity is
always exact, but the most similar slice may be missed: `Search.check` measures how often, and says so.

The same bytes come out whatever the number of threads: what is pooled are whole numbers so small that a
float32 adds them without rounding, lists are centred on slices taken at even steps, and candidates are
compared one by one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

SIDE = 32  # of the small slices that embeddings are made of
POOLED = 8  # pixels a side, by which candidates are found
UNIT = 127  # length of a pooled embedding: sums of 64 products stay below 2**24
EXACT = 20_000  # slices: all pairs take 15 s on two cores, and the square of it above
BLOCK = 1024  # rows of the similarity matrix held at a time
CELLS = 2**22  # of the similarity matrix held at a time, at most: 16 MiB
ROWS = 64  # whose candidates are compared at a time
SKIPPED = -2.0  # in place of a similarity that does not count
DECIMALS = 6  # of similarities: the last bits of a matrix product vary with the number of threads
SAMPLE = 500  # slices that are compared with all others, to measure what candidates miss
EQUAL = 2e-6  # how far two sums of the same similarity may be apart, rounded
Block = tuple[int, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Effort:
    """How hard to search; `bench/similarity.py` measures what it gives."""

    exact: int = EXACT  # references, up to which all are compared
    lists: float = 2.0  # of an index of N slices, times √N
    probes: int = 32  # lists that are looked through
    candidates: int = 64  # slices that are compared


EFFORT = Effort()


class Search:
    """Compares slices with references, with all or with candidates.

    Args:
        references: float (M, D), unit vectors; D is SIDE² where they are more than `effort.exact`.
        parts: Rows of references, of each of which candidates are taken. None: all are one part.
        effort: How hard to search.
    """

    def __init__(
        self,
        references: np.ndarray,
        parts: Sequence[np.ndarray] | None = None,
        effort: Effort = EFFORT,
    ) -> None:
        self.references, self.effort = references, effort
        self.parts = [np.arange(len(references))] if parts is None else [part for part in parts if len(part)]

    @property
    def approximate(self) -> bool:
        """Whether candidates alone are compared."""
        return len(self.references) > self.effort.exact

    @property
    def first(self) -> int:
        """Columns of a block that are of the first part."""
        rows = len(self.parts[0])
        return min(rows, self.effort.candidates) if self.approximate else rows

    def blocks(self, queries: np.ndarray, own: np.ndarray | None = None) -> Iterator[Block]:
        """Yield, by blocks of queries: the first one, similarities, and the references that they are to.

        Args:
            queries: float (N, D), unit vectors.
            own: int (N,): the place of each query among the references, where it counts as SKIPPED.

        Returns:
            The first row, float32 (rows, K) and int (rows, K). Part by part, a row's references are in rising
            order. Where there are fewer candidates than places, similarities are SKIPPED.
        """
        if self.approximate:
            return self._candidates(queries, own)
        return _all_pairs(queries, self.references, own)

    def check(self, queries: np.ndarray, own: np.ndarray | None = None) -> float:
        """Recall, said in a line: of SAMPLE queries, the share whose most similar reference is found.

        Both that of the first part and that of all count. NaN, and no line, where all pairs are compared.
        """
        if not self.approximate:
            return float("nan")
        rows = np.unique(np.linspace(0, len(queries) - 1, SAMPLE).astype(int))
        at = None if own is None else own[rows]
        found, best = (
            np.concatenate([self._best(block, columns) for _, block, columns in blocks])
            for blocks in (
                self._candidates(queries[rows], at),
                _all_pairs(queries[rows], self.references, at),
            )
        )
        recall = float(np.mean(found >= best - EQUAL))
        print(
            f"similar slices: {len(self.references)} are too many to compare all pairs (over "
            f"{self.effort.exact}), so an index gives each slice candidates; of {len(rows)} slices that were "
            f"compared with all, {recall:.1%} have the most similar one among them",
            flush=True,
        )
        return recall

    def _best(self, block: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """The highest similarity to a reference of the first part, and to any, (rows, 2)."""
        first = np.where(np.isin(columns, self.parts[0]), block, SKIPPED)
        return np.stack([first.max(axis=1), block.max(axis=1)], axis=1)

    @cached_property
    def _indexes(self) -> list[Any]:
        return [_index(self.references, part, self.effort) for part in self.parts]

    def _candidates(self, queries: np.ndarray, own: np.ndarray | None) -> Iterator[Block]:
        for start in range(0, len(queries), BLOCK):
            pooled = pool(queries[start : start + BLOCK])
            found = []
            for part, index in zip(self.parts, self._indexes, strict=True):
                places = index.search(pooled, min(len(part), self.effort.candidates))[1]
                found.append(np.sort(np.where(places < 0, -1, part[places]), axis=1))
            columns = np.concatenate(found, axis=1)
            block = np.full(columns.shape, SKIPPED, np.float32)
            for row in range(0, len(columns), ROWS):
                near = self.references[columns[row : row + ROWS]]
                some = queries[start + row : start + row + len(near)]
                block[row : row + ROWS] = np.einsum("nd,nkd->nk", some, near)
            np.round(block, DECIMALS, out=block)
            block[columns < 0] = SKIPPED
            if own is not None:
                block[columns == own[start : start + BLOCK, None]] = SKIPPED
            yield start, block, columns


def pool(embeddings: np.ndarray) -> np.ndarray:
    """Embeddings, float (N, SIDE²), pooled to 8×8, of length UNIT, in whole numbers: float32 (N, 64)."""
    step = SIDE // POOLED
    small = embeddings.reshape(-1, POOLED, step, POOLED, step).mean(axis=(2, 4)).reshape(-1, POOLED**2)
    length = np.linalg.norm(small, axis=1, keepdims=True)
    return np.asarray(np.round(small * (UNIT / np.maximum(length, 1e-6))), np.float32)


def _index(references: np.ndarray, rows: np.ndarray, effort: Effort) -> Any:
    """Inverted lists of some references, each around one of them."""
    import faiss

    pooled = np.empty((len(rows), POOLED**2), np.float32)
    for start in range(0, len(rows), BLOCK):
        pooled[start : start + BLOCK] = pool(references[rows[start : start + BLOCK]])
    lists = min(len(rows), round(effort.lists * len(rows) ** 0.5))
    centres = faiss.IndexFlatIP(POOLED**2)
    centres.add(pooled[np.linspace(0, len(rows) - 1, lists).astype(int)])
    index = faiss.IndexIVFFlat(centres, POOLED**2, lists, faiss.METRIC_INNER_PRODUCT)
    index.train(pooled)  # which leaves centres that are there already
    index.add(pooled)
    index.nprobe = effort.probes
    return index


def _all_pairs(queries: np.ndarray, references: np.ndarray, own: np.ndarray | None) -> Iterator[Block]:
    height = max(1, min(BLOCK, CELLS // len(references)))
    for start in range(0, len(queries), height):
        block = queries[start : start + height] @ references.T
        np.round(block, DECIMALS, out=block)
        if own is not None:
            block[np.arange(len(block)), own[start : start + height]] = SKIPPED
        yield start, block, np.broadcast_to(np.arange(len(references)), block.shape)
