"""LabelMe and Pascal VOC."""

import base64
import json
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.sets import (
    COUNT,
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


def mask_of(picture: bytes, left: float = 0) -> dict[str, Any]:
    coded = base64.b64encode(picture).decode()
    return {"label": "a", "points": [[left, 0], [5, 3]], "shape_type": "mask", "mask": coded}


def huge_png() -> bytes:
    """A picture whose header alone says 20,000 × 20,000 pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    small = png(np.ones((4, 6), np.uint8))
    return small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:]


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"label": "a", "points": [[1, 1], [2, 2]], "shape_type": "polygon"}, "'polygon' with 2 points"),
        ({"points": [[1, 1], [2, 2], [3, 1]]}, "'label' is missing"),
        ({"label": "a", "points": 7}, "not iterable"),
        (
            {"label": "a", "points": [[1, 1], [2, 2]], "shape_type": "mask", "mask": "!!"},
            "mask: is no image; mend it",
        ),
        (mask_of(png(np.ones((4, 6, 3), np.uint8))), "mask: RGB, not one channel"),
        (mask_of(png(np.ones((4, 25), np.uint8))), "mask: it reaches out of the picture"),
        (mask_of(huge_png()), "mask: is too large"),
        (mask_of(png(np.ones((4, 6), np.uint8))[:45]), "mask: no sound picture"),
        (mask_of(png(np.ones((4, 6), np.uint8)), left=math.inf), "cannot convert float infinity"),
        ({"label": "a", "points": [[10**400, 1], [2, 2], [3, 1]]}, "int too large"),
        ({"label": "a", "points": [[math.inf, 1], [2, 2], [3, 1]]}, "inf is no coordinate"),
        (
            {"label": "a", "points": [[math.nan, 1], [2, 2]], "shape_type": "rectangle"},
            "nan is no coordinate",
        ),
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
        (voc_xml(2).replace("<xmax>", "<xmax>1e400</xmax><xmax>"), "object 0: inf is no coordinate"),
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


def test_two_files_of_one_picture_are_refused(tmp_path: Path) -> None:
    write_labelme(tmp_path / "labelme", {})
    shapes = (tmp_path / "labelme/2.json").read_text()
    put(tmp_path / "labelme/again/2.json", shapes)
    with pytest.raises(
        UserError, match=r"both '2\.json' and 'again/2\.json' annotate '2\.png'; take one out"
    ):
        fetched(tmp_path / "labelme", tmp_path)
    for number, picture, _ in slices():
        put(tmp_path / f"voc/images/{number}.png", picture)
        put(tmp_path / f"voc/a/{number}.xml", voc_xml(number))
    put(tmp_path / "voc/b/2.xml", voc_xml(3))
    with pytest.raises(
        UserError, match=r"both 'a/2\.xml' and 'b/2\.xml' annotate 'images/2\.png'; take one out"
    ):
        fetched(tmp_path / "voc", tmp_path)


def write_sized(root: Path, kind: str, width: Any, height: Any) -> None:
    """A set whose files say that each picture has this size."""
    if kind == "labelme":
        write_labelme(root, {})
        for path in root.glob("*.json"):
            put(path, json.dumps(json.loads(path.read_text()) | {"imageWidth": width, "imageHeight": height}))
    else:
        size = f"<size><width>{width}</width><height> {height} </height></size>"
        for number, picture, _ in slices():
            put(root / f"{number}.png", picture)
            put(root / f"{number}.xml", voc_xml(number, size))


@pytest.mark.parametrize("kind", ["labelme", "voc"])
def test_the_size_that_is_stated_is_that_of_the_picture(kind: str, tmp_path: Path) -> None:
    write_sized(tmp_path / "set", kind, WIDTH, HEIGHT)
    assert_as_meant(fetched(tmp_path / "set", tmp_path), WHOLE)
    assert "image_size" not in (tmp_path / "raw/faults.csv").read_text()
    write_sized(tmp_path / "zero", kind, 0, 0)
    assert_as_meant(fetched(tmp_path / "zero", tmp_path), WHOLE)
    assert (tmp_path / "raw/faults.csv").read_text().count("image_size,mended") == COUNT
    write_sized(tmp_path / "other", kind, 2 * WIDTH, 2 * HEIGHT)
    with pytest.raises(UserError, match=r"'0\.png' is 24×16 pixels, but width and height say 48 and 32"):
        fetched(tmp_path / "other", tmp_path)
    write_sized(tmp_path / "turned", kind, HEIGHT, WIDTH)
    with pytest.raises(UserError, match=r"width and height say 16 and 24, as if it were turned"):
        fetched(tmp_path / "turned", tmp_path)
