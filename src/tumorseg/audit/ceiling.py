"""What the labels allow: how far two labels of one slice would agree, and a net that knows every tumour.

Nobody has annotated a slice twice. But neighbours in a stack have been annotated one by one, and a tumour
changes little by little. So agreement is taken by distance in the stack, and extrapolated to distance 0: what
is missing to 1 there is how far annotating itself goes astray (the nugget of a variogram; Matheron, 1963).

With the error e = 1 − Dice at distances 1 and 2, of the same slices, two laws bound it:

- the straight line e₀ = 2 e₁ − e₂;
- errors that add as independent ones do, of annotating and of a change in proportion to distance:
  e₀² = (4 e₁² − e₂²) / 3, which is never less.

A label differs from the truth by one error, from another label by two. Outlines that are shifted a little
have an error in proportion to the shift, so that of a net that knows the truth is e₀ / √2.

Measured on boxes of phantoms that were jittered by a known amount (60 patients of 4, 5 and 8 slices;
`python bench/label_ceiling.py`): for two labels, the second law is never above the truth and up to 0.07
below it, the line from 0.04 below to 0.02 above. Where two labels agree to 0.87 or less, as on the real set,
both laws are within 0.02. Of boxes that all move evenly, the line is up to 0.03 above. √2 makes a net up to
0.01 too good where two labels agree to 0.78 or more, and up to 0.02 at 0.68.

Errors that neighbours share are not seen, such as boxes that are all too large: against these the estimate
is too high. Where tumours change by leaps from slice to slice, it is too low.
"""

import math
from typing import Any

import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.bootstrap import Bootstrap, interval
from tumorseg.data.similarity import COPY, SIBLING
from tumorseg.data.slices import SplitArrays
from tumorseg.metrics import ratio

FARTHEST = 4  # slices apart
CHUNK = 1024  # pairs of embeddings held at a time: they may be of more slices than memory holds
FEW = 20  # runs of three slices or more, below which there is no estimate
COLUMNS = ["run", "distance", "category", "common", "pixels"]
TRIPLE = ["common_1", "pixels_1", "common_2", "pixels_2"]


def runs(numbers: pd.Series, embeddings: np.ndarray) -> np.ndarray:
    """Labels of runs of slices that follow each other in a stack, int (N,).

    Two do if their file numbers do and their correlation is from SIBLING up to COPY: masks of copies may be
    copied with them.

    Args:
        numbers: File numbers of N slices, maybe missing.
        embeddings: float (N, D), unit vectors, as from `similarity.embed`.
    """
    order = np.argsort(numbers.astype(float).to_numpy(), kind="stable")  # NaN last
    before, after = order[:-1], order[1:]
    similarity = np.concatenate(
        [
            np.einsum("ij,ij->i", embeddings[before[start:][:CHUNK]], embeddings[after[start:][:CHUNK]])
            for start in range(0, len(order), CHUNK)
        ]
    )
    steps = np.diff(numbers.astype(float).to_numpy()[order])
    follows = (steps == 1) & (similarity >= SIBLING) & (similarity < COPY)
    labels = np.zeros(len(order), int)
    labels[after] = np.cumsum(~follows)
    return labels


