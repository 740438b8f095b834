import json
from pathlib import Path

import pytest
from support.sets import COUNT, SHIPPED, WHOLE, assert_as_meant, coco, fetched, put, slices, split_of

from tumorseg import SPLITS
from tumorseg.errors import UserError
from tumorseg.sources.layouts.words import split_named, split_of_folder

PARTS = {"train": [0, 1, 2, 3], "val": [4], "test": [5]}


def pictures(root: Path, place: str) -> None:
    """Write all pictures to `place`, which has {split} and {number}."""
    for number, picture, _ in slices():
        put(root / place.format(split=split_of(number), number=number), picture)


def exports(root: Path, place: str, name: str = "{number}.png") -> None:
    """Write a JSON for each split to `place`, with file names like `name`."""
    for split, numbers in PARTS.items():
        names = {number: name.format(number=number, split=split) for number in numbers}
        put(root / place.format(split=split), coco(names))


def roboflow(root: Path) -> str:
    exports(root, "{split}/_annotations.coco.json")
    pictures(root, "{split}/{number}.png")
    return "Roboflow export"


def official(root: Path) -> str:
    exports(root, "annotations/instances_{split}2017.json")
    for split in PARTS:  # of the same pictures, and not read
        put(root / f"annotations/captions_{split}2017.json", json.dumps({"images": [], "annotations": []}))
    pictures(root, "{split}2017/{number}.png")
    return "official COCO"


def official_below_images(root: Path) -> str:
    exports(root, "annotations/instances_{split}.json")
    pictures(root, "images/{split}/{number}.png")
    return "official COCO"


def json_beside(root: Path) -> str:
    exports(root, "{split}.json")
    pictures(root, "images/{number}.png")
    return "COCO"


def deep(root: Path) -> str:
    exports(root / "Brain Tumor/v1", "{split}/annotations.json", "images/{number}.png")
    pictures(root / "Brain Tumor/v1", "{split}/images/{number}.png")
    return "COCO"


def same_names(root: Path) -> str:
    """Each split has a 0.png of its own."""
    for split, numbers in PARTS.items():
        put(
            root / split / "labels.json",
            coco({number: f"{index}.png" for index, number in enumerate(numbers)}),
        )
    for number, picture, _ in slices():
        split = split_of(number)
        put(root / split / f"{PARTS[split].index(number)}.png", picture)
    return "COCO"


def other_words(root: Path) -> str:
    words = {"train": "trn", "val": "dev", "test": "holdout"}
    for split, numbers in PARTS.items():
        put(root / f"{words[split]}/coco.json", coco({number: f"{number}.png" for number in numbers}))
    for number, picture, _ in slices():
        put(root / words[split_of(number)] / f"{number}.png", picture)
    return "COCO"


