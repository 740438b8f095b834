"""Facts of slices whose heads are discs and whose labels are squares."""

import numpy as np
import pandas as pd
import pytest

from tumorseg.experiments.misses.facts import slice_facts

SIDE = 64


def head(rng: np.random.Generator, tumor: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """A disc of radius 24 and grey 100; on it a square of 8, its centre 12 to the right of the middle."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    image = np.where(np.hypot(x - 32, y - 32) < 24, 100, 0).astype(np.uint8)
    image[:, :] += (rng.integers(0, 2, (SIDE, SIDE)) * (image > 0)).astype(np.uint8)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[28:36, 40:48] = 1
    image[mask > 0] = tumor
    return image, mask


def test_facts_by_hand():
    (image, mask), (other, _) = head(np.random.default_rng(0)), head(np.random.default_rng(1), 40)
    images, masks = np.stack([image, image]), np.stack([mask, np.zeros_like(mask)])
    found = slice_facts(images, masks, pd.Series([1, None], dtype="Int64"), np.stack([other, image]))
    first, empty = found.iloc[0], found.iloc[1]
    assert first["size"] == 64 / SIDE**2
    assert first["off_centre"] == pytest.approx(12 / 24, abs=0.01)
    assert first["contrast"] == pytest.approx((200 - 100.5) / 255, abs=0.002)
    assert np.isnan(first["label_agreement"])
    assert first["likeness"] == pytest.approx(1, abs=1e-5)
    assert empty["size"] == 0
    assert empty[["off_centre", "contrast", "label_agreement"]].isna().all()


def test_labels_are_compared_with_those_before_and_after_in_the_stack_alone():
    mask = head(np.random.default_rng(0))[1]
    # Alike, but no copies: the grey of the tumour changes from slice to slice.
    first, second, third = (head(np.random.default_rng(0), tumor)[0] for tumor in (250, 180, 60))
    shifted, half = np.roll(mask, 4, axis=0), np.roll(mask, 2, axis=0)
    noise = np.random.default_rng(2).integers(0, 256, first.shape).astype(np.uint8)
    # In the order of numbers: mask, half and shifted are a stack; a gap; another picture follows the fifth.
    images = np.stack([second, first, third, first, noise])
    masks = np.stack([half, mask, shifted, mask, mask])
    numbers = pd.Series([2, 1, 3, 7, 8], dtype="Int64")
    found = slice_facts(images, masks, numbers, images)["label_agreement"]
    assert found[:3].tolist() == pytest.approx([0.75, 0.75, 0.75])
    assert found[3:].isna().all()
    copies = np.stack([first, first, third, first, noise])  # whose labels may be copies, too
    assert slice_facts(copies, masks, numbers, copies)["label_agreement"].isna()[1]
