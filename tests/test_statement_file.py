import json

import pytest

from tumorseg.errors import UserError
from tumorseg.statement_file import read_statement


def test_the_sentences_are_read(tmp_path):
    path = tmp_path / "selected.json"
    path.write_text(json.dumps({"model": "unet", "statement": ["It has Dice 0.9.", "So — what?"]}))
    assert read_statement(path) == ["It has Dice 0.9.", "So — what?"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"statement": "x"}', '{"statement": [1]}'])
def test_a_file_without_a_statement_is_one_line_with_the_way_out(tmp_path, text):
    (tmp_path / "selected.json").write_text(text)
    with pytest.raises(UserError, match=r"selected\.json: statement: .*; dvc repro -f -s report makes it"):
        read_statement(tmp_path / "selected.json")


def test_a_missing_file_is_one_line_with_the_way_out(tmp_path):
    with pytest.raises(UserError, match=r"selected\.json: not found; dvc repro makes it"):
        read_statement(tmp_path / "selected.json")
