"""What read_split refuses."""

import re
from pathlib import Path
from typing import Any

import pytest
from support.coco_builder import annotation, image, write_annotations

from tumorseg.data import coco
from tumorseg.data.coco_schema import drawable
from tumorseg.errors import UserError
from tumorseg.reading import WAY_OUT


def zigzag(low: float, high: float, points: int) -> list[float]:
    """A polygon of as many sides as points, an even number, each `high` − `low` pixels long."""
    return [low, 0.0, high, 0.0] * (points // 2)


def test_an_outline_is_as_long_as_may_be_and_no_longer() -> None:
    longest = zigzag(5_000, 15_000, 100)
    assert drawable(longest) == longest  # 1,000,000 pixels
    with pytest.raises(ValueError, match="the outline is 1000001 pixels long, more than 1000000"):
        drawable([4_999.5, *longest[1:]])  # both sides that meet there are longer by a half
    with pytest.raises(ValueError, match="the outline is 1020000 pixels long"):
        drawable(zigzag(-5000, 5000, 102))
    with pytest.raises(ValueError, match="the outline is 1020000 pixels long"):
        drawable([0.0, 10_000.0, 0.0, 0.0] * 51)


def test_the_least_and_the_most_of_all_are_accepted(tmp_path: Path) -> None:
    outline = [-16384.0, 16384.0, 0.0, 0.0, 16384.0, -16384.0]
    box = [-16384, 16384, 16384, 16384]
    entries = [
        annotation(0, 0, [outline]),
        annotation(1, 0, bbox=box),
        annotation(2, 0, {"size": [8192, 8192], "counts": [0, 8192**2]}),
        annotation(3, 0, area=0),
        annotation(4, 0, bbox=[0, 0, 0, 0], iscrowd=1),
        annotation(5, 0) | {"segmentation": None},
    ]
    del entries[5]["iscrowd"]
    whole = image(0, 251 * "a" + ".jpg", width=8192, height=8192)
    smallest = image(1, width=1, height=1)
    slice, dot = coco.read_split(write_annotations(tmp_path / "train", [whole, smallest], entries))
    assert (dot.width, dot.height) == (1, 1)
    assert (slice.width, slice.height) == (8192, 8192)
    assert slice.annotations[0].segmentation == (tuple(outline),)
    assert slice.annotations[1].bbox == tuple(box)
    assert [annotation.iscrowd for annotation in slice.annotations] == [0, 0, 0, 0, 1, 0]
    assert slice.annotations[5].segmentation == ()


NAN, INF = float("nan"), float("inf")
BAD_IMAGES = [
    ([{"id": 0}], r"images\[0\]\.file_name: Field required"),
    ([image("0")], r"images\[0\]\.id: .*integer"),
    ([image(True)], r"images\[0\]\.id: .*integer"),
    ([image(0, width=0)], r"images\[0\]\.width: "),
    ([image(0, width=8193)], r"images\[0\]\.width: .*8192"),
    ([image(0, height=8193)], r"images\[0\]\.height: .*8192"),
    ([image(0, height=10**9)], r"images\[0\]\.height: "),
    ([image(0, height=12.5)], r"images\[0\]\.height: "),
    ([image(0), image(0, "b.jpg")], r"images\[1\]: id 0 is that of images\[0\] too"),
    (
        [image(0, "a.jpg"), image(1, "a.jpg")],
        r"images\[1\]: file_name without suffix 'a' is that of images\[0\]",
    ),
    (
        [image(0, "a.jpg"), image(1, "A.png")],
        r"images\[1\]: file_name without suffix 'a' is that of images\[0\]",
    ),
    *(
        ([image(0, name)], r"images\[0\]\.file_name: .* is not the plain name of a file")
        for name in (
            "../a.jpg",
            "/a.jpg",
            "b/a.jpg",
            "b\\a.jpg",
            "C:a.jpg",
            "..",
            ".jpg",
            "a\n.jpg",
            "a\0.jpg",
        )
    ),
    ([image(0, "a.txt")], r"images\[0\]\.file_name: 'a.txt' is not an image: .bmp"),
    ([image(0, 300 * "a" + ".jpg")], r"images\[0\]\.file_name: "),
]
BAD_ANNOTATIONS = [
    (annotation(0, 9), r"annotations\[0\]\.image_id: there is no image 9"),
    (annotation(0, 0, category_id=9), r"annotations\[0\]\.category_id: there is no category 9"),
    (annotation(0, 0, bbox=[1, 2, 3]), r"annotations\[0\]\.bbox"),
    (annotation(0, 0, bbox=[1, 2, -3, 4]), r"annotations\[0\]\.bbox\[2\]: "),
    (annotation(0, 0, bbox=[1, 2, INF, 4]), r"annotations\[0\]\.bbox\[2\]: "),
    (annotation(0, 0, bbox=[1, 16385, 3, 4]), r"annotations\[0\]\.bbox\[1\]: .*16384"),
    (annotation(0, 0, bbox=[-16385, 2, 3, 4]), r"annotations\[0\]\.bbox\[0\]: .*-16384"),
    (annotation(0, 0, bbox=[1, 2, 3, 16385]), r"annotations\[0\]\.bbox\[3\]: .*16384"),
    (annotation(0, 0, bbox=[1, 2, -0.5, 4]), r"annotations\[0\]\.bbox\[2\]: "),
    (annotation(0, 0, area=-0.5), r"annotations\[0\]\.area: "),
    (annotation(0, 0, area=INF), r"annotations\[0\]\.area: "),
    (annotation(0, 0, area="8"), r"annotations\[0\]\.area: "),
    (annotation(0, 0, iscrowd=2), r"annotations\[0\]\.iscrowd: "),
    (annotation(0, 0, "polygon"), r"annotations\[0\]\.segmentation: "),
    (annotation(0, 0, [[1, 1, 2, 2]]), r"segmentation\[0\]: 2 points; a polygon has 3 or more"),
    (annotation(0, 0, [[]]), r"segmentation\[0\]: 0 points"),
    (annotation(0, 0, [[1, 1, 2, 2, 3, 3], [1, 1, 2, 2, 3, 3, 4]]), r"segmentation\[1\]: an odd count of 7"),
    (annotation(0, 0, [[1, 1, 2, 2, 3, NAN]]), r"segmentation\[0\]\[5\]: "),
    (annotation(0, 0, [[1, 1, 2, 2, -INF, 3]]), r"segmentation\[0\]\[4\]: "),
    (annotation(0, 0, [[1, 1, 2, 2, 1e300, 3]]), r"segmentation\[0\]\[4\]: "),
    (annotation(0, 0, [[1, 1, 2, 2, "3", 3]]), r"segmentation\[0\]\[4\]: "),
    (annotation(0, 0, [[0, 0, 9000, 0] * 60]), r"segmentation\[0\]: the outline is 1080000 pixels long"),
    (annotation(0, 0, {"size": [8, 12]}), r"segmentation\.counts: Field required"),
    (annotation(0, 0, {"size": [12, 8], "counts": [96]}), r"segmentation\.size: \[12, 8\], but image 0 has"),
    (
        annotation(0, 0, {"size": [8, 12], "counts": [95]}),
        r"segmentation\.counts: they sum to 95, but image 0",
    ),
    (annotation(0, 0, {"size": [8, 12], "counts": [97, -1]}), r"segmentation\.counts\[1\]: "),
    (annotation(0, 0, {"size": [8, 12], "counts": [8192**2 + 1]}), r"segmentation\.counts\[0\]: .*67108864"),
    (annotation(0, 0, {"size": [8, 12], "counts": [2**40]}), r"segmentation\.counts\[0\]: "),
    (annotation(0, 0, {"size": [8, 12], "counts": "P3P"}), r"segmentation\.counts: compressed .* end within"),
]


@pytest.mark.parametrize(("images", "message"), BAD_IMAGES)
def test_bad_images_are_refused(tmp_path: Path, images: list, message: str) -> None:
    with pytest.raises(UserError, match=rf"^train/_annotations\.coco\.json: {message}") as caught:
        coco.read_split(write_annotations(tmp_path / "train", images, []))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("entry", "message"), BAD_ANNOTATIONS)
