"""One annotation file mended, rendered and compared, for the tests."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from support.coco_builder import CATEGORIES, annotation, image

from tumorseg.data.coco import ANNOTATIONS, read_split, render
from tumorseg.sources.mend import Mended, mend

TRIANGLE = [1, 1, 7, 1, 4, 6]
PICTURES = ["train/0.jpg", "train/1.jpg"]


def export(
    images: Any = None, annotations: Any = None, categories: Any = CATEGORIES, **others: Any
) -> dict[str, Any]:
    """A sound export of two pictures with a triangle each; of what is given, that instead."""
    sound = [outlined(0, 0), outlined(1, 1)]
    return {
        "images": [image(0), image(1)] if images is None else images,
        "annotations": sound if annotations is None else annotations,
        "categories": categories,
        **others,
    }


def outlined(id: int, image_id: Any, segmentation: Any = None, **others: Any) -> dict[str, Any]:
    """An entry of `annotations`: by default a triangle, with its own box and area."""
    entry = annotation(
        id, image_id, [TRIANGLE] if segmentation is None else segmentation, bbox=[1, 1, 6, 5], area=15
    )
    return {key: value for key, value in {**entry, **others}.items() if value is not ...}  # `...` leaves out


def mended(
    document: Any, pictures: Any = PICTURES, size: tuple[int, int] = (12, 8), **options: Any
) -> Mended:
    """What `mend` makes of a document, or of bytes; all pictures have one size."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    options = {"base": ["train"], **options}
    return mend(data, "train/a.json", "train", pictures, size_of=lambda name: size, **options)


def masks(result: Mended, folder: Path) -> dict[str, np.ndarray]:
    """By path of the picture: its mask, as the stages read and render the mended export."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ANNOTATIONS).write_text(json.dumps(result.export), encoding="utf-8")
    slices = read_split(folder)
    assert {slice.file_name for slice in slices} == set(result.files)
    return {
        result.files[slice.file_name]: render(slice, {each.category for each in slice.annotations})
        for slice in slices
    }


def kinds(result: Mended) -> list[str]:
    """The kinds of fault, each once."""
    return sorted({fault.kind for fault in result.faults})
