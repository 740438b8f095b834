"""A whole annotation file mended: what is kept, numbered, left out; and that nothing is said in vain."""

import json
from pathlib import Path

import pytest
from support.coco_builder import image, write_export
from support.mending import export, kinds, masks, mended, outlined

from tumorseg import sources
from tumorseg.data.coco import ANNOTATIONS, read_split
from tumorseg.errors import UserError
from tumorseg.sources.faults import KINDS, Fault, FaultLog, summary


def test_a_sound_file_has_no_fault_and_its_own_values(tmp_path):
    root = write_export(tmp_path / "set")
    data = (root / "train" / ANNOTATIONS).read_bytes()
    result = mended(data)
    assert (kinds(result), result.as_is) == (["outline_from_box"], True)
    document = export()
    result = mended(document)
    assert (result.faults, result.as_is) == ((), True)
    document["annotations"][0]["segmentation"] = [[]]
    result = mended(document)
    assert (kinds(result), result.as_is) == (["outline_fragment", "outline_from_box"], False)


def test_a_sound_export_is_what_was_read():
    document = export()
    result = mended(document)
    assert result.files == {"0.jpg": "train/0.jpg", "1.jpg": "train/1.jpg"}
    assert result.export == document


def test_where_nothing_is_mended_the_file_itself_reads_the_same(tmp_path):
    document = export(info={"year": 2023}, licenses=[{"id": 1}])
    document["annotations"][0].update(attributes={"occluded": False}, score=0.9)
    result = mended(document)
    assert result.as_is
    masks(result, tmp_path / "train")
    read = read_split(tmp_path / "train")
    (tmp_path / "train" / ANNOTATIONS).write_text(json.dumps(document))
    assert read_split(tmp_path / "train") == read


@pytest.mark.parametrize("ids", [[0, 0, 0], [..., ..., ...], [1, None, 2], ["a", "b", "c"], [1, 2**60, 3]])
def test_annotations_without_sound_ids_are_numbered_by_position(ids):
    entries = [outlined(id, index % 2, area=index) for index, id in enumerate(ids)]
    entries = [{key: value for key, value in entry.items() if value is not ...} for entry in entries]
    result = mended(export(annotations=entries))
    assert kinds(result) == ["id_numbered"]
    assert [(entry["id"], entry["area"]) for entry in result.export["annotations"]] == [
        (0, 0),
        (1, 1),
        (2, 2),
    ]


def test_ids_that_are_whole_numbers_in_disguise_are_kept():
    result = mended(export(annotations=[outlined("7", 0), outlined(5.0, 1), outlined(6, 1)]))
    assert [entry["id"] for entry in result.export["annotations"]] == [7, 5, 6]
    assert [(fault.kind, fault.field) for fault in result.faults] == [
        ("id_type", "annotations[0].id"),
        ("id_type", "annotations[1].id"),
    ]


def test_annotations_of_what_is_not_listed_are_refused_or_left_out_and_counted():
    entries = [outlined(0, 0), outlined(1, 777), outlined(2, 1, category_id=9)]
    with pytest.raises(UserError, match=r"annotations\[1\].image_id: there is no image 777; list it, or"):
        mended(export(annotations=entries))
    result = mended(export(annotations=entries), on_missing="leave out")
    assert [entry["id"] for entry in result.export["annotations"]] == [0]
    assert [(fault.field, fault.kind, fault.action) for fault in result.faults] == [
        ("annotations[1].image_id", "annotation_unknown", "left out"),
        ("annotations[2].category_id", "annotation_unknown", "left out"),
    ]


def test_pictures_in_folders_keep_their_masks(tmp_path):
    images = [image(0, "p1/0.png"), image(1, "p2/0.png")]
    square = outlined(1, 1, [[2, 2, 6, 2, 6, 5, 2, 5]], bbox=[2, 2, 4, 3], area=12)
    result = mended(export(images, [outlined(0, 0), square]), ["train/p2/0.png", "train/p1/0.png"])
    assert result.files == {"p1_0.png": "train/p1/0.png", "p2_0.png": "train/p2/0.png"}
    drawn = masks(result, tmp_path / "train")
    assert [int((drawn[f"train/{name}/0.png"] > 0).sum()) for name in ("p1", "p2")] == [14, 12]


def test_a_fault_says_where_and_why():
    result = mended(export(annotations=[outlined(0, 0, area=None)]))
    assert result.faults == (
        Fault(
            *("train", "train/a.json", "annotations[0].area", "area_computed", "mended"),
            "None is no area; computed: 15.0",
        ),
    )


def test_every_kind_is_of_use():
    files = [path for path in Path(sources.__file__).parent.rglob("*.py") if path.name != "faults.py"]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    assert [kind for kind in KINDS if f'"{kind}"' not in text] == []


def test_the_summary_has_a_line_for_each_kind_and_action():
    log = FaultLog("train", "a.json")
    log.guessed("crowd_form", "annotations[5].iscrowd", "2 is neither 0 nor 1; taken as 0")
    log.mended("crowd_form", "annotations[6].iscrowd", "True read as 1")
    log.mended("bom", "the file", "a mark")
    log.mended("crowd_form", "annotations[7].iscrowd", "True read as 1")
    assert summary(log.faults) == [
        f"mended: 1 × bom: {KINDS['bom']}; such as a.json the file: a mark",
        f"guessed: 1 × crowd_form: {KINDS['crowd_form']}; such as a.json annotations[5].iscrowd: "
        "2 is neither 0 nor 1; taken as 0",
        f"mended: 2 × crowd_form: {KINDS['crowd_form']}; such as a.json annotations[6].iscrowd: "
        "True read as 1",
    ]
    assert summary([]) == []