@pytest.mark.parametrize(
    "write", [roboflow, official, official_below_images, json_beside, deep, same_names, other_words]
)
def test_sets_with_splits(write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = write(tmp_path / "set")
    assert_as_meant(fetched(tmp_path / "set", tmp_path), SHIPPED)
    assert f"\n{name}, 6 images, train, valid, test\n" in f"\n{capsys.readouterr().out}"
    about = json.loads((tmp_path / "raw" / "source.json").read_text())
    assert (about["shipped"], about["missing"], about["unlabelled"]) == (list(SPLITS), [], [])


@pytest.mark.parametrize(
    ("tool", "export", "name", "place"),
    [
        ("CVAT export", "annotations/instances_default.json", "{}.png", "images/default/{number}.png"),
        ("Label Studio export", "result.json", "images/{}.png", "images/{number}.png"),
        ("FiftyOne export", "labels.json", "{}.png", "data/{number}.png"),
        ("COCO", "my set.json", "{}.png", "scans/{number}.png"),
    ],
)
def test_sets_without_splits(
    tool: str, export: str, name: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "set" / export, coco({number: name.format(number) for number in range(COUNT)}))
    pictures(tmp_path / "set", place)
    assert_as_meant(fetched(tmp_path / "set", tmp_path), WHOLE)
    line = f"{tool}, 6 images, no splits: split.strategy=auto deals all anew by similar\n"
    assert line in capsys.readouterr().out
    alone = tmp_path / "alone"  # the JSON itself as the path
    alone.mkdir()
    assert_as_meant(fetched(tmp_path / "set" / export, alone), WHOLE)


def test_a_split_that_was_not_shipped_is_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roboflow(tmp_path / "set")
    (tmp_path / "set/test/_annotations.coco.json").unlink()
    masks = fetched(tmp_path / "set", tmp_path)
    assert_as_meant(masks, {"train": SHIPPED["train"], "valid": SHIPPED["valid"]})
    assert "5 images, train, valid, no test: split.strategy=auto deals" in capsys.readouterr().out
    assert json.loads((tmp_path / "raw/source.json").read_text())["missing"] == ["test"]


@pytest.mark.parametrize("without", ["annotations", "key"])
def test_a_split_without_annotations_is_left_out_and_said(
    without: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roboflow(tmp_path / "set")
    path = tmp_path / "set/test/_annotations.coco.json"
    export = json.loads(path.read_text())
    export["annotations"] = []
    if without == "key":
        del export["annotations"]
    path.write_text(json.dumps(export))
    masks = fetched(tmp_path / "set", tmp_path)
    assert_as_meant(masks, {"train": SHIPPED["train"], "valid": SHIPPED["valid"]})
    assert "train, valid, test without annotations: split.strategy=auto deals" in capsys.readouterr().out
    assert json.loads((tmp_path / "raw/source.json").read_text())["unlabelled"] == ["test"]
    faults = (tmp_path / "raw/faults.csv").read_text()
    reason = "none of the 1 pictures of test has an annotation"
    assert f"test,5.png,,split_unlabelled,left out,{reason}\n" in faults


def test_pictures_of_a_split_without_a_json_are_listed(tmp_path: Path) -> None:
    roboflow(tmp_path / "set")
    (tmp_path / "set/test/_annotations.coco.json").unlink()
    put(tmp_path / "set/masks/0.png", b"x")  # masks beside COCO are no slices
    fetched(tmp_path / "set", tmp_path)
    assert (tmp_path / "raw/faults.csv").read_text().splitlines()[1:] == [
        "test,test/5.png,,picture_unnamed,left out,no annotation file names it"
    ]


def test_two_jsons_of_one_split_are_refused_by_name(tmp_path: Path) -> None:
    json_beside(tmp_path / "set")
    put(tmp_path / "set/training.json", coco({0: "0.png"}))
    with pytest.raises(
        UserError, match=r"both 'train\.json' and 'training\.json' .* of train; take out the one"
    ):
        fetched(tmp_path / "set", tmp_path)
    assert not (tmp_path / "raw").exists()


def test_a_whole_set_beside_its_splits_is_refused(tmp_path: Path) -> None:
    json_beside(tmp_path / "set")
    put(tmp_path / "set/all.json", coco({0: "0.png"}))
    with pytest.raises(UserError, match=r"'all\.json' is of no split, but 'test\.json' is"):
        fetched(tmp_path / "set", tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[{"id": 1, "annotations": [{"completed_by": 1}]}]', "Label Studio's own JSON; export it as COCO"),
        ('{"_via_settings": {}}', "a VIA project; export it as COCO"),
        ('[{"image_id": 1, "category_id": 1, "score": 0.9}]', "a list of COCO results, which has no images"),
        ("{}", "no COCO export: it has no list of images"),
    ],
)
def test_a_json_of_another_kind_is_named(content: str, words: str, tmp_path: Path) -> None:
    put(tmp_path / "set/a.json", content)
    with pytest.raises(UserError, match=f"'a.json' is {words}; what is read is COCO, .*see docs/datasets.md"):
        fetched(tmp_path / "set", tmp_path)


def test_what_else_a_set_may_hold_is_named(tmp_path: Path) -> None:
    for name, words in {
        "a.nii.gz": "volumes, such as 'a.nii.gz': export their slices",
        "b.zip": "another archive, 'b.zip': unpack it",
        "c.png": "1 pictures and no annotations",
    }.items():
        put(tmp_path / name / name, "x")
        with pytest.raises(UserError, match=f"holds {words}"):
            fetched(tmp_path / name, tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no files"):
        fetched(tmp_path / "empty", tmp_path)


def test_splits_are_named_by_whole_words() -> None:
    named = {
        "train2017": "train",
        "instances_val": "valid",
        "stage1_train": "train",
        "Testing": "test",
        "holdout": "test",
        "training_data": "train",
        "contest": None,
        "trainval": None,
        "train_val": None,  # two splits
        "evaluate": None,
    }
    assert {text: split_named(text) for text in named} == named
    assert split_of_folder("my test set/train/images") == "train"  # the nearest to the file
