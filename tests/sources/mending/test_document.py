"""What an annotation file is, before its values are looked at."""

import json

import pytest
from support.mending import export, kinds, mended

from tumorseg.errors import UserError

NO_COCO = [
    (b"", r"the file: empty, not COCO's object"),
    (b"  \n", r"the file: empty"),
    (b"[]", r"the file: a list \(of annotations or results\?\), not COCO's object"),
    (b"null", r"the file: begins with 'n': no JSON object"),
    (b"<html>", r"the file: begins with '<'"),
    (b"\x89PNG\r\n", r"the file: not UTF-8 \(byte 0\); save it as UTF-8"),
    (json.dumps(export()).encode("utf-16"), r"the file: not UTF-8 \(it is UTF-16\)"),
    ('{"info": "Café"}'.encode("latin-1"), r"the file: not UTF-8 \(byte 13\)"),
    (b'{"images": [', r"the file: not JSON: Expecting value: line 1 column 13"),
    (b'{"images": [],}', r"the file: not JSON: "),
    (b'{"images": [], "images": [1]}', r"the file: the key 'images' stands twice in one object"),
    (b'{"images": 1' + b"0" * 999_999 + b"}", r"the file: a number has thousands of digits"),
    (b'{"images": ' + b"[" * 1_000_000, r"the file: lists within lists, hundreds deep"),
    (b'{"images": ' + b'{"a":' * 1_000_000, r"the file: lists within lists, hundreds deep"),
    (b"{}", r"images: missing; the keys are none; export as COCO"),
    (b'{"info": {}, "data": []}', r"images: missing; the keys are 'info', 'data'; export as COCO"),
    (b'{"version": "5", "shapes": []}', r"images: missing; this is a LabelMe file of one picture"),
    (b'{"images": {"1": {}}}', r"images: \{'1': \{\}\} is no list"),
    (b'{"images": [null]}', r"images\[0\]: None is no object"),
    (b'{"images": [], "annotations": "none"}', r"annotations: 'none' is no list"),
    (b'{"images": [], "categories": ["tumor"]}', r"categories\[0\]: 'tumor' is no object"),
]


@pytest.mark.parametrize(("data", "message"), NO_COCO, ids=range(len(NO_COCO)))
def test_what_is_no_coco_is_named(data, message):
    with pytest.raises(UserError, match=rf"^train/a\.json: {message}") as caught:
        mended(data)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_a_byte_order_mark_is_passed_over():
    result = mended(b"\xef\xbb\xbf" + json.dumps(export()).encode())
    assert kinds(result) == ["bom"]
    assert result.export == mended(export()).export


def test_nan_in_what_is_not_read_is_nothing():
    assert mended(export(info={"version": float("nan"), "year": float("inf")})).faults == ()


def test_licences_stay_and_what_is_none_goes():
    listed = [{"id": 1, "name": "CC BY 4.0", "url": "https://x"}, {"name": "a\nb"}, {"name": "\ud800"}, 5, {}]
    assert mended(export(licenses=listed)).export["licenses"] == [{"name": "CC BY 4.0", "url": "https://x"}]
    assert "licenses" not in mended(export(licenses={"name": "x"})).export


def test_missing_sections_are_taken_as_empty_and_said():
    document = export()
    del document["annotations"], document["categories"]
    result = mended(document)
    assert [(fault.kind, fault.field, fault.action) for fault in result.faults] == [
        ("section_missing", "annotations", "guessed"),
        ("section_missing", "categories", "guessed"),
    ]
    assert (result.export["annotations"], result.export["categories"]) == ([], [])
