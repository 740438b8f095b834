"""Run lengths as texts: of Python's bytes, of numbers, and made to cost time."""

import numpy as np
import pytest
from pycocotools import mask as cocomask
from support.coco_builder import image
from support.mending import export, kinds, mended, outlined

from tumorseg.errors import UserError


def mended_counts(counts):
    """The counts of one annotation on a picture of 12 × 8, and the kinds of fault."""
    entry = outlined(0, 0, {"size": [8, 12], "counts": counts}, bbox=..., area=...)
    result = mended(export([image(0)], [entry]))
    return result.export["annotations"][0]["segmentation"]["counts"], kinds(result)


def test_a_backslash_in_a_text_of_bytes_is_one_character():
    mask = np.repeat([0, 1, 0], [9, 44, 43]).astype(np.uint8).reshape((8, 12), order="F")
    compressed = cocomask.encode(np.asfortranarray(mask))["counts"]
    assert compressed == b"9\\1[1"  # 44 is 12 and one more time 32: the characters 48 + 32 + 12 and 48 + 1
    counts, found = mended_counts(str(compressed))
    assert counts == compressed.decode()
    assert "rle_text" in found


@pytest.mark.parametrize(
    "counts",
    [
        "b'a', 'b'",
        "b''",
        "b'\\x30'",
        "b'9'.hex()",
        "b''+" + "-" * 100_000 + "1+''",
        "b'" + "(" * 10_000 + "'",
    ],
)
def test_what_only_looks_like_a_text_of_bytes_is_refused_and_never_computed(counts):
    with pytest.raises(UserError, match=r"annotations\[0\]\.segmentation(\.counts)?: "):
        mended_counts(counts)


@pytest.mark.parametrize("pattern", ["{}x", "[{}", "[{}]x"])
@pytest.mark.parametrize("part", ["1 ", ",", " ", "1"])
def test_long_texts_that_are_nearly_numbers_are_refused(pattern, part):
    with pytest.raises(UserError, match=r"segmentation\.counts: "):
        mended_counts(pattern.format(part * 50_000))
