"""What `predict` writes: the same results in every way, and what they can be used for."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.delivered import write_pictures
from support.results import content, rows_of

from tumorseg.data.classes import read_classes
from tumorseg.data.masks import render_masks
from tumorseg.data.read import read_slice
from tumorseg.delivery.measure import measure_masks
from tumorseg.delivery.predict import Options, predict
from tumorseg.delivery.predictor import Predictor
from tumorseg.delivery.summary import summary
from tumorseg.errors import UserError
from tumorseg.params import ArchiveSource
from tumorseg.sources import fetch


@pytest.fixture(scope="module")
def whole(slices: Path, net: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results for the slices of all splits, with all that can be written."""
    out = tmp_path_factory.mktemp("whole") / "out"
    counts = predict([str(slices)], out, Options(model=str(net), probabilities=True))
    assert (counts.inputs, counts.slices, counts.skipped, counts.failures) == (12, 12, 0, [])
    return out


def test_masks_and_levels_are_the_predictors(whole, slices, net):
    files = sorted(slices.glob("*/*.jpg"))
    predictions = Predictor(net).predict([read_slice(path) for path in files])
    found = 0
    for path, prediction in zip(files, predictions, strict=True):
        name = path.relative_to(slices).with_suffix(".png")
        mask, native = read_slice(whole / "masks" / name), read_slice(whole / "levels" / name)
        assert np.array_equal(mask, 255 * prediction.mask)
        assert np.array_equal(native, prediction.native)
        found += mask.any()
    assert found  # else this says nothing
    rows = {row["name"]: row for row in rows_of(whole / "predictions.csv")}
    assert len(rows) == 12
    for name, row in rows.items():
        assert int(row["pixels"]) == np.count_nonzero(read_slice(whole / "masks" / f"{name}.png"))
    lesions = rows_of(whole / "lesions.csv")
    assert sum(int(lesion["pixels"]) for lesion in lesions) == sum(
        int(row["pixels"]) for row in rows.values()
    )
    assert list(rows) == sorted(rows)


def test_the_same_bytes_alone_in_parts_and_in_any_order(whole, slices, net, tmp_path):
    options = Options(model=str(net), probabilities=True)
    expected = content(whole)
    for part in ((2, 3), (3, 3), (1, 3)):
        predict([str(slices)], tmp_path / "parts", Options(model=str(net), probabilities=True, part=part))
    assert content(tmp_path / "parts") == expected
    # One by one, last first: no slice has the company it had.
    files = sorted(slices.glob("test/*.jpg"), reverse=True)
    for path in files:
        predict([str(path)], tmp_path / "single", options)
    for path in files:
        for folder in ("masks", "levels", "overlays"):
            name = path.with_suffix(".png").name
            single, together = tmp_path / "single" / folder / name, whole / folder / "test" / name
            assert single.read_bytes() == together.read_bytes()
    predict([str(path) for path in reversed(files)], tmp_path / "order", options)
    assert content(tmp_path / "order") == content(tmp_path / "single")


def test_a_second_call_does_only_what_is_missing(whole, slices, net, tmp_path):
    options, out = Options(model=str(net), probabilities=True), tmp_path / "out"
    predict([str(slices / "test")], out, options)
    expected = content(out)
    name = next(out.glob("masks/*.png")).name
    (out / "masks" / name).unlink()
    (out / "index.html").unlink()
    counts = predict([str(slices / "test")], out, options)
    assert (counts.inputs, counts.skipped) == (len(list(slices.glob("test/*.jpg"))), counts.inputs - 1)
    assert content(out) == expected
    assert (
        predict(
            [str(slices / "test")], out, Options(model=str(net), probabilities=True, overwrite=True)
        ).skipped
        == 0
    )
    assert content(out) == expected


def test_an_input_that_has_changed_is_done_again(net, tmp_path):
    rng = np.random.default_rng(0)
    pictures = {name: rng.integers(0, 256, (40, 50), np.uint8) for name in ("a", "b")}
    folder, out = write_pictures(tmp_path / "in", pictures), tmp_path / "out"
    predict([str(folder)], out, Options(model=str(net)))
    write_pictures(folder, {"a": pictures["a"][::-1]})
    assert predict([str(folder)], out, Options(model=str(net))).skipped == 1
    predict([str(folder)], tmp_path / "anew", Options(model=str(net)))
    assert content(out) == content(tmp_path / "anew")


def test_results_of_another_threshold_are_not_mixed(whole, slices, net, tmp_path):
    out = tmp_path / "out"
    predict([str(slices / "test")], out, Options(model=str(net)))
    other = Options(model=str(net), threshold=0.75)
    with pytest.raises(UserError, match=r"run.json: made with threshold 0\.\d+, not 0.75, .*--overwrite"):
        predict([str(slices / "test")], out, other)
    (out / "masks" / "note.txt").write_text("mine")
    predict([str(slices / "valid")], out, Options(model=str(net), threshold=0.75, overwrite=True))
    assert {row["name"] for row in rows_of(out / "predictions.csv")} == {
        path.stem for path in slices.glob("valid/*.jpg")
    }


