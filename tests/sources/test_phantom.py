import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from pycocotools import mask as coco_mask

from tumorseg.params import PhantomSource
from tumorseg.sources.phantom import STYLES, _annotate, write_phantom

SMALL = PhantomSource(kind="phantom", seed=3, patients=15, slices_per_patient=4, native_size=96)
TINY = PhantomSource(kind="phantom", seed=0, patients=6, slices_per_patient=1, native_size=64)
ANNOTATIONS = "_annotations.coco.json"


class Phantom:
    """A written phantom, read back: slices in the order of `patients.csv`."""

    def __init__(self, folder: Path) -> None:
        self.truth = pd.read_csv(folder / "patients.csv")
        self.exports = {
            s: json.loads((folder / s / ANNOTATIONS).read_text()) for s in self.truth.split.unique()
        }
        self.found = {s: {path.name for path in (folder / s).glob("*.jpg")} for s in self.exports}
        paths = [folder / row.split / row.file for row in self.truth.itertuples()]
        self.images = np.stack([cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in paths])
        self.annotations: dict[str, list[dict[str, Any]]] = {file: [] for file in self.truth.file}
        for export in self.exports.values():
            names = {image["id"]: image["file_name"] for image in export["images"]}
            for annotation in export["annotations"]:
                self.annotations[names[annotation["image_id"]]].append(annotation)
        self.masks = np.stack([self.mask(file) for file in self.truth.file])

    def mask(self, file: str) -> np.ndarray:
        masks = [decode(annotation, self.images.shape[1]) for annotation in self.annotations[file]]
        return np.any([np.zeros(self.images.shape[1:], bool), *masks], axis=0)


def decode(annotation: dict[str, Any], size: int) -> np.ndarray:
    region = annotation["segmentation"]
    if isinstance(region, list):
        region = coco_mask.merge(coco_mask.frPyObjects(region, size, size))
    elif isinstance(region["counts"], list):
        region = coco_mask.frPyObjects(region, size, size)
    return coco_mask.decode(region).astype(bool)


def style(annotation: dict[str, Any]) -> str:
    region = annotation["segmentation"]
    if isinstance(region, dict):
        return "rle" if isinstance(region["counts"], str) else "counts"
    return "box" if len(region) == 1 and len(region[0]) == 10 else "outline"


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return 2 * (first & second).sum() / (first.sum() + second.sum())


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantom")
    write_phantom(SMALL, folder)
    return folder


@pytest.fixture(scope="module")
def phantom(folder: Path) -> Phantom:
    return Phantom(folder)


def test_a_seed_fixes_every_byte(folder: Path, tmp_path: Path) -> None:
    write_phantom(SMALL, tmp_path)
    assert contents(tmp_path) == contents(folder)


def test_another_seed_gives_other_slices(tmp_path: Path) -> None:
    for seed in (0, 1):
        (tmp_path / str(seed)).mkdir()
        write_phantom(TINY.model_copy(update={"seed": seed}), tmp_path / str(seed))
    first, second = Phantom(tmp_path / "0"), Phantom(tmp_path / "1")
    assert not set(first.truth.file) & set(second.truth.file)
    assert all((a != b).mean() > 0.1 for a, b in zip(first.images, second.images, strict=True))


def test_splits_hold_70_20_and_10_percent(phantom: Phantom) -> None:
    assert phantom.truth.split.value_counts().to_dict() == {"train": 42, "valid": 12, "test": 6}


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_ids_and_files_are_consistent(phantom: Phantom, split: str) -> None:
    export = phantom.exports[split]
    images, annotations = export["images"], export["annotations"]
    assert [image["id"] for image in images] == list(range(len(images)))
    assert [annotation["id"] for annotation in annotations] == list(range(len(annotations)))
    assert {annotation["image_id"] for annotation in annotations} <= {image["id"] for image in images}
    assert [category["name"] for category in export["categories"]] == ["Tumor", "0", "1"]
    assert {annotation["category_id"] for annotation in annotations} == {1, 2}
    assert {image["license"] for image in images} == {license["id"] for license in export["licenses"]}
    assert {(image["height"], image["width"]) for image in images} == {phantom.images.shape[1:]}
    assert phantom.found[split] == {image["file_name"] for image in images}
    assert phantom.found[split] == set(phantom.truth.file[phantom.truth.split == split])


