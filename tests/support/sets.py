"""Small sets of annotated pictures in other layouts and formats, and whether their masks are as meant."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tumorseg import SPLITS
from tumorseg.data.coco import read_split
from tumorseg.data.masks import render_masks
from tumorseg.data.read import read_slice
from tumorseg.params import ArchiveSource
from tumorseg.sources import fetch

WIDTH, HEIGHT = 24, 16
COUNT = 6


def png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def put(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def slices() -> Iterator[tuple[int, bytes, np.ndarray]]:
    """Number, picture and mask, uint8 (HEIGHT, WIDTH) of 0 and 1: a rectangle of 6 × 4 pixels that moves."""
    rng = np.random.default_rng(0)
    for number in range(COUNT):
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[5:9, 3 + number : 9 + number] = 1
        yield number, png(rng.integers(0, 256, (HEIGHT, WIDTH), np.uint8)), mask


def corners(number: int) -> list[float]:
    """The rectangle of that mask: left, top, right, bottom."""
    return [3.0 + number, 5.0, 9.0 + number, 9.0]


def outline(number: int) -> list[float]:
    """The same as x, y, x, y, …"""
    left, top, right, bottom = corners(number)
    return [left, top, right, top, right, bottom, left, bottom]


def coco(names: dict[int, str]) -> str:
    """A COCO JSON of the slices by number, with their file names."""
    images = [
        {"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT} for number, name in names.items()
    ]
    annotations: list[dict[str, Any]] = [
        {
            "id": number,
            "image_id": number,
            "category_id": 1,
            "segmentation": [outline(number)],
            "bbox": [3 + number, 5, 6, 4],
            "area": 24,
            "iscrowd": 0,
        }
        for number in names
    ]
    categories = [{"id": 1, "name": "tumour"}]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories})


def split_of(number: int) -> str:
    """train, val or test: four, one and one slices."""
    return "train" if number < 4 else "val" if number == 4 else "test"


def fetched(root: Path, out: Path, **source: Any) -> dict[str, dict[bytes, np.ndarray]]:
    """By split: the masks, bool (HEIGHT, WIDTH), that the pipeline renders, by the bytes of their picture."""
    fetch(ArchiveSource(kind="archive", path=str(root), **source), out / "raw")
    render_masks(out / "raw", out / "masks", None)
    return {
        split: {
            (out / "raw" / split / item.file_name).read_bytes(): read_mask(
                out / "masks" / split, item.file_name
            )
            for item in read_split(out / "raw" / split)
        }
        for split in SPLITS
    }


def read_mask(folder: Path, file_name: str) -> np.ndarray:
    return read_slice(folder / f"{Path(file_name).stem}.png") > 0


def assert_as_meant(masks: dict[str, dict[bytes, np.ndarray]], numbers: dict[str, list[int]]) -> None:
    """Each split holds the slices of these numbers, and each picture has its mask."""
    meant = {number: (picture, mask) for number, picture, mask in slices()}
    for split in SPLITS:
        expected = dict(meant[number] for number in numbers.get(split, []))
        assert masks[split].keys() == expected.keys(), split
        for picture, mask in masks[split].items():
            assert np.array_equal(mask, expected[picture] > 0)


SHIPPED = {"train": [0, 1, 2, 3], "valid": [4], "test": [5]}
WHOLE = {"train": list(range(COUNT))}
