"""What a delivered net warns of: figures by hand, limits, and slices that something went wrong with."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from support.preparing import prepare_folder

from tumorseg.data.masks import render_masks
from tumorseg.data.preprocess import preprocess
from tumorseg.data.read import resize_slice
from tumorseg.data.slices import load_split
from tumorseg.delivery.distortions import DISTORTIONS
from tumorseg.delivery.expectation import ADVICE, CODES, Expectation, Rule, unexpected, unexpected_mask
from tumorseg.delivery.features import gradients, measure
from tumorseg.delivery.fit_expectation import fit_expectation, spaced
from tumorseg.delivery.warning_power import distorted, measured_expectation
from tumorseg.params import PhantomSource
from tumorseg.sources.phantom import write_phantom
from tumorseg.types import PreprocessStep

SIZE = 64
PHANTOM = PhantomSource(kind="phantom", seed=3, patients=24, slices_per_patient=4, native_size=128)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the `raw`, `masks` and `prepared` of a phantom: 67 training and 19 valid slices."""
    where = tmp_path_factory.mktemp("phantom")
    (where / "raw").mkdir()
    write_phantom(PHANTOM, where / "raw")
    render_masks(where / "raw", where / "masks", ["0", "1"])
    prepare_folder(where, SIZE)
    return where


@pytest.fixture(scope="module")
def slices(folder: Path) -> dict[str, np.ndarray]:
    """Of train and valid, at the working size."""
    return {split: np.array(load_split(folder / "prepared", split).images) for split in ("train", "valid")}


def fitted(slices: dict[str, np.ndarray], steps: list[PreprocessStep]) -> tuple[Expectation, np.ndarray]:
    """An expectation of slices that such steps were taken with, and the valid slices after them."""

    def after(images: np.ndarray) -> np.ndarray:
        return np.stack([preprocess(image, steps)[0] for image in images])

    bent = np.stack([DISTORTIONS["gamma 2"](image, 0) for image in slices["train"]])
    masks = np.ones((1, 10, 10))
    valid = after(slices["valid"])
    return fit_expectation(after(slices["train"]), valid, after(bent), masks), valid


@pytest.fixture(scope="module")
def plain(slices: dict[str, np.ndarray]) -> Expectation:
    return fitted(slices, [])[0]


def codes_of(
    expectation: Expectation, images: np.ndarray, name: str, steps: list[PreprocessStep]
) -> list[list[str]]:
    """Of slices that such a thing went wrong with."""
    return [
        unexpected(expectation, distorted(image, number, DISTORTIONS[name], steps, len(image)))
        for number, image in enumerate(images)
    ]


def share(codes: list[list[str]], code: str) -> float:
    return float(np.mean([code in each for each in codes]))


def test_figures_of_half_a_slice():
    image = np.zeros((100, 100), np.uint8)
    image[:, 50:] = 100
    found, tones = measure(image)
    assert (found["dark"], found["middle"], found["bright"], found["saturated"]) == (100, 100, 100, 0)
    assert found["head_area"] == 0.5
    assert (found["top"], found["bottom"], found["left"], found["right"]) == (0, 0.99, 0.5, 0.99)
    assert (found["row"], found["column"]) == pytest.approx((0.495, 0.745))
    # Of the rim, 3 pixels wide, 582 are bright: 3 columns of 100 and twice 3 rows of 47 others.
    assert found["border"] == pytest.approx(100 * 582 / (100 * 100 - 94 * 94))
    assert found["grain_of_head"] == found["step"] == pytest.approx(np.log(1e-3))
    assert tones.shape == (35,)


def test_figures_of_a_slice_of_one_grey_are_finite():
    found, tones = measure(np.full((40, 40), 7, np.uint8))
    assert np.isfinite([*found.values(), *tones]).all()
    assert measure(np.zeros((40, 40), np.uint8))[0]["head_area"] == 0


def test_gradients_of_stripes_have_one_direction():
    stripes = np.tile(np.repeat(np.array([0, 100], np.uint8), 4), (64, 8))
    directions = gradients(stripes).reshape(64, 8).sum(axis=0)
    assert np.flatnonzero(directions).tolist() == [0]  # greys change along rows
    across = gradients(np.ascontiguousarray(stripes.T)).reshape(64, 8).sum(axis=0)
    assert np.flatnonzero(across).tolist() == [4]  # of eight: a quarter turn
    assert not gradients(np.full((64, 64), 9, np.uint8)).any()