def distances(slices: pd.DataFrame, arrays: dict[str, SplitArrays]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The masks of slices of one run, compared by their distance in it; those without tumour are left out.

    Args:
        slices: With `run`, `sequence` and `category`; split by split, in the order of the arrays.
        arrays: By split, at the working size.

    Returns:
        Pairs at most FARTHEST apart: COLUMNS, `common` being the pixels of both masks, `pixels` those of one
        and of the other together. And triples of neighbours: `run`, `category` of the middle one, and TRIPLE,
        the same of its two pairs at distance 1 together and of its pair at distance 2.
    """
    places = [(split, row) for split in SPLITS for row in range(len(arrays[split]))]
    pairs, triples = [], []
    several = slices.groupby("run")["run"].transform("size") > 1
    # Sorted at once, not run by run: half the time. Groups keep the order of their rows.
    for run, members in slices[several].sort_values("sequence", kind="stable").groupby("run"):
        masks = [arrays[split].masks[row] > 0 for split, row in (places[each] for each in members.index)]
        sizes, names = [int(np.count_nonzero(mask)) for mask in masks], members["category"].to_list()
        counts = {}
        for one, other in _near(sizes):
            common = int(np.count_nonzero(masks[one] & masks[other]))
            counts[one, other] = np.array([common, sizes[one] + sizes[other]])
            pairs.append([run, other - one, names[one], *counts[one, other]])
        for first in range(len(masks) - 2):
            ends = [(first, first + 1), (first + 1, first + 2), (first, first + 2)]
            if all(each in counts for each in ends):
                near = counts[ends[0]] + counts[ends[1]]
                triples.append([run, names[first + 1], *near, *counts[ends[2]]])
    return pd.DataFrame(pairs, columns=COLUMNS), pd.DataFrame(triples, columns=["run", "category", *TRIPLE])


def _near(sizes: list[int]) -> list[tuple[int, int]]:
    """Pairs of slices with tumour, at most FARTHEST apart."""
    return [
        (one, other)
        for one in range(len(sizes))
        for other in range(one + 1, min(one + FARTHEST + 1, len(sizes)))
        if sizes[one] and sizes[other]
    ]


def by_distance(pairs: pd.DataFrame) -> dict[str, dict[str, float]]:
    """By distance in the stack: the number of `pairs`, their Dice `pooled` over pixels, and the `median`."""
    return {
        str(distance): {
            "pairs": len(part),
            "pooled": float(ratio(2 * part["common"].sum(), part["pixels"].sum())),
            "median": float((2 * part["common"] / part["pixels"]).median()),
        }
        for distance, part in pairs.groupby("distance")
    }


def ceiling(triples: pd.DataFrame) -> dict[str, Any]:
    """Agreement of labels at distance 0, with its 95 % interval, and what a net that knows the truth has.

    Args:
        triples: As from `distances`.

    Returns:
        The numbers of `runs` and `triples`; `labels` and `net`, each with its pooled `dice` by the straight
        line, `low` and `high`: the low end of an interval by the second law and the high end of one by the
        line, of a bootstrap over runs. NaN of fewer than FEW runs.
    """
    count = int(triples["run"].nunique())
    values = {"dice": math.nan, "low": math.nan, "high": math.nan}
    if count >= FEW:
        sums = Bootstrap(triples["run"].to_numpy()).sums(triples[TRIPLE].to_numpy(float))
        line, _ = extrapolate(*triples[TRIPLE].sum().to_numpy(float))
        lines, curves = extrapolate(*sums.T)
        values = {"dice": float(line), "low": interval(curves)["low"], "high": interval(lines)["high"]}
    of_net = {name: 1 - (1 - value) / math.sqrt(2) for name, value in values.items()}
    return {"runs": count, "triples": len(triples), "labels": values, "net": of_net}


def extrapolate(
    common_1: np.ndarray, pixels_1: np.ndarray, common_2: np.ndarray, pixels_2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Dice at distance 0 by the straight line and by the second law, from pixel counts of any common shape.

    Args:
        common_1, pixels_1: Of pairs at distance 1, see `distances`.
        common_2, pixels_2: Of pairs at distance 2, of the same slices.
    """
    near, far = 1 - ratio(2 * common_1, pixels_1), 1 - ratio(2 * common_2, pixels_2)
    squared = (4 * near**2 - far**2) / 3
    return 1 - np.maximum(2 * near - far, 0), 1 - np.sqrt(np.maximum(squared, 0))


def ceilings(triples: pd.DataFrame) -> dict[str, Any]:
    """`ceiling` of all slices, and under `category` of each category that has enough runs for one."""
    parts = {str(name): ceiling(part) for name, part in triples.groupby("category")}
    enough = {name: part for name, part in parts.items() if part["runs"] >= FEW}
    return {**ceiling(triples), "category": enough}
