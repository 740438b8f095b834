"""Run lengths in COCO's compressed form."""

import random
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as cocomask
from support.coco_builder import annotation, image, write_annotations

from tumorseg.data import coco
from tumorseg.data.coco_schema import decode_counts
from tumorseg.errors import UserError


def test_compressed_counts_decode_as_pycocotools_encodes() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        runs = rng.integers(1, rng.choice([3, 30, 3000]), 40)
        mask = np.repeat(np.arange(40) % 2, runs).astype(np.uint8)
        text = cocomask.encode(np.asfortranarray(mask[:, None]))["counts"].decode()
        assert decode_counts(text) == runs.tolist()


def test_garbage_for_compressed_counts_is_refused(tmp_path: Path) -> None:
    generator = random.Random(0)
    refused = 0
    for index in range(400):
        last = 0x2FF if index % 4 == 0 else 111
        text = "".join(chr(generator.randint(32, last)) for _ in range(generator.randint(0, 40)))
        entry = annotation(0, 0, {"size": [8, 12], "counts": text})
        folder = write_annotations(tmp_path / "train", [image(0)], [entry])
        with pytest.raises(
            UserError, match=r"^train/_annotations\.coco\.json: annotations\[0\]\.segmentation\.counts"
        ):
            coco.read_split(folder)
        refused += 1
    assert refused == 400


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("", []),
        ("1", [1]),
        ("?", [15]),
        ("@", [-16]),  # bit 5 is the sign
        ("Q1", [1 + (1 << 5)]),
        ("PPP1", [1 << 15]),
        ("PPPPPP1", [1 << 30]),  # as many characters as a number may have
        ("oooooo@", [31 * sum(32**place for place in range(6)) - (16 << 30)]),
        ("11111", [1, 1, 1, 2, 2]),  # each is a difference to the number before last, but for the first three
        ("123456", [1, 2, 3, 6, 8, 12]),
    ],
)
def test_compressed_counts_by_hand(text: str, runs: list[int]) -> None:
    assert decode_counts(text) == runs


@pytest.mark.parametrize(
    ("text", "place"),
    [("/", 0), ("p", 0), ("q", 0), ("1p1", 1), ("11/", 2), ("PPPPPPP1", 7), ("1PPPPPPP1", 8), ("1\ud800", 1)],
)
def test_the_first_wrong_character_is_told(text: str, place: int) -> None:
    with pytest.raises(ValueError, match=f"no compressed run lengths at character {place}$"):
        decode_counts(text)


@pytest.mark.parametrize("text", ["P", "1P", "1PP"])
def test_a_number_that_is_cut_off_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="end within a number"):
        decode_counts(text)
