"""The lists of ImageSets, of boxes and of masks."""

from pathlib import Path

import pytest
from support.sets import SHIPPED, WHOLE, assert_as_meant, fetched, png, put, slices

from tumorseg.errors import UserError

BOX = "<bndbox><xmin>{0}</xmin><ymin>5</ymin><xmax>{1}</xmax><ymax>9</ymax></bndbox>"
BY_SPLIT = {"train": "0 1 2 3", "val": "4", "test": "5"}


def write(root: Path, kind: str, picture: str = "JPEGImages/{n}.png") -> None:
    """Write the slices, with boxes or masks, to places that have {n} and {patient}, of two slices each."""
    for number, content, mask in slices():
        place = {"n": number, "patient": number // 2}
        put(root / picture.format(**place), content)
        if kind == "masks":
            put(root / picture.replace("JPEGImages", "SegmentationClass").format(**place), png(mask))
        else:
            box = f"<object><name>mask</name>{BOX.format(3 + number, 9 + number)}</object>"
            xml = picture.replace("JPEGImages", "Annotations").replace(".png", ".xml").format(**place)
            put(root / xml, f"<annotation>{box}</annotation>")


def write_lists(root: Path, names: dict[str, str], line: str = "{n}") -> None:
    """Write lists of slices' numbers, as text with spaces, by their names below `root`."""
    for name, numbers in names.items():
        lines = [line.format(n=number, patient=int(number) // 2) for number in numbers.split()]
        put(root / f"{name}.txt", "\n".join(lines) + "\n")


def faults(folder: Path) -> list[list[str]]:
    """Split, file, field and kind of those that lists have."""
    rows = [row.split(",")[:4] for row in (folder / "raw/faults.csv").read_text().splitlines()[1:]]
    return [row for row in rows if "list" in row[3]]


@pytest.mark.parametrize("kind", ["boxes", "masks"])
@pytest.mark.parametrize(
    ("picture", "line"),
    [
        ("JPEGImages/{n}.png", "{n}"),
        ("JPEGImages/{n}.png", "  {n} -1\r"),
        ("JPEGImages/{n}.png", "JPEGImages/{n}.jpg"),
        ("JPEGImages/{n}.png", r"C:\sets\JPEGImages\{n}.png"),
        ("JPEGImages/1.2.{n}.png", "1.2.{n}"),
        ("JPEGImages/{n} of 6.png", "{n} of 6"),
        ("VOC/JPEGImages/p{patient}/a{n}.png", "p{patient}/a{n}"),
    ],
)
def test_names_are_found_however_they_are_written(kind: str, picture: str, line: str, tmp_path: Path) -> None:
    write(tmp_path / "set", kind, picture)
    write_lists(tmp_path / "set/ImageSets", BY_SPLIT, line)
    assert_as_meant(fetched(tmp_path / "set", tmp_path), SHIPPED)
    assert faults(tmp_path) == []


@pytest.mark.parametrize(("kind", "folder"), [("boxes", ""), ("masks", "JPEGImages/")])
def test_equal_names_in_folders_are_told_apart_by_their_paths(kind: str, folder: str, tmp_path: Path) -> None:
    write(tmp_path / "set", kind, f"{folder}{{n}}/a.png")
    write_lists(tmp_path / "set/ImageSets", BY_SPLIT, "{n}/a")
    assert_as_meant(fetched(tmp_path / "set", tmp_path), SHIPPED)
    write_lists(tmp_path / "set/ImageSets", {"val": "4"}, "a")
    with pytest.raises(
        UserError,
        match=rf"ImageSets/val\.txt: line 1: 'a' is ambiguous: '{folder}0/a\.png' and '{folder}1/a\.png' "
        "both fit; write the picture's path",
    ):
        fetched(tmp_path / "set", tmp_path)


def test_lists_name_pictures_below_their_own_folder(tmp_path: Path) -> None:
    for number, content, mask in slices():
        root = tmp_path / f"set/p{number}"
        put(root / "JPEGImages/1.png", content)
        put(root / "SegmentationClass/1.png", png(mask))
        write_lists(root / "ImageSets", {"train" if number < 4 else "val" if number == 4 else "test": "1"})
    assert_as_meant(fetched(tmp_path / "set", tmp_path), SHIPPED)


@pytest.mark.parametrize(
    ("kind", "task", "other"), [("boxes", "Main", "Layout"), ("masks", "Segmentation", "Main")]
)
def test_each_task_has_lists_of_its_own(kind: str, task: str, other: str, tmp_path: Path) -> None:
    write(tmp_path / "set", kind)
    write_lists(tmp_path / f"set/ImageSets/{task}", BY_SPLIT | {"trainval": "0 1 2 3 4", "mask_test": "0 5"})
    write_lists(tmp_path / f"set/ImageSets/{other}", {"train": "4 5", "val": "0"})
    assert_as_meant(fetched(tmp_path / "set", tmp_path), SHIPPED)


@pytest.mark.parametrize("kind", ["boxes", "masks"])
def test_what_lists_and_pictures_lack_is_listed(kind: str, tmp_path: Path) -> None:
    write(tmp_path / "set", kind)
    write_lists(tmp_path / "set/ImageSets", BY_SPLIT | {"train": "0 17 2 3"})
    numbers = SHIPPED | {"train": [0, 2, 3]}
    assert_as_meant(fetched(tmp_path / "set", tmp_path), numbers)
    assert faults(tmp_path) == [
        ["train", "ImageSets/train.txt", "line 2", "listed_without_picture"],
        ["", "JPEGImages/1.png", "", "picture_unlisted"],
    ]
    assert "JPEGImages/1.png,,picture_unnamed" not in (tmp_path / "raw/faults.csv").read_text()


def test_a_list_may_name_pictures_without_annotations(tmp_path: Path) -> None:
    write(tmp_path / "set", "masks")
    (tmp_path / "set/SegmentationClass/5.png").unlink()
    write_lists(tmp_path / "set/ImageSets", BY_SPLIT)
    assert_as_meant(fetched(tmp_path / "set", tmp_path), {"train": [0, 1, 2, 3], "valid": [4]})
    assert "JPEGImages/5.png,,picture_without_mask" in (tmp_path / "raw/faults.csv").read_text()
    for name in ("train", "val"):
        (tmp_path / f"set/ImageSets/{name}.txt").unlink()
    with pytest.raises(UserError, match=r"ImageSets/test\.txt': no picture in the lists has annotations"):
        fetched(tmp_path / "set", tmp_path)


@pytest.mark.parametrize("kind", ["boxes", "masks"])
def test_a_picture_of_two_splits_is_refused(kind: str, tmp_path: Path) -> None:
    write(tmp_path / "set", kind)
    write_lists(tmp_path / "set/ImageSets", BY_SPLIT | {"train": "0 1 2 3 5"})
    with pytest.raises(
        UserError,
        match=r"'JPEGImages/5\.png' is of test in 'ImageSets/test\.txt', but of train in "
        r"'ImageSets/train\.txt'; take it out of one",
    ):
        fetched(tmp_path / "set", tmp_path)


def test_a_list_of_which_nothing_is_there_is_refused_and_an_empty_one_is_not(tmp_path: Path) -> None:
    write(tmp_path / "set", "masks")
    write_lists(tmp_path / "set/ImageSets", {"train": "0 1 2 3 4 5", "val": "17 18"})
    with pytest.raises(
        UserError,
        match=r"ImageSets/val\.txt: none of its 2 names is a picture's: line 1: .*'17'; mend the list",
    ):
        fetched(tmp_path / "set", tmp_path)
    put(tmp_path / "set/ImageSets/val.txt", "\n")
    assert_as_meant(fetched(tmp_path / "set", tmp_path), WHOLE)
