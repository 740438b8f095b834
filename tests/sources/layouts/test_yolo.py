from pathlib import Path

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
from tumorseg.sources.layouts.yolo import MOST_CLASSES


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


def test_labels_whose_name_differs_in_case_are_joined_and_said(tmp_path: Path) -> None:
    write_yolo(tmp_path / "set", "images/Scan_{n}.png", "labels/Scan_{n}.txt")
    labels = tmp_path / "set/labels"
    (labels / "Scan_2.txt").rename(labels / "scan_2.txt")
    (labels / "Scan_3.txt").rename(labels / "Scan_3.TXT")
    assert_as_meant(fetched(tmp_path / "set", tmp_path), WHOLE)
    assert (tmp_path / "raw/faults.csv").read_text().splitlines()[1:] == [
        "train,labels/scan_2.txt,,labels_case,mended,it is of 'images/Scan_2.png'"
    ]


def test_labels_without_a_picture_are_refused_unless_told(tmp_path: Path) -> None:
    write_yolo(tmp_path / "set", "{split}/images/{n}.png", "{split}/labels/{n}.txt")
    put(tmp_path / "set/val/labels/99.txt", yolo_line(1, box=True))
    put(tmp_path / "set/test/labels/98.txt", yolo_line(1, box=True))
    put(tmp_path / "set/test/images/98.gif", b"GIF89a")
    put(tmp_path / "set/train/labels/classes.txt", "tumour\n")
    put(tmp_path / "set/numbers.txt", "1 2 3 4 5\n")
    with pytest.raises(
        UserError,
        match=r"2 files of labels have no picture, such as 'test/labels/98\.txt'; .*source\.missing",
    ):
        fetched(tmp_path / "set", tmp_path)
    assert_as_meant(fetched(tmp_path / "set", tmp_path, missing="leave out"), SHIPPED)
    assert (tmp_path / "raw/faults.csv").read_text().splitlines()[1:] == [
        f"{split},{name},,labels_without_picture,left out,no picture is called so"
        for split, name in (("test", "test/labels/98.txt"), ("valid", "val/labels/99.txt"))
    ]


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("images/2.jpg", r"'images/2\.jpg' and 'images/2\.png' have the same labels, 'labels/2\.txt'"),
        ("labels/2.TXT", r"both 'labels/2\.TXT' and 'labels/2\.txt' annotate 'images/2\.png'"),
    ],
)
def test_labels_and_pictures_are_one_to_one(extra: str, words: str, tmp_path: Path) -> None:
    write_yolo(tmp_path / "set", "images/{n}.png", "labels/{n}.txt")
    copied = tmp_path / f"set/{'images/2.png' if extra.endswith('jpg') else 'labels/2.txt'}"
    put(tmp_path / "set" / extra, copied.read_bytes())
    with pytest.raises(UserError, match=rf"{words}; take one out"):
        fetched(tmp_path / "set", tmp_path)


def test_texts_that_fit_several_pictures_do_not_matter_where_none_has_labels(tmp_path: Path) -> None:
    for number, picture, mask in slices():
        put(tmp_path / f"set/images/{number}.png", picture)
        put(tmp_path / f"set/masks/{number}.png", png(mask))
        put(tmp_path / f"set/images/{number}.txt", "age 61")
        put(tmp_path / f"set/images/{number}.TXT", "age 62")
    assert_as_meant(fetched(tmp_path / "set", tmp_path), WHOLE)


def test_a_list_of_numbers_is_no_file_of_labels(tmp_path: Path) -> None:
    write_yolo(tmp_path / "set", "{n}.png", "{n}.txt")
    put(tmp_path / "set/order.txt", "0\n1\n2\n3\n4\n5\n")
    assert_as_meant(fetched(tmp_path / "set", tmp_path), WHOLE)


@pytest.mark.parametrize("number", ["10000", "1000000000", "1e300"])
def test_absurd_classes_are_refused(number: str, tmp_path: Path) -> None:
    write_yolo(tmp_path / "set", "images/{n}.png", "labels/{n}.txt")
    put(tmp_path / "set/labels/3.txt", f"{number} 0.5 0.5 0.2 0.2\n")
    with pytest.raises(UserError, match=rf"labels/3\.txt: line 1: \S+ is a class above {MOST_CLASSES - 1}"):
        fetched(tmp_path / "set", tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("names: {1000000000: a}", "names: a class above 9999"),
        ("names: [[a]]", r"names\[0\]: a class needs a name of up to 200 letters"),
        (f"names: [a, 0x{'f' * 5000}]", r"names\[1\]: a class needs a name"),
        (f"names: {{0: {'a' * 201}}}", r"names\[0\]: a class needs a name"),
        ("a: &a [x]\nnames: {0: *a}", r"names\[0\]: a class needs a name"),
        ("names: !!int ''", "not YAML"),
        ("names: !!bool x", "not YAML"),
        ("[" * 3000, "nested too deeply"),
        ("#" * 70_000, "has over 64 kB"),
    ],
)
def test_names_that_are_none_are_refused(content: str, words: str, tmp_path: Path) -> None:
    write_yolo(tmp_path / "set", "images/{n}.png", "labels/{n}.txt")
    put(tmp_path / "set/data.yaml", content)
    with pytest.raises(UserError, match=rf"set: data\.yaml: .*{words}"):
        fetched(tmp_path / "set", tmp_path)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("data.yaml", "names: [1, 2.5, true]"),
        ("classes.txt", "1\r\n2.5\nTrue\n"),
        ("data.yaml", "names: {0: 1, 2: true, 1: 2.5}"),
    ],
)
def test_names_of_classes(file: str, content: str, tmp_path: Path) -> None:
    write_yolo(tmp_path / "set", "images/{n}.png", "labels/{n}.txt")
    put(tmp_path / "set" / file, content)
    assert_as_meant(fetched(tmp_path / "set", tmp_path), WHOLE)
    assert read_categories(tmp_path / "raw/train") == ["1", "2.5", "True"]
