"""Builds tiny COCO exports, with real images, for the tests."""

import json
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tumorseg import SPLITS

CATEGORIES = [{"id": 0, "name": "Tumor"}, {"id": 1, "name": "0"}, {"id": 2, "name": "1"}]


def image(id: int, file_name: str | None = None, width: int = 12, height: int = 8) -> dict[str, Any]:
    """An entry of `images`."""
    return {"id": id, "file_name": file_name or f"{id}.jpg", "width": width, "height": height}


def annotation(id: int, image_id: int, segmentation: Any = None, **others: Any) -> dict[str, Any]:
    """An entry of `annotations`: by default a box of 4 × 2 pixels at (1, 2)."""
    entry = {"id": id, "image_id": image_id, "category_id": 1, "bbox": [1, 2, 4, 2], "area": 8, "iscrowd": 0}
    return entry | ({} if segmentation is None else {"segmentation": segmentation}) | others


def write_annotations(folder: Path, images: Any, annotations: Any, categories: Any = CATEGORIES) -> Path:
    """Write `folder/_annotations.coco.json`, without images; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    export = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "_annotations.coco.json").write_text(json.dumps(export))
    return folder


def write_export(root: Path, splits: tuple[str, ...] = SPLITS) -> Path:
    """Write a sound export of two images and two annotations a split; returns its root."""
    rng = np.random.default_rng(0)
    for split in splits:
        write_annotations(root / split, [image(0), image(1)], [annotation(0, 0), annotation(1, 1)])
        for id in (0, 1):
            pixels = rng.integers(0, 256, (8, 12), np.uint8)
            (root / split / f"{id}.jpg").write_bytes(cv2.imencode(".jpg", pixels)[1].tobytes())
    return root


def pack(root: Path, path: Path, below: str = "") -> Path:
    """Zip a folder, below another if wanted; returns the zip's path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(root.rglob("*")):
            archive.write(file, f"{below}{file.relative_to(root).as_posix()}")
    return path


def without_progress(printed: str) -> list[str]:
    """The lines printed, without those that only a slow machine prints."""
    return [line for line in printed.splitlines() if " done in " not in line]