def test_files_are_numbered_by_patient(phantom: Phantom) -> None:
    assert phantom.truth.file.str.fullmatch(r"\d+_jpg\.rf\.[0-9a-f]{32}\.jpg").all()
    numbers = phantom.truth.file.str.extract(r"^(\d+)_", expand=False).astype(int)
    assert numbers.tolist() == list(range(1, len(numbers) + 1))
    assert phantom.truth.patient.tolist() == np.repeat(np.arange(15), 4).tolist()


def test_a_patient_has_one_plane_and_tumor(phantom: Phantom) -> None:
    patients = phantom.truth.groupby("patient")
    assert (patients[["plane", "tumor"]].nunique() == 1).all(axis=None)
    looks = patients.first()
    assert set(zip(looks.plane, looks.tumor, strict=True)) == {
        (plane, tumor)
        for plane in ("axial", "coronal", "sagittal")
        for tumor in ("glioma", "meningioma", "pituitary")
    }


def test_categories_are_contiguous_number_ranges(phantom: Phantom) -> None:
    for row in phantom.truth.itertuples():
        expected = {1 if row.tumor == "glioma" else 2}
        assert {a["category_id"] for a in phantom.annotations[row.file]} <= expected
    is_glioma = (phantom.truth.tumor == "glioma").to_numpy()
    assert np.count_nonzero(np.diff(is_glioma)) == 1


def test_joining_by_position_is_wrong(phantom: Phantom) -> None:
    export = phantom.exports["train"]
    pairs = list(zip(export["images"], export["annotations"], strict=True))
    assert sum(image["id"] != annotation["image_id"] for image, annotation in pairs) > len(pairs) / 2


def test_one_train_image_has_no_annotation_and_one_has_two(phantom: Phantom) -> None:
    counts = phantom.truth.file.map(lambda file: len(phantom.annotations[file]))
    train = phantom.truth.split == "train"
    assert counts[train].value_counts().to_dict() == {1: 40, 0: 1, 2: 1}
    assert (counts[~train] == 1).all()


def test_every_split_has_every_style_of_annotation(phantom: Phantom) -> None:
    for export in phantom.exports.values():
        assert {style(annotation) for annotation in export["annotations"]} == set(STYLES)


def test_box_and_area_agree_with_the_region(phantom: Phantom) -> None:
    for annotation in (a for found in phantom.annotations.values() for a in found):
        mask = decode(annotation, phantom.images.shape[1])
        rows, columns = np.nonzero(mask)
        corners = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
        np.testing.assert_allclose(annotation["bbox"], corners, atol=1.01)
        # A polygon has half of the pixels on its edge on average, and renderers differ about them.
        edge = 0.3 * (annotation["bbox"][2] + annotation["bbox"][3])
        assert annotation["area"] == pytest.approx(
            mask.sum(), abs=edge if style(annotation) == "outline" else 0
        )


def test_styles_annotate_the_same_tumor() -> None:
    y, x = np.mgrid[:80, :80]
    tumor = ((x - 30) / 20) ** 2 + ((y - 45) / 12) ** 2 < 1
    for name in ("rle", "counts"):
        assert (decode(*_annotate(tumor, name), 80) == tumor).all()
    (outline,) = _annotate(tumor, "outline")
    assert dice(decode(outline, 80), tumor) > 0.97
    (box,) = _annotate(tumor, "box")
    assert (box["bbox"], box["area"]) == ([11, 34, 39, 23], 39 * 23)
    left, right = (decode(half, 80) for half in _annotate(tumor, "halves"))
    assert dice(left | right, tumor) > 0.97
    assert dice(left, right) < 0.1
    assert _annotate(tumor, "none") == []
    assert all(_annotate(np.zeros_like(tumor), name) == [] for name in (*STYLES, "halves"))


