"""Whatever one value of an annotation file becomes, the others keep their masks or the file is refused."""

import copy
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.coco_builder import image, write_annotations
from support.mending import export, masks, mended, outlined

from tumorseg.data.coco import read_split
from tumorseg.errors import UserError
from tumorseg.sources.mend import Mended

NAN, INF = float("nan"), float("inf")
HOSTILE = [None, True, False, "", " ", "0", "1", "a", "-1", "1.5", 0, 1, -1, 2, 3.0, 0.5, 1e9, 2**70, 10**400]
HOSTILE += [NAN, INF, -INF, [], {}, [[]], [None], {"x": 1}, "../../etc/passwd", "a\nb.jpg", "\ud800", "\x00"]
HOSTILE += [
    "0.jpg",
    "1.png",
    [1, 2, 3, 4],
    [[1, 2], [3, 4], [5, 6]],
    [[[1, 1, 5, 1, 5, 5]]],
    "b'1'",
    300 * "9",
]
PICTURES = [f"train/{index}.jpg" for index in range(4)]


def sound() -> dict[str, Any]:
    shapes = [
        [[1, 1, 7, 1, 4, 6]],
        {"size": [8, 12], "counts": [9, 4, 4, 5, 74]},
        {"size": [8, 12], "counts": "9441V2"},
        [],
    ]
    boxes = [[1, 1, 6, 5], [1, 1, 2, 5], [1, 1, 2, 5], [3, 2, 4, 4]]
    entries = [
        {**outlined(index, index, bbox=box), "segmentation": shape}
        for index, (shape, box) in enumerate(zip(shapes, boxes, strict=True))
    ]
    return copy.deepcopy(export([image(index) for index in range(4)], entries))


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value of a document, its lists and objects included."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path] * bool(path) + [place for key, item in items for place in places(item, (*path, key))]


def mutate(document: dict[str, Any], generator: random.Random) -> set[int]:
    """Change one value; the images (by place) whose masks may change with it."""
    path = generator.choice(places(document))
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    match generator.randrange(4):
        case 0 if isinstance(parent, dict):
            del parent[path[-1]]
        case 1 if isinstance(parent, list):
            parent.insert(path[-1], copy.deepcopy(generator.choice(parent)))
        case 2:
            parent[path[-1]] = str(parent[path[-1]])
        case _:
            parent[path[-1]] = copy.deepcopy(generator.choice(HOSTILE))
    if path[0] == "categories" and len(path) > 1:
        return set()
    return {path[1]} if len(path) > 2 and path[-1] != "image_id" else set(range(4))


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    result = mended(sound(), PICTURES)
    assert [fault.kind for fault in result.faults] == ["outline_from_box"]
    drawn = masks(result, tmp_path_factory.mktemp("sound") / "train")
    assert all(mask.any() for mask in drawn.values())
    return drawn


def read(document: dict[str, Any]) -> Mended | str:
    """What is made of a document, or the line that refuses it."""
    try:
        return mended(document, PICTURES)
    except UserError as error:
        return str(error)


def test_one_value_changed_spoils_no_other_mask(tmp_path: Path, unchanged: dict[str, np.ndarray]) -> None:
    generator = random.Random(0)
    outcomes = {"refused": 0, "read": 0}
    for _ in range(1500):
        document = sound()
        touched = mutate(document, generator)
        result = read(document)
        if isinstance(result, str):
            assert result.startswith("train/a.json: ")
            assert result.isprintable()
            assert len(result) < 500
            outcomes["refused"] += 1
            continue
        drawn = masks(result, tmp_path / "train")
        for index, picture in enumerate(PICTURES):
            if index not in touched:
                np.testing.assert_array_equal(drawn[picture], unchanged[picture], str(document))
        if result.as_is:
            mended_slices = read_split(tmp_path / "train")
            write_annotations(tmp_path / "train", **document)
            assert read_split(tmp_path / "train") == mended_slices
        outcomes["read"] += 1
    assert min(outcomes.values()) > 250
