"""Annotation files that cannot be mended: no JSON, no COCO, or values that mean nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.coco_builder import annotation, image, write_annotations, write_export

from corpus import Case, Kind

FILE = "set.zip/train/_annotations.coco.json"  # a folder of that name will do
NAN, INFINITY = float("nan"), float("inf")


def _text(content: str | bytes) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        write_export(folder / "set.zip")
        data = content if isinstance(content, bytes) else content.encode()
        (folder / FILE).write_bytes(data)

    return make


def _entries(*, images: Any = None, annotations: Any = None, **others: Any) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        write_export(folder / "set.zip")
        write_annotations(
            (folder / FILE).parent,
            [image(0), image(1)] if images is None else images,
            [annotation(0, 0)] if annotations is None else annotations,
            **others,
        )

    return make


def _polygon(*points: float) -> Callable[[Path], object]:
    return _entries(annotations=[annotation(0, 0, [list(points)])])


def _rle(**rle: Any) -> Callable[[Path], object]:
    return _entries(annotations=[annotation(0, 0, {"size": [8, 12], "counts": [96]} | rle)])


def _case(what: str, make: Callable[[Path], object]) -> Case:
    return Case(what, "*train*_annotations.coco.json*", make)


KIND = Kind(
    "Annotation files",
    "`stages/download.py`, and the stages after it",
    [
        _case("empty", _text("")),
        _case("cut off", _text('{"images": [')),
        _case("no JSON", _text("images: none")),
        _case("a number", _text("3")),
        _case("UTF-16", _text('{"images": []}'.encode("utf-16"))),
        _case("lists 100,000 deep", _text('{"images": ' + "[" * 100_000)),
        _case("a polygon with NaN", _polygon(1, 1, 5, NAN, 5, 5)),
        _case("a polygon with infinity", _polygon(1, 1, 5, INFINITY, 5, 5)),
        _case("coordinates of 1e30", _polygon(1, 1, 1e30, 1, 5, 5)),
        _case("a polygon with a text", _entries(annotations=[annotation(0, 0, [["a", 1, 2, 3, 4, 5]])])),
        _case("run lengths of another size", _rle(size=[9, 12], counts=[108])),
        _case("run lengths that do not fill the image", _rle(counts=[10])),
        _case("negative run lengths", _rle(counts=[100, -4])),
        _case("compressed run lengths cut off", _rle(counts="o")),
        _case(
            "an annotation of an unknown category", _entries(annotations=[annotation(0, 0, category_id=9)])
        ),
        _case(
            "two categories of one id", _entries(categories=[{"id": 1, "name": "0"}, {"id": 1, "name": "1"}])
        ),
        _case("an image without a name", _entries(images=[{"id": 0, "width": 12, "height": 8}])),
        _case("a name with a zero byte", _entries(images=[image(0, "a\0.jpg")])),
        _case("a list in place of an image", _entries(images=[[]])),
        _case("a side of 10⁹ pixels", _entries(images=[image(0, width=10**9, height=10**9)])),
    ],
)
