"""Folders with links, and with what is no file: nothing is passed over in silence, nothing waits."""

import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.delivered import write_pictures

from tumorseg.delivery.inputs import find_sources
from tumorseg.errors import UserError

GREYS = np.arange(20 * 30, dtype=np.uint32).reshape(20, 30).astype(np.uint8)


def pictures(folder: Path, *names: str) -> Path:
    return write_pictures(folder, dict.fromkeys(names, GREYS))


def names(*arguments: object) -> list[str]:
    return [source.name for source in find_sources([str(each) for each in arguments])]


def test_linked_folders_are_followed(tmp_path):
    pictures(tmp_path / "elsewhere", "1", "deep/2")
    pictures(tmp_path / "in", "0")
    (tmp_path / "in" / "patient").symlink_to(tmp_path / "elsewhere")
    assert names(tmp_path / "in") == ["0", "patient/1", "patient/deep/2"]
    assert names(tmp_path / "in" / "*") == ["0", "patient/1", "patient/deep/2"]
    assert names(tmp_path / "in" / "patient") == ["1", "deep/2"]


def test_no_link_leads_in_circles_and_every_file_is_read_once(tmp_path):
    root = tmp_path / "disk" / "study"  # what the test links to holds nothing of other tests
    pictures(root / "in", "b/1", "c/2")
    (root / "in" / "a").symlink_to("c")  # what it leads to keeps its own name
    (root / "in" / "b" / "back").symlink_to("..")
    (root / "in" / "c" / "other").symlink_to("../b")
    (root / "in" / "up").symlink_to("../..")
    assert names(root / "in") == ["b/1", "c/2"]
    pictures(root / "beside", "3")  # which `up` leads to, and only that is new
    assert sorted(names(root / "in")) == ["b/1", "c/2", "up/study/beside/3"]


def test_hidden_folders_are_not_looked_into(tmp_path):
    pictures(tmp_path, "1", ".git/2", "__MACOSX/3", "x/.cache/4")
    (tmp_path / ".link").symlink_to(tmp_path.parent)
    assert names(tmp_path) == ["1"]


def test_a_broken_link_is_an_input_that_cannot_be_read(tmp_path):
    pictures(tmp_path, "1")
    (tmp_path / "2.png").symlink_to("gone.png")
    (tmp_path / "3.png").symlink_to("3.png")
    (tmp_path / "notes").symlink_to("gone")  # as of any file, its name says what it was meant as
    good, gone, circle = find_sources([str(tmp_path)])
    assert np.array_equal(good.read(0).greys, GREYS)
    with pytest.raises(UserError, match=r"/2\.png: cannot be read \(No such file or directory\)"):
        gone.read(0)
    with pytest.raises(UserError, match=r"/3\.png: cannot be read \(Too many levels of symbolic links\)"):
        circle.read(0)


def test_a_pipe_is_not_waited_for(tmp_path):
    pictures(tmp_path, "1")
    os.mkfifo(tmp_path / "2.png")
    assert names(tmp_path) == ["1"]


def test_a_zip_entry_without_a_name_is_no_input(tmp_path):
    data = cv2.imencode(".png", GREYS)[1].tobytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.png", data)
        archive.writestr(".", data)
    assert names(tmp_path / "a.zip") == ["1"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def nobody() -> Iterator[None]:
    """Root may read all, so that it is another user for a while."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


def test_what_may_not_be_read_is_a_failure_and_hides_no_others(open_folder):
    root = pictures(open_folder / "in", "1", "2", "closed/3")
    for closed in (root / "2.png", root / "closed"):
        closed.chmod(0)
    with nobody():
        good, file, folder = find_sources([str(root)])
        assert np.array_equal(good.read(0).greys, GREYS)
        for source, place in ((file, r"in/2\.png"), (folder, "in/closed")):
            with pytest.raises(UserError, match=rf"^{place}: cannot be read \(Permission denied\)"):
                source.read(0)
        (alone,) = find_sources([str(root / "2.png")])
        with pytest.raises(UserError, match=r"^2\.png: cannot be read \(Permission denied\)"):
            alone.read(0)
        with pytest.raises(UserError, match=r"in/closed: cannot be looked into; let this user read there"):
            find_sources([str(root / "closed")])
    (root / "closed").chmod(0o755)
