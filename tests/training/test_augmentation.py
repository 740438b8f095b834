import numpy as np
import pytest

from tumorseg.sections import Augment
from tumorseg.training.augmentation import Augmentation, paste_tumor
from tumorseg.training.boxes import upright_boxes

NOTHING = {
    "hflip": 0.0,
    "vflip": 0.0,
    "rotate": 0.0,
    "scale": 0.0,
    "translate": 0.0,
    "gamma": 0.0,
    "brightness": 0.0,
    "elastic": 0.0,
    "paste": 0.0,
    "boxes": False,
}
SEEDS = range(40)


def augmentation(**changes: float | bool) -> Augmentation:
    return Augmentation(Augment(**NOTHING | changes))


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    mask = np.zeros((48, 48), np.uint8)
    mask[16:30, 18:26] = 1
    return mask * 200, mask


def test_mask_and_image_move_together_and_no_label_is_invented(pair):
    moving = augmentation(hflip=0.5, vflip=0.5, rotate=90.0, scale=0.2, translate=0.1, elastic=0.03)
    moved = 0
    for seed in SEEDS:
        image, mask = moving(*pair, seed)
        assert set(np.unique(mask)) == {0, 1}
        assert mask.dtype == image.dtype == np.uint8
        assert ((image > 100) & (mask == 1)).sum() / mask.sum() > 0.85, seed
        moved += not np.array_equal(mask, pair[1])
    assert moved > 35


def test_flips_are_exact_and_as_frequent_as_asked(pair):
    image = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    found = [augmentation(hflip=0.5)(image, pair[1], seed)[0] for seed in SEEDS]
    flipped = [np.array_equal(each, image[:, ::-1]) for each in found]
    assert all(same or np.array_equal(each, image) for same, each in zip(flipped, found, strict=True))
    assert 10 < sum(flipped) < 30
    np.testing.assert_array_equal(augmentation(vflip=1.0)(image, pair[1], 0)[0], image[::-1])


def test_ranges_are_kept(pair):
    area = [augmentation(scale=0.3)(*pair, seed)[1].sum() / pair[1].sum() for seed in SEEDS]
    assert 0.7**2 * 0.9 < min(area) < 0.7
    assert 1.3 < max(area) < 1.3**2 * 1.1
    centres = np.array([np.argwhere(augmentation(translate=0.25)(*pair, s)[1]).mean(axis=0) for s in SEEDS])
    off = np.abs(centres - np.argwhere(pair[1]).mean(axis=0))
    assert off.max() <= 12.5  # a fourth of 48, and half a pixel of rounding
    assert off.max() > 8
    assert (off[:, 0] != off[:, 1]).any()


def test_a_rotation_keeps_the_size_of_a_tumour(pair):
    sizes = [augmentation(rotate=180.0)(*pair, seed)[1].sum() for seed in SEEDS]
    assert min(sizes) > 0.9 * pair[1].sum()
    assert max(sizes) < 1.1 * pair[1].sum()


def test_boxes_stay_boxes_where_asked_for(pair):
    turning = {"rotate": 40.0, "scale": 0.1, "elastic": 0.02}
    kept, turned = (
        [augmentation(boxes=boxes, **turning)(*pair, seed) for seed in SEEDS] for boxes in (True, False)
    )
    for (image, mask), (same, warped) in zip(kept, turned, strict=True):
        np.testing.assert_array_equal(image, same)
        assert len(upright_boxes(mask)) == 1
        assert 2 * (mask & warped).sum() > 0.7 * (mask.sum() + warped.sum())
    assert sum(upright_boxes(mask) is None for _, mask in turned) > 30


def test_labels_that_are_no_boxes_move_as_they_are(pair):
    image, mask = pair
    mask = mask.copy()
    mask[16, 18] = 0
    for seed in range(5):
        found = [augmentation(rotate=40.0, boxes=boxes)(image, mask, seed)[1] for boxes in (True, False)]
        np.testing.assert_array_equal(*found)


def test_a_tumour_is_pasted_with_a_fourth_of_its_box_around_it():
    rng = np.random.default_rng(0)
    image, other = rng.integers(0, 256, (2, 48, 48), np.uint8)
    mask, other_mask = np.zeros((2, 48, 48), np.uint8)
    mask[4:10, 4:10] = 1
    mask[28:32, 30:34] = 1
    other_mask[30:38, 30:46] = 2
    found, found_mask = paste_tumor(image, mask, other, other_mask)
    inside = np.zeros((48, 48), bool)
    inside[28:40, 26:48] = True  # 8 rows and 16 columns, 2 and 4 more on each side, and the slice ends at 48
    np.testing.assert_array_equal(found, np.where(inside, other, image))
    np.testing.assert_array_equal(found_mask, np.where(inside, other_mask, mask))
    assert set(np.unique(found_mask)) == {0, 1, 2}
    assert mask[30, 31] == 1  # what was given is left as it was
    nothing = paste_tumor(image, mask, other, np.zeros_like(mask))
    np.testing.assert_array_equal(nothing[0], image)
    np.testing.assert_array_equal(nothing[1], mask)


def test_grey_levels_keep_their_order_and_leave_the_mask(pair):
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for seed in SEEDS:
        image, mask = augmentation(gamma=0.5, brightness=0.3)(ramp, (ramp > 100).astype(np.uint8), seed)
        assert (np.diff(image.ravel().astype(int)) >= 0).all()
        assert image.max() >= 255 * 0.7 - 1
        np.testing.assert_array_equal(mask, ramp > 100)


def test_the_draw_depends_on_the_seed_alone(pair):
    drawn = augmentation(hflip=0.5, rotate=30.0, brightness=0.2)
    first = drawn(*pair, 7)
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    np.testing.assert_array_equal(drawn(*pair, 7)[0], first[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert any(not np.array_equal(first[0], drawn(*pair, seed)[0]) for seed in range(5))


def test_nothing_asked_for_changes_nothing():
    image = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    mask = (image > 128).astype(np.uint8)
    for seed in SEEDS:
        for before, after in zip((image, mask), augmentation()(image, mask, seed), strict=True):
            np.testing.assert_array_equal(before, after)


def test_colours_move_as_greys_do(pair):
    moving = augmentation(hflip=0.5, rotate=30.0, scale=0.1, elastic=0.03, gamma=0.5, brightness=0.2)
    for seed in range(5):
        image, mask = moving(*pair, seed)
        colours, again = moving(np.dstack([pair[0], pair[0], pair[0] // 2]), pair[1], seed)
        np.testing.assert_array_equal(again, mask)
        assert colours.shape == (48, 48, 3)
        np.testing.assert_array_equal(colours[..., 0], image)
        np.testing.assert_array_equal(colours[..., 1], image)
        assert (colours[..., 2] <= image).all()
