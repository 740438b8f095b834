import math

import numpy as np
import pandas as pd
import pytest

from tumorseg.audit.ceiling import (
    FEW,
    TRIPLE,
    by_distance,
    ceiling,
    ceilings,
    distances,
    extrapolate,
    runs,
)
from tumorseg.data.slices import SplitArrays

SIDE = 128


def test_runs_follow_file_numbers_and_likeness_but_not_copies():
    angles = np.radians([0, 20, 40, 90, 91, 111])  # cos 20° is 0.94, cos 50° 0.64, cos 1° above COPY
    embeddings = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    numbers = pd.Series([1, 2, 3, 4, 5, 6], dtype="Int64")
    assert runs(numbers, embeddings).tolist() == [0, 0, 0, 1, 2, 2]
    gap = pd.Series([1, 2, 4, None, None, None], dtype="Int64")
    assert runs(gap, embeddings).tolist() == [0, 0, 1, 2, 3, 4]
    shuffled = [4, 2, 0, 5, 1, 3]
    assert runs(numbers[shuffled], embeddings[shuffled]).tolist() == [2, 0, 0, 2, 0, 1]


def stack(*rows: list[int]) -> tuple[pd.DataFrame, dict[str, SplitArrays]]:
    """Slices of one run, of one row of pixels each; the last is in test."""
    masks = np.array(rows, np.uint8)[:, None]
    table = pd.DataFrame({"run": 7, "sequence": range(len(rows)), "category": list("abcdef")[: len(rows)]})
    parts = {"train": masks[:-1], "valid": masks[:0], "test": masks[-1:]}
    return table, {split: SplitArrays(each, each, pd.DataFrame()) for split, each in parts.items()}


def test_pairs_and_triples_by_hand():
    # The fourth has no tumour: what it would be in is left out.
    pairs, triples = distances(*stack([1, 1, 0, 0], [0, 2, 2, 0], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 1]))
    assert pairs.values.tolist() == [
        *([7, 1, "a", 1, 4], [7, 2, "a", 0, 4], [7, 4, "a", 0, 3]),
        *([7, 1, "b", 1, 4], [7, 3, "b", 0, 3], [7, 2, "c", 1, 3]),
    ]
    assert triples.values.tolist() == [[7, "b", 2, 8, 0, 4]]
    assert by_distance(pairs)["2"] == {"pairs": 2, "pooled": 2 / 7, "median": pytest.approx(1 / 3)}


def test_two_laws_by_hand():
    # Dice 0.8 at distance 1 and 0.7 at 2: errors 0.2 and 0.3.
    line, curve = extrapolate(*(np.array(each) for each in (8.0, 20.0, 7.0, 20.0)))
    assert line == pytest.approx(0.9)
    assert curve == pytest.approx(1 - math.sqrt((4 * 0.04 - 0.09) / 3))
    assert [float(each) for each in extrapolate(*map(np.array, (9.0, 20.0, 7.0, 20.0)))] == [1, 1]


def test_a_net_that_knows_the_truth_has_one_error_of_two_and_few_runs_give_none():
    rows = [[run, "x", 8, 20, 7, 20] for run in range(FEW)]
    triples = pd.DataFrame(rows, columns=["run", "category", *TRIPLE])
    found = ceiling(triples)
    assert (found["runs"], found["triples"]) == (FEW, FEW)
    assert found["labels"]["dice"] == found["labels"]["high"] == pytest.approx(0.9)
    assert found["labels"]["low"] == pytest.approx(1 - math.sqrt(0.07 / 3))
    assert found["net"]["dice"] == pytest.approx(1 - 0.1 / math.sqrt(2))
    few = ceilings(triples.assign(category=["x"] * (FEW - 1) + ["y"])[1:])
    assert all(math.isnan(value) for of in ("labels", "net") for value in few[of].values())
    assert few["category"] == {}


def test_the_known_agreement_of_jittered_boxes_is_found():
    """Boxes that move through a stack by a twentieth of their side and are off by a known error."""
    rng, stacks, slices, error = np.random.default_rng(0), 100, 6, 3.0
    start = (
        rng.uniform(30, 50, (stacks, 1, 2)) + rng.normal(0, 2, (stacks, 1, 2)) * np.arange(slices)[:, None]
    )
    truth = np.concatenate([start, start + 40], axis=2).reshape(-1, 4)

    def paint(boxes: np.ndarray) -> np.ndarray:
        place = np.arange(SIDE) + 0.5
        across = (place >= boxes[:, None, 0]) & (place < boxes[:, None, 2])
        down = (place >= boxes[:, None, 1]) & (place < boxes[:, None, 3])
        return (down[:, :, None] & across[:, None, :]).astype(np.uint8)

    def dice(one: np.ndarray, other: np.ndarray) -> float:
        return float(2 * (one & other).sum() / (one.sum() + other.sum()))

    labels, again = (paint(truth + rng.normal(0, error, truth.shape)) for _ in range(2))
    table = pd.DataFrame({"run": np.repeat(np.arange(stacks), slices), "category": "0"})
    table["sequence"] = np.arange(len(table))
    none = SplitArrays(labels[:0], labels[:0], table[:0])
    pairs, triples = distances(
        table, {"train": SplitArrays(labels, labels, table), "valid": none, "test": none}
    )
    found, twice = ceiling(triples), dice(labels, again)
    _, curve = extrapolate(*triples[TRIPLE].sum().to_numpy(float))
    assert by_distance(pairs)["1"]["pooled"] < twice - 0.01
    assert curve == pytest.approx(twice, abs=0.01)  # the law of boxes that move evenly
    assert twice < found["labels"]["dice"] < twice + 0.03
    assert found["labels"]["low"] < twice < found["labels"]["high"]
    of_net = 1 - (1 - twice) / math.sqrt(2)
    assert of_net == pytest.approx(dice(labels, paint(truth)), abs=0.01)
    assert found["net"]["low"] < of_net < found["net"]["high"]
