from tumorseg.audit.mended import Mended, read_mended
from tumorseg.files import write_json


def test_what_was_mended_is_read_by_action(tmp_path):
    said = {"layout": "CVAT", "shipped": [], "mended": {"area": 3}, "left out": {}, "guessed": {"size": 1}}
    write_json(tmp_path / "source.json", said)
    assert read_mended(tmp_path) == Mended("CVAT", "stored", {"mended": {"area": 3}, "guessed": {"size": 1}})


def test_a_set_without_word_of_its_download_has_nothing_mended(tmp_path):
    assert read_mended(tmp_path) == Mended()
