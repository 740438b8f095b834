"""Planted defects are found, each as its own finding; sound data have none."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from coco_builder import annotation, image, write_annotations

from tumorseg import SPLITS
from tumorseg.audit import audit, closest, faults, histogram
from tumorseg.audit.facts import measure
from tumorseg.audit.findings import Finding, find
from tumorseg.audit.survey import survey
from tumorseg.masks import render_masks
from tumorseg.prepare import prepare

SIZES = {"train": 12, "valid": 5, "test": 5}
OCTAGON = [[20, 10, 30, 10, 36, 16, 36, 26, 30, 32, 20, 32, 14, 26, 14, 16]]
SOUND = {"bbox": [14, 10, 22, 22], "area": 412}  # of the octagon
CATEGORIES = [{"id": 1, "name": "0"}, {"id": 2, "name": "1"}]


class Export:
    """A sound export of 64×64 slices of noise, to plant a defect in: change it, then write it."""

    def __init__(self) -> None:
        rng, self.categories, self.unnamed = np.random.default_rng(0), list(CATEGORIES), []
        self.pixels = {
            s: [rng.integers(0, 256, (64, 64), np.uint8) for _ in range(n)] for s, n in SIZES.items()
        }
        # No numbers: they are planted.
        self.images = {s: [image(i, f"{s[0]}{i}.png", 64, 64) for i in range(n)] for s, n in SIZES.items()}
        self.labels = {
            s: [annotation(i, i, OCTAGON, category_id=1 + i % 2, **SOUND) for i in range(n)]
            for s, n in SIZES.items()
        }

    def write(self, raw: Path) -> Path:
        for split in SPLITS:
            write_annotations(raw / split, self.images[split], self.labels[split], self.categories)
            for entry, pixels in zip(self.images[split], self.pixels[split], strict=True):
                (raw / split / entry["file_name"]).write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
        for name in self.unnamed:
            (raw / name).write_bytes(b"")
        return raw

    def relabel(self, split: str, index: int, **fields: Any) -> None:
        self.labels[split][index] |= fields

    def enlarge(self, split: str, index: int) -> None:
        self.images[split][index] |= {"width": 128, "height": 128}
        self.pixels[split][index] = self.pixels[split][index].repeat(2, axis=0).repeat(2, axis=1)


def prepared(export: Export, folder: Path, size: int = 64) -> tuple[Path, Path]:
    """The raw and the prepared folder of an export."""
    raw, masks, arrays = export.write(folder / "raw"), folder / "masks", folder / "prepared"
    render_masks(raw, masks, ["0", "1"])
    prepare(raw, masks, arrays, size)
    return raw, arrays


def findings(export: Export, folder: Path, size: int = 64) -> dict[str, Finding]:
    facts = measure(survey(*prepared(export, folder, size)), ["0", "1"])
    return {finding.id: finding for finding in find(facts)}


def replace_pixels(export: Export, split: str, index: int, pixels: np.ndarray) -> None:
    export.pixels[split][index] = pixels


def copy_across(export: Export) -> None:
    export.pixels["test"][3] = export.pixels["train"][2]


def copy_within(export: Export) -> None:
    export.pixels["train"][3] = export.pixels["train"][2]


def sibling(export: Export) -> None:
    ours, theirs = (export.pixels[split][1].astype(float) for split in ("test", "train"))
    # Noise of the same spread in the shares 0.3 and 0.7 correlates at 0.7 / √(0.3² + 0.7²) = 0.92.
    export.pixels["test"][1] = (0.3 * ours + 0.7 * theirs).astype(np.uint8)
    stretched = (export.pixels["test"][1].astype(float) - 127.5) / 0.76 + 127.5
    export.pixels["test"][1] = stretched.clip(0, 255).astype(np.uint8)


def rle(pixels: list[tuple[int, int]]) -> dict[str, Any]:
    """Uncompressed run lengths of some pixels (row, column) of 64×64."""
    marks = sorted(64 * column + row for row, column in pixels)
    counts, end = [], 0
    for mark in marks:
        counts += [mark - end, 1]
        end = mark + 1
    return {"size": [64, 64], "counts": [*counts, 64 * 64 - end]}


SQUARE = [[14, 10, 36, 10, 36, 32, 14, 32, 14, 10]]
SPECKS = {"segmentation": rle([(20, 20), (22, 22)]), "bbox": [20, 20, 3, 3], "area": 2}
BOW_TIE = {"segmentation": [[10, 10, 30, 30, 30, 10, 10, 30]], "bbox": [10, 10, 20, 20], "area": 200}
OUTSIDE = {"segmentation": [[50, 10, 70, 20, 50, 30]], "bbox": [50, 10, 20, 20], "area": 200}
SLIVER = {"segmentation": [[10, 10, 10.05, 10, 10, 10.05]], "bbox": [10, 10, 1, 1], "area": 0}
GREY = np.full((64, 64), 100, np.uint8)

# What is planted; the ids that it gives, and the count of the first.
PLANTED: dict[str, tuple[Callable[[Export], Any], list[str], int]] = {
    "copy in another split": (copy_across, ["copies_across", "siblings_test", "groups"], 2),
    "copy in the split": (copy_within, ["copies_within", "groups"], 1),
    "sibling": (sibling, ["siblings_test", "groups"], 1),
    "rectangle": (lambda e: e.relabel("train", 0, segmentation=SQUARE, area=484), ["boxes"], 1),
    "bare box": (lambda e: e.labels["valid"][0].pop("segmentation"), ["boxes"], 1),
    "sliver": (lambda e: e.relabel("train", 4, **SLIVER), ["label_empty"], 1),
    "bow tie": (lambda e: e.relabel("train", 4, **BOW_TIE), ["label_crossing"], 1),
    "bbox": (lambda e: e.relabel("test", 2, bbox=[20, 10, 22, 22]), ["label_wrong_bbox"], 1),
    "area": (lambda e: e.relabel("test", 2, area=900), ["label_wrong_area"], 1),
    "outside": (lambda e: e.relabel("train", 5, **OUTSIDE), ["label_outside"], 1),
    "overlap": (
        lambda e: e.labels["train"].append({**e.labels["train"][0], "id": 99}),
        ["label_overlapping"],
        2,
    ),
    "unannotated": (lambda e: e.labels["valid"].pop(), ["unannotated"], 1),
    "tumour lost": (lambda e: e.relabel("train", 6, **SPECKS), ["tumor_lost"], 1),
    "unused category": (lambda e: e.categories.append({"id": 3, "name": "2"}), ["category_unused"], 1),
    "blank": (lambda e: replace_pixels(e, "train", 7, GREY), ["image_blank"], 1),
    "dark": (lambda e: replace_pixels(e, "train", 7, e.pixels["train"][7] // 20), ["image_outlier"], 1),
    "other size": (lambda e: e.enlarge("train", 8), ["image_sizes"], 2),
    "colour": (
        lambda e: replace_pixels(e, "train", 9, cv2.cvtColor(e.pixels["train"][9], cv2.COLOR_GRAY2BGR)),
        ["image_formats"],
        2,
    ),
    "16 bits": (
        lambda e: replace_pixels(e, "train", 9, e.pixels["train"][9].astype(np.uint16) * 257),
        ["image_over_8_bits", "image_formats"],
        1,
    ),
    "unnamed": (lambda e: e.unnamed.append("train/forgotten.png"), ["image_unnamed_files"], 1),
}


def test_sound_data_have_no_finding(tmp_path):
    assert findings(Export(), tmp_path) == {}


@pytest.mark.parametrize("defect", PLANTED)
def test_a_planted_defect_is_found_and_nothing_else(tmp_path, defect):
    plant, ids, count = PLANTED[defect]
    export = Export()
    plant(export)
    found = findings(export, tmp_path, 32 if defect == "tumour lost" else 64)
    assert set(found) == set(ids)
    assert found[ids[0]].count == count


def test_a_category_that_is_not_tumour_is_told(tmp_path):
    facts = measure(survey(*prepared(Export(), tmp_path)), ["0"])
    (finding,) = find(facts)
    assert (finding.id, finding.count) == ("category_left_out", 6 + 2 + 2)
    assert finding.param == "datasets.${data}.tumor_categories"


def number(export: Export, numbers: dict[str, list[int]]) -> None:
    for split in SPLITS:
        for entry, value in zip(export.images[split], numbers[split], strict=True):
            entry["file_name"] = f"{value}_slice.png"


def test_numbers_that_follow_patients_and_categories_are_told(tmp_path):
    export = Export()
    # Test slice i copies train slice 2 i, whose number is one below its own.
    number(
        export,
        {
            "train": [10 * i for i in range(12)],
            "valid": [503 + 10 * i for i in range(5)],
            "test": [20 * i + 1 for i in range(5)],
        },
    )
    for index in range(5):
        export.pixels["test"][index] = export.pixels["train"][2 * index]
    for split, firsts in (("train", 6), ("valid", 0), ("test", 3)):
        for index in range(SIZES[split]):
            export.relabel(split, index, category_id=1 if index < firsts else 2)
    found = findings(export, tmp_path)
    assert found["sequence"].count == 5
    assert "100% of the test slices" in found["sequence"].message
    assert "2 runs" in found["category_order"].message


def test_mixed_categories_do_not_follow_the_numbers(tmp_path):
    export = Export()
    number(export, {"train": list(range(12)), "valid": list(range(20, 25)), "test": list(range(30, 35))})
    assert findings(export, tmp_path) == {}


@pytest.fixture(scope="module")
def audited(tmp_path_factory) -> tuple[Path, Path]:
    """Two audits of the same export, which has some defects: their folders."""
    folder = tmp_path_factory.mktemp("audit")
    export = Export()
    sibling(export)
    export.relabel("train", 5, **OUTSIDE)
    export.unnamed.append("train/forgotten.png")
    export.categories.append({"id": 3, "name": "2"})
    raw, arrays = prepared(export, folder)
    for name in ("first", "second"):
        audit(raw, arrays, ["0", "1"], folder / name / "audit.json", folder / name / "audit")
    return folder / "first", folder / "second"


def test_the_same_data_give_the_same_bytes(audited):
    first, second = ({p.name: p.read_bytes() for p in f.rglob("*.*")} for f in audited)
    assert first == second
    assert set(first) == {"audit.json", "audit.png", "closest_pairs.png", "similarity.csv", "faults.csv"}


def test_the_json_holds_dicts_of_numbers_and_strings_only(audited):
    def leaves(value: Any) -> set[type]:
        return set().union(*map(leaves, value.values())) if isinstance(value, dict) else {type(value)}

    result = json.loads((audited[0] / "audit.json").read_text())
    for finding in result["findings"].values():
        assert set(finding) == {"severity", "message", "count", "param"}
        finding.pop("param")  # null where no param deals with it
    assert leaves(result) <= {int, float, str}
    assert result["summary"] == {"high": 1, "medium": 0, "low": 2, "info": 2}  # groups, too
    assert next(iter(result["findings"])) == "siblings_test"
    assert result["leak"]["test"]["share"] == 0.2
    # All of them octagons.
    category = result["categories"]["0"]
    assert (category["tumor"], category["images"], category["annotations"]) == ("yes", 12, 12)
    assert category["mean_x"] == pytest.approx(25 / 64, abs=0.01)
    assert category["mean_y"] == pytest.approx(21 / 64, abs=0.01)


def test_faults_are_listed_one_by_one(audited):
    table = pd.read_csv(audited[0] / "audit" / "faults.csv")
    assert table.fillna(-1).values.tolist() == [
        ["train", "t5.png", 5, "outside"],
        ["train", "forgotten.png", -1, "unnamed"],
    ]


def test_every_valid_and_test_slice_is_in_the_histogram(audited):
    table = pd.read_csv(audited[0] / "audit" / "similarity.csv")
    assert table.groupby("split").images.sum().to_dict() == {"valid": 5, "test": 5}
    assert table[table.similarity_from >= 0.85].images.sum() == 1


def test_pictures_have_content_at_their_edges_in_no_case(audited):
    for name in ("audit.png", "closest_pairs.png"):
        pixels = cv2.imread(str(audited[0] / "audit" / name))
        rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert (rim == 255).all(), name


def test_pairs_come_closest_first_and_one_a_group():
    slices = pd.DataFrame(
        {
            "split": ["train", "valid", "test", "test"],
            "similarity": [1.0, 0.5, 0.9, 0.8],
            "group": [0, 1, 2, 2],
        }
    )
    assert closest(slices) == [2, 1]


def test_similarities_below_zero_count_as_zero():
    table = histogram(pd.DataFrame({"split": ["valid", "test"], "similarity": [-0.3, 1.0]}))
    assert table[table.split == "valid"].images.iloc[0] == 1
    assert table[table.split == "test"].images.iloc[-1] == 1


def test_no_fault_leaves_an_empty_list(tmp_path):
    assert faults(survey(*prepared(Export(), tmp_path))).empty
