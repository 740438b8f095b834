import numpy as np
import pytest

from tumorseg.data.classes import from_grey, indices, names, read_classes, to_grey, write_classes
from tumorseg.models.registry import channels


@pytest.mark.parametrize("count", range(256))
def test_every_class_has_a_grey_level_of_its_own_and_all_grey_is_tumour(count):
    classes = [str(index) for index in range(count)]
    greys = np.array([0, *(to_grey(index, classes) for index in range(1, max(1, count) + 1))], np.uint8)
    np.testing.assert_array_equal(from_grey(greys, classes), np.arange(max(1, count) + 1))
    assert greys[-1] == 255
    assert from_grey(np.arange(1, 256, dtype=np.uint8), classes).all()


def test_a_list_is_one_class_without_a_name_and_a_mapping_several():
    assert (names(["0", "1"]), indices(["0", "1"]), channels([])) == ([], {"0": 1, "1": 1}, 1)
    mapping = {"b": ["1"], "a": ["0", "2"]}
    assert (names(mapping), indices(mapping)) == (["b", "a"], {"1": 1, "0": 2, "2": 2})
    assert channels(names(mapping)) == 3


def test_names_are_read_as_written_and_no_file_says_none(tmp_path):
    write_classes(tmp_path, [])
    assert not list(tmp_path.iterdir())
    assert read_classes(tmp_path) == []
    write_classes(tmp_path, ["b", "a"])
    assert read_classes(tmp_path) == ["b", "a"]
