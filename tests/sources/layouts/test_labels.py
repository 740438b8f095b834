"""YOLO, LabelMe and Pascal VOC."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.sets import (
    HEIGHT,
    SHIPPED,
    WHOLE,
    WIDTH,
    assert_as_meant,
    corners,
    fetched,
    outline,
    png,
    put,
    slices,
    split_of,
)

from tumorseg.data.coco import read_categories
from tumorseg.errors import UserError


def yolo_line(number: int, box: bool) -> str:
    left, top, right, bottom = corners(number)
    if box:
        numbers = [(left + right) / 2 / WIDTH, (top + bottom) / 2 / HEIGHT, 6 / WIDTH, 4 / HEIGHT]
    else:
        numbers = [value / (HEIGHT if at % 2 else WIDTH) for at, value in enumerate(outline(number))]
    return " ".join(["0", *(f"{value:.8f}" for value in numbers)])


def write_yolo(root: Path, picture: str, labels: str, box: bool = False) -> None:
    for number, content, _ in slices():
        put(root / picture.format(split=split_of(number), n=number), content)
        put(root / labels.format(split=split_of(number), n=number), yolo_line(number, box) + "\n")


@pytest.mark.parametrize(
    ("picture", "labels", "numbers"),
    [
        ("{split}/images/{n}.png", "{split}/labels/{n}.txt", SHIPPED),
        ("images/{split}/{n}.png", "labels/{split}/{n}.txt", SHIPPED),
        ("obj_train_data/{n}.png", "obj_train_data/{n}.txt", WHOLE),
    ],
)
@pytest.mark.parametrize("box", [False, True])
def test_yolo(picture: str, labels: str, numbers: dict, box: bool, tmp_path: Path) -> None:
    write_yolo(tmp_path / "set", picture, labels, box)
    put(tmp_path / "set/data.yaml", "train: ../train/images\nnames: {0: tumour, 1: cyst}\n")
    assert_as_meant(fetched(tmp_path / "set", tmp_path), numbers)
    assert read_categories(tmp_path / "raw/train") == ["tumour", "cyst"]


def test_a_picture_without_yolo_labels_shows_nothing_and_is_listed(tmp_path: Path) -> None:
    write_yolo(tmp_path / "set", "images/{n}.png", "labels/{n}.txt")
    (tmp_path / "set/labels/2.txt").unlink()
    masks = fetched(tmp_path / "set", tmp_path)["train"]
    assert sorted(int(mask.sum()) for mask in masks.values()) == [0, 24, 24, 24, 24, 24]
    assert "train,images/2.png,,picture_without_labels,guessed" in (tmp_path / "raw/faults.csv").read_text()
    assert read_categories(tmp_path / "raw/train") == ["0"]  # no names are given


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 30 40 20 10", "shares of width and height, from 0 to 1; divide pixels by them"),
        ("0 0.5 0.5 0.1 0.1 0.9", "6 numbers are neither a box .* nor a polygon"),
        ("0 0.5 0.5 0.1 nought", "are no numbers"),
        ("0 0.5 0.5 0.1 nan", "shares of width and height"),
        ("0.5 0.5 0.5 0.1 0.1", "0.5 is no class"),
        ("7 0.5 0.5 0.1 0.1", "there is no class 7; there are 1, from 0"),
        ("0 0.5 0.5 0 0.1", "a box of no size"),
    ],
)
def test_bad_yolo_lines_are_named(line: str, words: str, tmp_path: Path) -> None:
    write_yolo(tmp_path / "set", "images/{n}.png", "labels/{n}.txt")
    put(tmp_path / "set/data.yaml", "names: [tumour]")
    put(tmp_path / "set/labels/3.txt", f"{yolo_line(3, box=True)}\n{line}\n")
    with pytest.raises(UserError, match=rf"labels/3\.txt: line 2: .*{words}"):
        fetched(tmp_path / "set", tmp_path)


def test_yolo_poses_are_refused(tmp_path: Path) -> None:
    write_yolo(tmp_path / "set", "images/{n}.png", "labels/{n}.txt")
    put(tmp_path / "set/data.yaml", "kpt_shape: [17, 3]\nnames: [tumour]")
    with pytest.raises(UserError, match=r"data\.yaml: kpt_shape: these are poses"):
        fetched(tmp_path / "set", tmp_path)


def write_labelme(root: Path, changed: dict[int, Any]) -> None:
    for number, content, _ in slices():
        points = np.reshape(outline(number), (-1, 2)).tolist()
        shapes = changed.get(number, [{"label": "tumour", "points": points, "shape_type": "polygon"}])
        put(root / f"{number}.png", content)
        about = {"version": "5.4.1", "flags": {}, "shapes": shapes, "imagePath": f"{number}.png"}
        put(root / f"{number}.json", json.dumps(about))


def test_labelme_and_all_its_shapes(tmp_path: Path) -> None:
    left, top, right, bottom = corners(1)
    part = base64.b64encode(png(np.full((4, 6), 255, np.uint8))).decode()
    box = [{"label": "tumour", "points": [[right, bottom], [left, top]], "shape_type": "rectangle"}]
    mask = [{"label": "tumour", "points": [[5, 5], [10, 8]], "shape_type": "mask", "mask": part}]
    point = [{"label": "tumour", "points": [[4, 4]], "shape_type": "point"}]
    polygon = [{"label": "tumour", "points": np.reshape(outline(3), (-1, 2)).tolist()}]
    write_labelme(tmp_path / "set", {1: box, 2: mask, 3: polygon + point})
    assert_as_meant(fetched(tmp_path / "set", tmp_path), WHOLE)
    rows = (tmp_path / "raw/faults.csv").read_text().splitlines()
    assert rows.count("train,3.json,shapes[1],shape_without_area,left out,a point") == 1


def test_a_labelme_circle_has_its_area(tmp_path: Path) -> None:
    circle = [{"label": "tumour", "points": [[12, 8], [12, 14]], "shape_type": "circle"}]
    write_labelme(tmp_path / "set", dict.fromkeys(range(6), circle))
    for mask in fetched(tmp_path / "set", tmp_path)["train"].values():
        assert int(mask.sum()) == pytest.approx(np.pi * 36, rel=0.05)
        assert mask[8, 12]


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"label": "a", "points": [[1, 1], [2, 2]], "shape_type": "polygon"}, "'polygon' with 2 points"),
        ({"points": [[1, 1], [2, 2], [3, 1]]}, "'label' is missing"),
        ({"label": "a", "points": 7}, "not iterable"),
        ({"label": "a", "points": [[1, 1], [2, 2]], "shape_type": "mask", "mask": "!!"}, "mask: no picture"),
        ("text", "no attribute"),
    ],
)
def test_bad_labelme_shapes_are_named(shape: Any, words: str, tmp_path: Path) -> None:
    write_labelme(tmp_path / "set", {2: [shape]})
    with pytest.raises(UserError, match=rf"2\.json: shapes\[0\]: .*{words}") as caught:
        fetched(tmp_path / "set", tmp_path)
    assert "\n" not in str(caught.value)


def voc_xml(number: int, inside: str = "") -> str:
    sides = zip(("xmin", "ymin", "xmax", "ymax"), corners(number), strict=True)
    box = "".join(f"<{side}>{value}</{side}>" for side, value in sides)
    return f"<annotation>{inside}<object><name>tumour</name><bndbox>{box}</bndbox></object></annotation>"


@pytest.mark.parametrize(
    ("picture", "xml", "numbers"),
    [
        ("JPEGImages/{n}.png", "Annotations/{n}.xml", WHOLE),
        ("{split}/{n}.png", "{split}/{n}.xml", SHIPPED),
        ("{split}/images/{n}.png", "{split}/annotations/{n}.xml", SHIPPED),
    ],
)
def test_voc_boxes(picture: str, xml: str, numbers: dict, tmp_path: Path) -> None:
    for number, content, _ in slices():
        put(tmp_path / "set" / picture.format(split=split_of(number), n=number), content)
        put(tmp_path / "set" / xml.format(split=split_of(number), n=number), voc_xml(number))
    assert_as_meant(fetched(tmp_path / "set", tmp_path), numbers)
    assert read_categories(tmp_path / "raw/train") == ["tumour"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<annotation><object><name>a</name></object></annotation>", "object 0: bndbox: missing"),
        (voc_xml(2).replace("<xmax>", "<xmax>x"), "object 0: could not convert"),
        (voc_xml(2).replace("tumour", ""), "object 0: name: missing"),
        ("<annotation><object>", "no XML"),
        (f"<!DOCTYPE x [<!ENTITY a 'b'>]>{voc_xml(2, '&a;')}", "declares a document type or entities"),
    ],
)
def test_bad_xml_is_named(content: str, words: str, tmp_path: Path) -> None:
    for number, picture, _ in slices():
        put(tmp_path / f"set/{number}.png", picture)
        put(tmp_path / f"set/{number}.xml", content if number == 2 else voc_xml(number))
    with pytest.raises(UserError, match=rf"2\.xml: .*{words}"):
        fetched(tmp_path / "set", tmp_path)
