"""The delivered folder: what was evaluated is what is delivered, and a changed byte is found."""

import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from support.delivering import CLASSES, SIZE, deliver, delivered, raw_slices, slices_of, trained

from tumorseg.data.read import read_slice
from tumorseg.data.slices import load_split
from tumorseg.delivery.contract import read_contract
from tumorseg.delivery.digests import check_digests
from tumorseg.delivery.predictor import Predictor, to_working_size
from tumorseg.delivery.selftest import check_sample
from tumorseg.errors import UserError
from tumorseg.reading import read_json

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a delivered net, which tests only read."""
    folder = tmp_path_factory.mktemp("delivering")
    delivered(folder, "simple_cnn", ["crop", "normalise"])
    return folder


@pytest.mark.parametrize(
    ("name", "preprocess", "classes", "rule"),
    [
        ("simple_cnn", ["crop", "normalise"], False, {"flip": "horizontal"}),
        ("unet", ["clahe"], True, {"per_slice": True}),
        ("renet", [], False, {}),
        ("location_prior", ["normalise"], True, {}),
        ("nearest_slice", ["crop"], False, {}),
    ],
)
def test_what_is_delivered_is_what_was_evaluated_bit_for_bit(tmp_path, name, preprocess, classes, rule):
    folder = delivered(tmp_path, name, preprocess, classes, **rule)
    predictor = Predictor(folder)
    assert predictor.contract.model.classes == (list(CLASSES) if classes else [])
    for split in ("valid", "test"):
        known = np.load(tmp_path / "predictions" / f"{split}.npy")
        predictions = list(predictor.predict(raw_slices(tmp_path, split)))
        np.testing.assert_array_equal(np.stack([each.levels for each in predictions]), known)
        if classes:
            step = round(predictor.decision.threshold * 256)
            masks = np.load(tmp_path / "predictions" / f"{split}_classes.npy")
            steps = 128 if rule.get("per_slice") else step
            expected = [(each.levels >= steps) * each.classes for each in predictions]
            np.testing.assert_array_equal(np.stack(expected), masks)
    assert check_sample(folder, "torch").endswith("bit for bit")


def test_a_net_whose_levels_are_others_is_not_delivered(root, tmp_path):
    copy = shutil.copytree(root, tmp_path / "copy")
    levels = np.load(copy / "predictions" / "test.npy")
    levels[0, 0, 0] ^= 1
    np.save(copy / "predictions" / "test.npy", levels)
    before = {path: path.read_bytes() for path in (copy / "delivered").rglob("*") if path.is_file()}
    with pytest.raises(UserError, match=r"test\.npy: .*: not what the delivered net predicts; run dvc repro"):
        deliver(copy, ["crop", "normalise"])
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("voters", ["siblings", "neighbors"])
def test_a_net_that_asks_other_slices_is_not_delivered_and_says_so(tmp_path, voters):
    slices_of(tmp_path, [])
    trained(tmp_path, "simple_cnn")
    scores = json.loads((tmp_path / "details.json").read_text()) | {f"{voters}_weight": 0.5}
    (tmp_path / "details.json").write_text(json.dumps(scores))
    folder = deliver(tmp_path, [])
    assert [path.name for path in folder.iterdir()] == ["README.md"]
    assert f"(evaluate.{voters})" in (folder / "README.md").read_text()


def test_the_same_net_is_delivered_to_the_byte(root, tmp_path):
    again = deliver(root, ["crop", "normalise"], tmp_path / "again")
    first = {path.relative_to(root / "delivered"): path.read_bytes() for path in files(root / "delivered")}
    assert first == {path.relative_to(again): path.read_bytes() for path in files(again)}
    assert {path.as_posix() for path in first} >= {
        *("README.md", "SHA256SUMS", "model.json", "sample/levels.npy", "weights.safetensors"),
    }


def files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: flip_byte(folder / "weights.safetensors"), r"weights\.safetensors: changed since"),
        (lambda folder: (folder / "model.json").unlink(), r"model\.json: missing"),
        (lambda folder: (folder / "more.txt").touch(), r"more\.txt: not in SHA256SUMS"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), r"SHA256SUMS: cannot be read"),
    ],
)
def test_a_changed_folder_is_found(root, tmp_path, change, message):
    folder = shutil.copytree(root / "delivered", tmp_path / "delivered")
    check_digests(folder)
    change(folder)
    with pytest.raises(UserError, match=message):
        check_digests(folder)


def flip_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def test_other_levels_of_the_sample_are_refused(root, tmp_path):
    folder = shutil.copytree(root / "delivered", tmp_path / "delivered")
    levels = np.load(folder / "sample" / "levels.npy")
    np.save(folder / "sample" / "levels.npy", levels ^ 8)
    with pytest.raises(UserError, match=r"sample: torch gives other levels: .* do not use this net here"):
        check_sample(folder, "torch")


def test_all_that_decides_is_in_the_contract(root):
    contract, scores = read_contract(root / "delivered"), read_json(root / "details.json")
    assert contract.decision.threshold == scores["threshold"]
    assert contract.input.preprocess == ["crop", "normalise"]
    assert contract.input.image_size == SIZE
    assert contract.prepared.model_dump() == scores["prepared"]
    assert contract.licence_of_data == "CC0 1.0"
    test = contract.scores["test"]
    assert test.dice == scores["test"]["at_best"]["pooled"]["dice"]
    assert 0 <= test.native_dice <= 1


def test_the_score_at_native_size_is_that_of_the_masks_written(root):
    predictions = Predictor(root / "delivered").predict(raw_slices(root, "test"))
    table = load_split(root / "prepared", "test").table
    both = each = 0
    for prediction, folder, file in zip(predictions, table["as_shipped"], table["file"], strict=True):
        truth = read_slice(root / "masks" / folder / f"{Path(file).stem}.png") > 0
        assert prediction.mask.shape == truth.shape
        both += int((truth & (prediction.mask > 0)).sum())
        each += int(truth.sum()) + int((prediction.mask > 0).sum())
    assert read_contract(root / "delivered").scores["test"].native_dice == 2 * both / each


def test_the_card_has_the_figures_and_a_head_that_parses(root):
    text = (root / "delivered" / "README.md").read_text()
    head = yaml.safe_load(text.split("---")[1])
    assert head["license"] == "mit"
    contract = read_contract(root / "delivered")
    result = head["model-index"][0]["results"][0]["metrics"][0]
    assert result["value"] == round(contract.scores["test"].dice, 4)
    assert f"| test | {contract.prepared.test} | {contract.scores['test'].dice:.3f} |" in text
    assert "Not a medical device" in text
    assert all(sentence in text for sentence in read_json(root / "statement.json")["statement"])
    assert not re.search(r"None|nan|\{|TODO", text.split("```")[0])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda values: values.update(schema_version=1), "schema_version: "),
        (lambda values: values["decision"].update(threshold=2), "decision.threshold: "),
        (lambda values: values.pop("input"), "input: "),
    ],
)
def test_a_bad_contract_is_one_line(root, tmp_path, change, fault):
    values = json.loads((root / "delivered" / "model.json").read_text())
    change(values)
    (tmp_path / "model.json").write_text(json.dumps(values))
    with pytest.raises(UserError) as error:
        read_contract(tmp_path)
    assert fault in str(error.value)
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match="not found; dvc repro deliver makes it"):
        read_contract(tmp_path / "elsewhere")


@pytest.mark.parametrize("shape", [(64, 64), (37, 91), (300, 128)])
def test_a_disc_comes_back_where_it_was(root, shape):
    # The levels of a net that finds the disc itself: what is left is the way to the working size and back.
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    centre, radius = (shape[0] * 0.6, shape[1] * 0.45), min(shape) * 0.15
    disc = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2
    image = np.full(shape, 60, np.uint8)
    image[disc] = 240
    contract = read_contract(root / "delivered")
    plain = contract.model_copy(update={"input": contract.input.model_copy(update={"preprocess": []})})
    place, small = to_working_size(image, plain)
    mask = place.whole(small, cv2.INTER_LINEAR) >= 150
    is_square = 0.95 < shape[1] / shape[0] < 1.05
    assert ("aspect" in place.warnings) != is_square
    assert mask.shape == shape
    found = np.argwhere(mask).mean(axis=0)
    assert np.abs(found - np.argwhere(disc).mean(axis=0)).max() < 0.03 * max(shape)
    assert 2 * (mask & disc).sum() / (mask.sum() + disc.sum()) > 0.85


def test_a_threshold_of_ones_own_is_checked(root):
    with pytest.raises(UserError, match=r"--threshold: 1 is not between 0 and 1"):
        Predictor(root / "delivered", threshold=1.0)
    low, high = (
        sum(
            int((each.mask > 0).sum())
            for each in Predictor(root / "delivered", threshold=t).predict(raw_slices(root, "test"))
        )
        for t in (0.05, 0.95)
    )
    assert low > high
