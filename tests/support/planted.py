"""A sound COCO export, and the defects that tests plant in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from support.coco_builder import annotation, image, write_annotations

from tumorseg import SPLITS

SIZES = {"train": 12, "valid": 5, "test": 5}
OCTAGON = [[20, 10, 30, 10, 36, 16, 36, 26, 30, 32, 20, 32, 14, 26, 14, 16]]
SOUND = {"bbox": [14, 10, 22, 22], "area": 412}  # of the octagon
CATEGORIES = [{"id": 1, "name": "0"}, {"id": 2, "name": "1"}]


class Export:
    """A sound export of 64×64 slices of noise, to plant a defect in: change it, then write it."""

    def __init__(self) -> None:
        rng, self.categories = np.random.default_rng(0), list(CATEGORIES)
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
        return raw

    def relabel(self, split: str, index: int, **fields: Any) -> None:
        self.labels[split][index] |= fields

    def enlarge(self, split: str, index: int) -> None:
        self.images[split][index] |= {"width": 128, "height": 128}
        self.pixels[split][index] = self.pixels[split][index].repeat(2, axis=0).repeat(2, axis=1)


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
}