def test_bad_annotations_are_refused(tmp_path: Path, entry: dict, message: str) -> None:
    with pytest.raises(UserError, match=rf"^train/_annotations\.coco\.json: .*{message}") as caught:
        coco.read_split(write_annotations(tmp_path / "train", [image(0)], [entry]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("annotations", "categories", "message"),
    [
        (
            [annotation(0, 0), annotation(0, 0)],
            [{"id": 1, "name": "0"}],
            r"annotations\[1\]: id 0 is that of",
        ),
        (
            [],
            [{"id": 1, "name": "0"}, {"id": 1, "name": "1"}],
            r"categories\[1\]: id 1 is that of categories\[0\]",
        ),
        ([], [{"id": 1}], r"categories\[0\]\.name: Field required"),
        ([], None, r"categories: "),
        (None, [], r"annotations: "),
        ([{}] * 3, [], r"annotations\[0\]\.id: Field required \(and 14 more errors\)"),
    ],
)
def test_bad_sections_are_refused(tmp_path: Path, annotations: Any, categories: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        coco.read_split(write_annotations(tmp_path / "train", [image(0)], annotations, categories))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"\x89PNG\r\n",
        b'{"images": 1' + b"0" * 9999,
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / coco.ANNOTATIONS).write_bytes(content)
    with pytest.raises(UserError, match=rf"^{re.escape(tmp_path.name)}/_annotations\.coco\.json: ") as caught:
        coco.read_split(tmp_path)
    assert "\n" not in str(caught.value)


def test_the_way_out_is_told_of_a_file_that_is_cut_off_and_of_no_other(tmp_path: Path) -> None:
    folder = write_annotations(tmp_path / "train", [image(0)], [annotation(0, 9)])
    with pytest.raises(UserError) as contradicts:
        coco.read_split(folder)
    (folder / coco.ANNOTATIONS).write_text('{"images": []}')
    with pytest.raises(UserError) as lacks:
        coco.read_split(folder)
    (folder / coco.ANNOTATIONS).write_text('{"images": [')
    with pytest.raises(UserError) as cut:
        coco.read_split(folder)
    told = [WAY_OUT in str(each.value) for each in (contradicts, lacks, cut)]
    assert told == [False, False, True]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: No such file"):
        coco.read_split(tmp_path)
