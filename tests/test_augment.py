import numpy as np
import pytest
import torch

from tumorseg.augment import Augmentation
from tumorseg.params import Augment


@pytest.fixture
def pair():
    mask = torch.zeros(1, 48, 48, dtype=torch.uint8)
    mask[:, 6:20, 8:16] = 1
    return mask * 200, mask


def test_mask_and_image_move_together_and_no_label_is_invented(pair):
    augmentation = Augmentation(Augment(hflip=0.5, vflip=0.5, rotate=90.0))
    moved = 0
    for seed in range(20):
        image, mask = augmentation(*pair, seed)
        assert set(np.unique(mask)) == {0, 1}
        assert mask.dtype == image.dtype == torch.uint8
        overlap = ((image > 100) & (mask == 1)).sum() / mask.sum()
        assert overlap > 0.9, seed
        moved += not torch.equal(mask, pair[1])
    assert moved > 15


def test_the_draw_depends_on_the_seed_alone(pair):
    augmentation = Augmentation(Augment(hflip=0.5, vflip=0.5, rotate=30.0))
    first = augmentation(*pair, 7)
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    again = augmentation(*pair, 7)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first[0], again[0])
    assert any(not torch.equal(first[0], augmentation(*pair, seed)[0]) for seed in range(5))


def test_nothing_asked_for_changes_nothing(pair):
    image, mask = Augmentation(Augment(hflip=0.0, vflip=0.0, rotate=0.0))(*pair, 1)
    assert torch.equal(image, pair[0])
    assert torch.equal(mask, pair[1])