def test_a_folder_of_something_else_is_left_alone(net, slices, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="is no empty folder"):
        predict([str(slices / "test")], tmp_path, Options(model=str(net), overwrite=True))
    with pytest.raises(UserError, match="lies in"):
        predict([str(slices)], slices / "out", Options(model=str(net)))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_sizes_and_places(net, tmp_path):
    """Masks have the size of their slices, whatever it is, and what is at the left is at the left."""
    sizes = [(37, 91), (91, 37), (64, 64), (1000, 700), (2, 3)]
    pictures = {}
    for height, width in sizes:
        picture = np.zeros((height, width), np.uint8)
        cv2.circle(picture, (width // 4, height // 3), max(1, min(height, width) // 8), 255, -1)
        pictures[f"{height}x{width}"] = picture
    predict([str(write_pictures(tmp_path / "in", pictures))], tmp_path / "out", Options(model=str(net)))
    for name, picture in pictures.items():
        assert read_slice(tmp_path / f"out/masks/{name}.png").shape == picture.shape


def test_coco_renders_to_the_masks_and_can_be_trained_on(whole, tmp_path):
    raw, masks = tmp_path / "raw", tmp_path / "masks"
    fetch(ArchiveSource(kind="archive", path=str(whole)), raw)
    render_masks(raw, masks, ["tumour"])
    names = [path.relative_to(whole / "masks") for path in sorted(whole.glob("masks/*/*.png"))]
    assert len(names) == 12
    for name in names:
        flat = f"{name.parts[0]}/{name.parts[0]}--{name.name}"
        assert np.array_equal(read_slice(masks / flat), read_slice(whole / "masks" / name))
    export = json.loads((whole / "coco/train/_annotations.coco.json").read_text())
    assert all(0 < each["score"] <= 1 for each in export["annotations"])


def test_classes_go_all_the_way(net_of_classes, slices, tmp_path):
    out, raw, masks = tmp_path / "out", tmp_path / "raw", tmp_path / "masks"
    predict([str(slices)], out, Options(model=str(net_of_classes)))
    greys = {grey for path in out.glob("masks/*/*.png") for grey in np.unique(read_slice(path)).tolist()}
    assert greys == {0, 127, 255}
    fetch(ArchiveSource(kind="archive", path=str(out)), raw)
    render_masks(raw, masks, {"glioma": ["glioma"], "other": ["other"]})
    assert read_classes(masks) == ["glioma", "other"]
    for path in out.glob("masks/test/*.png"):
        assert np.array_equal(read_slice(masks / "test" / f"test--{path.name}"), read_slice(path))


def test_corrected_masks_are_measured_anew(net, slices, tmp_path):
    out = tmp_path / "out"
    predict([str(slices / "test")], out, Options(model=str(net), probabilities=True))
    assert measure_masks(out).changed == 0
    before = content(out)
    path = sorted(out.glob("masks/*.png"))[0]
    mask = np.zeros_like(read_slice(path))
    mask[10:14, 20:25] = 255
    path.write_bytes(cv2.imencode(".png", mask)[1].tobytes())
    done, total = measure_masks(out), len(list(out.glob("masks/*.png")))
    assert (done.changed, done.masks) == (1, total)
    row = next(row for row in rows_of(out / "predictions.csv") if row["name"] == path.stem)
    assert (row["pixels"], row["lesions"]) == ("20", "1")
    lesion = next(row for row in rows_of(out / "lesions.csv") if row["name"] == path.stem)
    native = read_slice(out / "levels" / path.name)[10:14, 20:25]
    assert float(lesion["probability"]) == pytest.approx((native.mean() + 0.5) / 256, abs=1e-4)
    assert {name for name, digest in content(out).items() if before[name] != digest} >= {
        *("predictions.csv", "lesions.csv", "index.html", "coco/train/_annotations.coco.json")
    }
    # The same call of predict keeps the correction.
    assert predict([str(slices / "test")], out, Options(model=str(net), probabilities=True)).skipped == total
    assert np.array_equal(read_slice(path), mask)


def test_the_summary_says_what_matters(whole, net, slices):
    counts = predict([str(slices)], whole, Options(model=str(net), probabilities=True))
    first, second, *_, last = summary(counts, whole).splitlines()
    assert first == f"12 slices of 12 inputs: tumour in {counts.with_tumor}"
    assert second == "done before: 12 inputs"
    assert last == f"look at {whole / 'index.html'}"
