"""Slices that resemble each other: copies, siblings, and the groups they form, an estimate of the patients.

Two slices are compared by the correlation of the slices shrunk to 32×32. Measured at 128×128 on phantoms,
whose patients are known (32 patients of 5 slices each, 60 of 8): a slice of another patient comes no nearer
than 0.821 and 0.849, while 75 % and 89 % of the slices have one of their own patient from 0.85 up. Of all
pairs from 0.8 up, 96 % and 93 % are of one patient; of those that are linked (see `groups`), more.
Neighbours in a stack reach 0.981 and 0.992: what is nearer than 0.995 is a copy, saved again, brightened or
blurred.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from tumorseg.data.search import DECIMALS, EFFORT, SIDE, SKIPPED, Effort, Search
from tumorseg.scratch import scratch

SIBLING = 0.85  # correlation from which two slices are taken for one patient's
LINK = 0.8  # correlation from which mutual neighbours are linked into a group; see `groups`
COPY = 0.995  # correlation from which two slices are taken for one slice
NEIGHBORS = 2  # a slice has one neighbour on either side of it in its stack
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue (ITU-R BT.601)
CHUNK = 64  # slices shrunk at a time


def embed(*parts: np.ndarray) -> np.ndarray:
    """Unit vectors of slices.

    Args:
        parts: uint8 or float32 (N, S, S), or in colour (N, S, S, 3), S a multiple of 32; those of several
            arrays follow each other.

    Returns:
        float32 (N, 1024): shrunk to 32×32 by area, mean removed, of length 1, so that a dot product is a
        correlation. A slice of one grey alone gives zeros, which resemble nothing. Of many slices they are in
        a file, see `scratch.scratch`.
    """
    vectors = scratch((sum(map(len, parts)), SIDE * SIDE), np.float32)
    done = 0
    for images in parts:
        _embed(images, vectors[done : done + len(images)])
        done += len(images)
    return vectors


def _embed(images: np.ndarray, vectors: np.ndarray) -> None:
    for start in range(0, len(images), CHUNK):
        small = np.stack([_shrink(image) for image in _to_luma(images[start : start + CHUNK])])
        centred = (small - small.mean(axis=(1, 2), keepdims=True)).reshape(len(small), -1)
        length = np.linalg.norm(centred, axis=1, keepdims=True)
        # The mean of a constant is off by a rounding error, which would be scaled up to a picture.
        np.divide(centred, length, out=vectors[start : start + CHUNK], where=length > 1e-2)


def _shrink(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def _to_luma(images: np.ndarray) -> np.ndarray:
    """Slices in grey, float32 (N, S, S)."""
    values = images.astype(np.float32)
    return values if values.ndim == 3 else values @ LUMA


def nearest(
    queries: np.ndarray,
    references: np.ndarray | Search,
    count: int = 1,
    skip_self: bool = False,
    effort: Effort = EFFORT,
) -> tuple[np.ndarray, np.ndarray]:
    """The `count` most similar references of every query, or all where there are fewer, the nearest first.

    Args:
        queries: float (N, D), unit vectors.
        references: float (M, D), unit vectors, M at least 1; or a search of them, which has said its recall.
        count: At least 1.
        skip_self: The first references are the queries; no slice is its own neighbour.
        effort: Of more than `effort.exact` references, candidates alone are compared, `count` or more.

    Returns:
        Their indices, int (N, count), and similarities, float (N, count) in [-1, 1].
    """
    own = np.arange(len(queries)) if skip_self else None
    if isinstance(references, Search):
        search = references
    else:
        search = Search(references, effort=replace(effort, candidates=max(effort.candidates, count + 1)))
        search.check(queries, own)
    index, similarity = [], []
    for _, block, columns in search.blocks(queries, own):
        order = block.argmax(axis=1)[:, None] if count == 1 else np.argsort(-block, axis=1, kind="stable")
        index.append(np.take_along_axis(columns, order[:, :count], axis=1))
        similarity.append(np.take_along_axis(block, order[:, :count], axis=1))
    return np.concatenate(index), _rounded(np.concatenate(similarity))


def _rounded(similarity: np.ndarray) -> np.ndarray:
    """As float64, whose decimals are those that it has been rounded to."""
    return np.asarray(similarity.astype(float).round(DECIMALS))


@dataclass(frozen=True)
class Relatives:
    """What each of N slices resembles most."""

    copy: np.ndarray  # int (N,): labels of sets of copies, which correlations of at least COPY join
    nearest: np.ndarray  # int (N,): the most similar of the first slices, the slice itself apart
    similarity: np.ndarray  # float (N,): to it, in [-1, 1]
    neighbor: np.ndarray  # int (N,): the most similar of all slices, the slice itself and copies of it apart
    neighbor_similarity: np.ndarray  # float (N,): to it; SKIPPED where there is none


def relatives(embeddings: np.ndarray, first: int, effort: Effort = EFFORT) -> tuple[Relatives, float]:
    """Compare every slice with every other, once, in memory that does not grow with the square of them.

    Args:
        embeddings: float (N, D), unit vectors.
        first: Among so many first slices (those of train) is the `nearest` of each; at least 1.
        effort: Of more than `effort.exact` slices, candidates alone are compared: as many among the first as
            among the others.

    Returns:
        And the recall, as of `Search.check`. Of candidates, a set of copies may fall into several.
    """
    everyone = np.arange(len(embeddings))
    search = Search(embeddings, [everyone[:first], everyone[first:]], effort)
    recall = search.check(embeddings, everyone)
    links = np.zeros((0, 2), np.int64)
    found: list[tuple[np.ndarray, ...]] = []
    for start, block, columns in search.blocks(embeddings, everyone):
        rows, same = np.arange(len(block)), block >= COPY
        nearest = block[:, : search.first].argmax(axis=1)
        of_nearest = block[rows, nearest]
        links = _joined(len(embeddings), links, _pairs(start, columns, np.argwhere(same)))
        block[same] = SKIPPED
        neighbor = block.argmax(axis=1)
        found.append((columns[rows, nearest], of_nearest, columns[rows, neighbor], block[rows, neighbor]))
    index, similarity, neighbor, of_neighbor = (np.concatenate(part) for part in zip(*found, strict=True))
    copies = _components(len(embeddings), links)
    if search.approximate:  # copies took all places of these
        lone = np.flatnonzero(of_neighbor == SKIPPED)
        firsts = np.unique(copies, return_index=True)[1]
        for start, block, columns in Search(embeddings, [firsts], effort).blocks(embeddings[lone], lone):
            block[block >= COPY] = SKIPPED
            rows, best = np.arange(len(block)), block.argmax(axis=1)
            places = lone[start : start + len(block)]
            neighbor[places], of_neighbor[places] = columns[rows, best], block[rows, best]
    found_relatives = Relatives(copies, index, _rounded(similarity), neighbor, _rounded(of_neighbor))
    return found_relatives, recall


def groups(embeddings: np.ndarray, threshold: float = LINK, effort: Effort = EFFORT) -> np.ndarray:
    """Groups of similar slices, an estimate of the patients.

    Copies count as one slice. Of the others, two are linked if each is among the two most similar slices of
    the other (those above and below it in its stack) and the correlation is at least `threshold`; what
    links connect is a group. Links thus form chains, and lookalikes of different patients do not run
    together into one giant group, as they do where every similar pair is linked. Groups are rather parts
    of patients than mixtures of them: on the two phantoms 98 % and 100 % of the pairs within groups are of
    one patient, and 70 % and 84 % of the pairs of one patient are within a group (at a threshold of 0.85,
    100 % both, and 59 % and 79 %).

    Args:
        embeddings: float (N, D), unit vectors.
        threshold: Least correlation of a link.
        effort: Of more than `effort.exact` slices, candidates alone are compared; the recall is said.

    Returns:
        int (N,): labels from 0 on, in the order of their first slices.
    """
    same, chosen = _copies_and_neighbors(embeddings, threshold, effort)
    firsts = np.unique(same, return_index=True)[1]
    distinct = np.zeros(len(embeddings), bool)
    distinct[firsts] = True
    # Where a copy took a place, the places are given anew.
    again = np.unique(chosen[distinct[chosen[:, 0]] & ~distinct[chosen[:, 1]], 0])
    lists = [chosen[distinct[chosen[:, 0]] & ~np.isin(chosen[:, 0], again)]]
    for start, block, columns in Search(embeddings, [firsts], effort).blocks(embeddings[again], again):
        block[~distinct[columns]] = SKIPPED
        pairs = _pairs(start, columns, _top(block, NEIGHBORS, threshold))
        lists.append(np.stack([again[pairs[:, 0]], pairs[:, 1]], axis=1))
    chosen = np.concatenate(lists)
    codes, mirrored = chosen @ (len(embeddings), 1), chosen @ (1, len(embeddings))
    labels = _components(len(embeddings), chosen[np.isin(codes, mirrored)])
    return np.unique(labels[firsts], return_inverse=True)[1][same]


def _copies_and_neighbors(
    embeddings: np.ndarray, threshold: float, effort: Effort
) -> tuple[np.ndarray, np.ndarray]:
    """Labels of sets of copies, int (N,), and pairs (row, row of one of its NEIGHBORS), int (P, 2)."""
    links, lists = np.zeros((0, 2), np.int64), []
    search, everyone = Search(embeddings, effort=effort), np.arange(len(embeddings))
    search.check(embeddings, everyone)
    for start, block, columns in search.blocks(embeddings, everyone):
        links = _joined(len(embeddings), links, _pairs(start, columns, np.argwhere(block >= COPY)))
        lists.append(_pairs(start, columns, _top(block, NEIGHBORS, threshold)))
    return _components(len(embeddings), links), np.concatenate(lists)


def _pairs(start: int, columns: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Pairs (query, reference) of places (row, column) in a block, int (P, 2)."""
    return np.stack([start + places[:, 0], columns[places[:, 0], places[:, 1]]], axis=1)


def _top(block: np.ndarray, count: int, least: float) -> np.ndarray:
    """Pairs (row, column) of the `count` largest values of each row, without those below `least`.

    Of equal values the first is the larger. The block is changed.
    """
    rows, parts = np.arange(len(block)), []
    for _ in range(count):
        columns = block.argmax(axis=1)
        counts = block[rows, columns] >= least
        parts.append(np.stack([rows, columns], axis=1)[counts])
        block[rows, columns] = SKIPPED
    return np.concatenate(parts)


def _joined(count: int, links: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Links of `count` nodes with more added; where they are many, so few that join the same nodes."""
    links = np.concatenate([links, pairs])
    if len(links) <= 4 * count:
        return links
    labels = _components(count, links)
    firsts = np.unique(labels, return_index=True)[1]
    return np.stack([np.arange(count), firsts[labels]], axis=1)


def _components(count: int, pairs: np.ndarray) -> np.ndarray:
    """Labels of the connected components of `count` nodes, in the order of their first nodes."""
    import pandas as pd
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (count, count))
    labels = connected_components(links, directed=False)[1]
    return pd.factorize(labels)[0]
