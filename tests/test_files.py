import gc
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorseg.files import (
    atomic_file,
    atomic_folder,
    uncollected,
    write_csv,
    write_json,
    write_text,
)
from tumorseg.reading import read_json


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole_with_the_folders_above_it(tmp_path):
    path = tmp_path / "a" / "b" / "array.npy"
    with atomic_file(path) as temporary:
        assert temporary.suffix == ".npy"  # writers go by it
        assert temporary.parent == path.parent
        np.save(temporary, np.arange(3))
        assert not path.exists()
    assert names(path.parent) == ["array.npy"]
    assert np.load(path).tolist() == [0, 1, 2]


def half_a_file(path: Path, error: type[BaseException]) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text("new, but half")
        raise error


def half_a_folder(path: Path, error: type[BaseException]) -> None:
    with atomic_folder(path) as temporary:
        (temporary / "inner").mkdir()
        (temporary / "inner" / "half.png").touch()
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, error):
    path = tmp_path / "scores.json"
    path.write_text("old")
    with pytest.raises(error):
        half_a_file(path, error)
    assert names(tmp_path) == ["scores.json"]
    assert path.read_text() == "old"


def test_a_file_never_written_is_an_error_and_leaves_the_old_one(tmp_path):
    path = tmp_path / "scores.json"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="nothing was written"), atomic_file(path):
        pass
    assert path.read_text() == "old"


def test_a_folder_replaces_the_old_one_whole(tmp_path):
    path = tmp_path / "above" / "plots"
    path.mkdir(parents=True)
    (path / "stale.png").touch()
    with atomic_folder(path) as temporary:
        (temporary / "inner").mkdir()
        (temporary / "inner" / "new.png").write_text("new")
        assert names(path) == ["stale.png"]
    assert names(path.parent) == ["plots"]
    assert names(path) == ["inner"]
    assert (path / "inner" / "new.png").read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o755  # others may read it, as any other folder


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_folder_and_no_other(tmp_path, error):
    path = tmp_path / "plots"
    path.mkdir()
    (path / "old.png").write_text("old")
    with pytest.raises(error):
        half_a_folder(path, error)
    assert names(tmp_path) == ["plots"]
    assert names(path) == ["old.png"]
    assert (path / "old.png").read_text() == "old"


def test_two_folders_at_once_do_not_meet(tmp_path):
    with atomic_folder(tmp_path / "a") as first, atomic_folder(tmp_path / "a") as second:
        assert first != second
        (second / "two").touch()
        (first / "one").touch()
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == ["one"]  # whichever ends last


def test_json_has_null_for_nan_and_what_cannot_be_json_leaves_the_old_file(tmp_path):
    path = tmp_path / "scores.json"
    write_json(path, {"dice": math.nan, "parameters": 3})
    assert path.read_text() == '{\n  "dice": null,\n  "parameters": 3\n}\n'
    assert math.isnan(read_json(path)["dice"])
    with pytest.raises(TypeError):
        write_json(path, {"path": tmp_path})
    assert names(tmp_path) == ["scores.json"]
    assert "null" in path.read_text()


def test_a_table_has_no_index_and_an_empty_field_for_nan(tmp_path):
    write_csv(tmp_path / "t.csv", pd.DataFrame({"a": [1, 2], "b": [math.nan, 0.1]}, index=[7, 7]))
    assert (tmp_path / "t.csv").read_bytes() == b"a,b\n1,\n2,0.1\n"


def test_text_is_utf_8(tmp_path):
    write_text(tmp_path / "t.txt", "tumeur à ½")
    assert (tmp_path / "t.txt").read_bytes() == "tumeur à ½".encode()


def test_the_collector_of_cycles_is_off_while_a_big_file_is_read():
    def is_enabled_within() -> bool:
        with uncollected():
            return gc.isenabled()

    assert (is_enabled_within(), gc.isenabled()) == (False, True)
    gc.disable()
    try:
        assert (is_enabled_within(), gc.isenabled()) == (False, False)
    finally:
        gc.enable()
    with pytest.raises(KeyError), uncollected():
        raise KeyError
    assert gc.isenabled()