def test_gradients_do_not_tell_contrast(slices):
    image = slices["valid"][0]
    assert gradients(image) @ gradients(image // 2) > 0.99
    assert gradients(image) @ gradients(np.rot90(image).copy()) < 0.9


def test_rule_by_hand():
    assert Rule(weights=[2, -1], offset=0.5).score(np.array([1, 3])) == -0.5


def test_spaced_by_hand():
    assert spaced(9, 3).tolist() == [0, 4, 8]
    assert spaced(2, 3).tolist() == [0, 1]


def test_mask_far_larger_than_any_of_train_is_told(plain):
    limited = plain.model_copy(update={"largest_mask": 0.25})  # so 37.5 of 100 pixels
    mask = np.zeros((10, 10), bool)
    mask.flat[:37] = True
    assert unexpected_mask(limited, mask) == []
    mask.flat[:38] = True
    assert unexpected_mask(limited, mask) == ["all-tumour"]
    everything = plain.model_copy(update={"largest_mask": 0.9})
    assert unexpected_mask(everything, np.ones((10, 10))) == ["all-tumour"]


def test_every_code_has_its_advice():
    codes = {code for pair in CODES.values() for code in pair if code}
    assert codes | {"no-head", "inverted", "all-tumour"} == set(ADVICE)


def test_clean_slices_do_not_warn(plain, slices):
    assert not any(unexpected(plain, image) for image in slices["valid"])  # 1 % of 19 is none
    assert sum(bool(unexpected(plain, image)) for image in slices["train"]) == 0  # nor of 67


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("halved", "contrast"),
        ("quartered", "contrast"),
        ("doubled", "contrast"),
        ("gamma 2", "contrast"),
        ("inverted", "inverted"),
        ("turned left", "turned"),
        ("turned right", "turned"),
        ("shifted", "framing"),
        ("half size", "framing"),
        ("black", "no-head"),
    ],
)
def test_what_goes_wrong_is_told_by_its_name(plain, slices, name, code):
    assert share(codes_of(plain, slices["valid"], name, []), code) >= 0.95


def test_noise_and_blur_are_told(plain, slices):
    rng, noisy, blurred = np.random.default_rng(0), [], []
    for image in slices["valid"]:
        noisy.append(unexpected(plain, cv2.add(image, rng.integers(0, 60, image.shape, np.uint8))))
        blurred.append(unexpected(plain, cv2.GaussianBlur(image, (0, 0), 3)))
    assert share(noisy, "noise") >= 0.9
    assert share(blurred, "blurred") >= 0.9


def test_a_photograph_is_told(plain, slices):
    assert all(codes_of(plain, slices["valid"], "photograph", []))


def test_what_normalise_mends_is_no_surprise(slices):
    expectation, _ = fitted(slices, ["normalise"])
    told = {name: codes_of(expectation, slices["valid"], name, ["normalise"]) for name in DISTORTIONS}
    assert share(told["halved"], "contrast") <= 0.06  # one of 19
    assert share(told["three quarters"], "contrast") <= 0.06
    for name in ("doubled", "inverted", "gamma 2", "turned left", "photograph"):
        assert np.mean([bool(codes) for codes in told[name]]) >= 0.95, name


def test_one_odd_valid_slice_widens_the_limits(slices):
    odd = {**slices, "valid": np.concatenate([slices["valid"], slices["valid"][:1] // 2])}
    assert unexpected(fitted(slices, [])[0], odd["valid"][-1]) == ["contrast"]
    assert unexpected(fitted(odd, [])[0], odd["valid"][-1]) == []  # 1 % of 20 is none


def test_contract_keeps_an_expectation_to_the_bit(plain, slices):
    back = Expectation.model_validate_json(plain.model_dump_json())
    assert back == plain
    assert not unexpected(back, slices["valid"][0])


def test_power_and_false_alarms_are_measured(folder, slices):
    expectation = measured_expectation(folder / "prepared", folder / "raw", [])
    assert expectation.false_alarms == 0
    assert expectation.power.keys() == DISTORTIONS.keys()
    assert min(expectation.power[name] for name in ("halved", "inverted", "gamma 2", "black")) == 1
    masks = load_split(folder / "prepared", "train").tumor
    assert expectation.largest_mask == pytest.approx(max(mask.mean() for mask in masks))


def test_distortions_by_hand():
    image = np.array([[0, 100], [128, 200]], np.uint8)
    for name, greys in (
        ("halved", [0, 50, 64, 100]),
        ("doubled", [0, 200, 255, 255]),
        ("quartered", [0, 25, 32, 50]),
        ("gamma 2", [0, 39, 64, 156]),
        ("inverted", [255, 155, 127, 55]),
        ("mirrored", [100, 0, 200, 128]),
        ("upside down", [128, 200, 0, 100]),
        ("turned left", [100, 200, 0, 128]),
        ("turned right", [128, 0, 200, 100]),
    ):
        assert DISTORTIONS[name](image, 0).ravel().tolist() == greys, name


def test_distortions_take_a_slice_that_is_not_square():
    image = np.full((80, 60), 90, np.uint8)
    for name, distort in DISTORTIONS.items():
        changed = distort(image, 0)
        assert changed.dtype == np.uint8, name
        assert resize_slice(changed, 32).shape == (32, 32), name
        assert np.array_equal(changed, distort(image, 0)), name
