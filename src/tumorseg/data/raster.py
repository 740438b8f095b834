"""Annotations as pixels, in time and memory of their own size: a slice may have 200,000 of them."""

from dataclasses import dataclass

import numpy as np

from tumorseg.data.coco import Annotation, RunLengths, Slice, encode


@dataclass(frozen=True)
class Runs:
    """Pixels as runs down the columns, left to right; a pixel's place is column · height + row."""

    starts: np.ndarray  # int64 (R,), places
    lengths: np.ndarray  # int64 (R,)

    @property
    def area(self) -> int:
        return int(self.lengths.sum())

    def pixels(self) -> np.ndarray:
        """The place of every pixel, int64 (area,), ascending."""
        before = self.lengths.cumsum() - self.lengths
        return np.repeat(self.starts - before, self.lengths) + np.arange(self.area)


def runs_of(annotation: Annotation, slice: Slice) -> Runs:
    """What an annotation renders to: the pixels of `coco.render`, since pycocotools draws the outlines."""
    counts = _counts(annotation, slice)
    return Runs(counts.cumsum()[0 : len(counts) - 1 : 2], counts[1::2])


def _counts(annotation: Annotation, slice: Slice) -> np.ndarray:
    """Run lengths, background first, int64."""
    if isinstance(annotation.segmentation, RunLengths):
        return np.array(annotation.segmentation.counts, np.int64)
    return decode_counts(encode(annotation, slice)["counts"])


def decode_counts(text: bytes) -> np.ndarray:
    """Run lengths, int64, from the compressed form that pycocotools makes; see `coco_schema.decode_counts`.

    That one checks what comes from files, a character at a time; this one takes all at once.
    """
    codes = np.frombuffer(text, np.uint8).astype(np.int64) - 48
    last = np.flatnonzero(codes & 32 == 0)  # of each number
    first = np.concatenate([[0], last[:-1] + 1])
    place = np.arange(len(codes)) - np.repeat(first, last - first + 1)
    numbers = np.add.reduceat((codes & 31) << 5 * place, first)
    negative = codes[last] & 16 > 0
    numbers[negative] -= 1 << 5 * (place[last[negative]] + 1)
    # From the fourth on they are differences to the number before last.
    numbers[1::2] = numbers[1::2].cumsum()
    numbers[2::2] = numbers[2::2].cumsum()
    return numbers