def test_labels_may_all_be_outlines_or_boxes(phantom: Phantom, tmp_path: Path) -> None:
    others = {}
    for labels in ("outlines", "boxes"):
        (tmp_path / labels).mkdir()
        write_phantom(SMALL.model_copy(update={"labels": labels}), tmp_path / labels)
        others[labels] = Phantom(tmp_path / labels)
        assert (others[labels].images == phantom.images).all()
    mixed = [[style(each) for each in phantom.annotations[file]] for file in phantom.truth.file]
    for row, styles in enumerate(mixed):
        truth, boxed = (others[labels].masks[row] for labels in ("outlines", "boxes"))
        if styles and styles != ["box"]:
            assert (truth == phantom.masks[row]).all()
        if len(styles) == 1:
            rows, columns = np.nonzero(truth)
            expected = np.zeros_like(boxed)
            expected[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
            assert dice(boxed, expected) > 0.97  # of polygons, boxes are of fractions of pixels
            assert boxed.sum() > truth.sum()
    styles = {style(a) for found in others["boxes"].annotations.values() for a in found}
    assert styles == {"box"}
    assert "box" not in {style(a) for found in others["outlines"].annotations.values() for a in found}


def test_run_lengths_start_with_background() -> None:
    tumor = np.zeros((2, 3), bool)
    tumor[0, 0] = tumor[1, 2] = True
    (annotation,) = _annotate(tumor, "counts")
    assert annotation["segmentation"] == {"size": [2, 3], "counts": [0, 1, 4, 1]}


def test_patients_leak_across_splits(phantom: Phantom) -> None:
    splits = phantom.truth.groupby("patient").split.agg(set)
    tested = splits[splits.map(lambda found: bool(found & {"valid", "test"}))]
    assert tested.map(lambda found: "train" in found).mean() > 0.7


def test_tumor_pixels_are_rare_and_gliomas_large(phantom: Phantom) -> None:
    labelled = phantom.truth.file.map(lambda file: bool(phantom.annotations[file])).to_numpy()
    share = phantom.masks[labelled].mean(axis=(1, 2))
    is_glioma = (phantom.truth.tumor == "glioma").to_numpy()[labelled]
    assert 0.02 < share.mean() < 0.05
    assert 0.015 < np.median(share) < 0.04
    assert share.min() > 0.001
    assert share[is_glioma].mean() > 1.3 * share[~is_glioma].mean()


def test_no_brightness_threshold_finds_tumors(phantom: Phantom) -> None:
    scores = [dice(phantom.images >= level, phantom.masks) for level in range(5, 250, 5)]
    assert max(scores) < 0.4


def test_neighbouring_slices_are_alike_and_patients_are_not(phantom: Phantom) -> None:
    small = np.stack([cv2.resize(i, (24, 24), interpolation=cv2.INTER_AREA) for i in phantom.images])
    likeness = np.corrcoef(small.reshape(len(small), -1).astype(float))
    patient, plane = phantom.truth.patient.to_numpy(), phantom.truth.plane.to_numpy()
    neighbours = np.diag(likeness, 1)[patient[1:] == patient[:-1]]
    others = likeness[(patient[:, None] != patient) & (plane[:, None] == plane)]
    assert neighbours.mean() > others.mean() + 0.15
    np.fill_diagonal(likeness, -1)
    assert (patient[likeness.argmax(axis=1)] == patient).mean() > 0.8


def test_smallest_phantom(tmp_path: Path) -> None:
    write_phantom(TINY, tmp_path)
    phantom = Phantom(tmp_path)
    assert phantom.truth.split.value_counts().to_dict() == {"train": 4, "valid": 1, "test": 1}
    assert sorted(len(phantom.annotations[file]) for file in phantom.truth.file) == [0, 1, 1, 1, 1, 2]
