import hashlib
import os
import random
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.coco_builder import pack, write_export

from tumorseg.errors import UserError
from tumorseg.params import ArchiveSource
from tumorseg.sources import content_digest, fetch

FILES = sorted(
    f"{split}/{name}"
    for split in ("train", "valid", "test")
    for name in ("0.jpg", "1.jpg", "_annotations.coco.json")
)


def source(path: Any, **others: Any) -> ArchiveSource:
    return ArchiveSource(kind="archive", path=str(path), **others)


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetched(path: Any, folder: Path, **others: Any) -> list[str]:
    fetch(source(path, **others), folder)
    return sorted(file.relative_to(folder).as_posix() for file in folder.glob("*/*"))


def refused(path: Any, folder: Path, message: str, **others: Any) -> None:
    with pytest.raises(UserError, match=message) as caught:
        fetch(source(path, **others), folder)
    assert "\n" not in str(caught.value)
    assert not folder.exists()


@pytest.mark.parametrize("below", ["", "brain-tumor/"])
def test_zip_and_folder_give_the_same(export: Path, tmp_path: Path, below: str) -> None:
    zipped = pack(export, tmp_path / "a.zip", below)
    assert fetched(zipped, tmp_path / "from_zip", sha256=sha256_of(zipped)) == FILES
    (tmp_path / "above" / below).parent.mkdir(exist_ok=True)
    shutil.move(export, tmp_path / "above" / below)
    assert fetched(tmp_path / "above", tmp_path / "from_folder") == FILES
    assert content_digest(tmp_path / "from_zip") == content_digest(tmp_path / "from_folder")


def test_val_becomes_valid(tmp_path: Path) -> None:
    root = write_export(tmp_path / "export", ("train", "val", "test"))
    assert fetched(pack(root, tmp_path / "a.zip"), tmp_path / "raw") == FILES


def test_other_pictures_are_left_out_and_listed(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("README.txt", "train/._0.jpg", "__MACOSX/train/._0.jpg", "train/more/2.jpg"):
        (export / name).parent.mkdir(parents=True, exist_ok=True)
        (export / name).write_text("x")
    for index, path in enumerate((export, pack(export, tmp_path / "a.zip"))):
        assert fetched(path, tmp_path / f"raw{index}") == FILES
        assert re.search("left out: 1 × .*a picture that no annotation file names", capsys.readouterr().out)
        rows = (tmp_path / f"raw{index}" / "faults.csv").read_text().splitlines()
        left_out = [row for row in rows if "left out" in row]
        assert left_out == ["train,train/more/2.jpg,,picture_unnamed,left out,no annotation file names it"]


def test_a_missing_file_says_where_it_was_sought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    way_out = r"give another with -S datasets\.archive\.source\.path=/absolute/path\.zip"
    refused(
        "data/a.zip",
        tmp_path / "1",
        rf"data/a\.zip does not exist in {tmp_path}; a relative path .*; {way_out}",
    )
    refused("/nowhere/a.zip", tmp_path / "2", rf"/nowhere/a\.zip does not exist; {way_out}")


def test_sha256_is_checked(export: Path, tmp_path: Path) -> None:
    zipped = pack(export, tmp_path / "a.zip")
    refused(zipped, tmp_path / "1", r"source\.sha256: .*a\.zip has \w{64}, not 0{64}", sha256="0" * 64)
    refused(export, tmp_path / "2", r"source\.sha256: .* is a folder, .*set it to null", sha256="0" * 64)


def test_pipes_and_broken_links_in_a_folder_are_refused(export: Path, tmp_path: Path) -> None:
    os.mkfifo(export / "train" / "2.jpg")
    refused(export, tmp_path / "1", r"'train/2\.jpg' is a broken link or no regular file")
    (export / "train" / "2.jpg").unlink()
    (export / "train" / "2.jpg").symlink_to("nowhere.jpg")
    refused(export, tmp_path / "2", r"'train/2\.jpg' is a broken link or no regular file")


def add(name: str, content: bytes = b"x", **attributes: int) -> Callable[[Path], None]:
    """What adds an entry to a zip."""

    def change(path: Path) -> None:
        entry = zipfile.ZipInfo(name)
        entry.compress_type = zipfile.ZIP_DEFLATED
        for key, value in attributes.items():
            setattr(entry, key, value)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(entry, content)

    return change


def patch(offset: int, value: int) -> Callable[[Path], None]:
    """What sets a byte of a file's own header, and of its entry in the directory."""

    def change(path: Path) -> None:
        content, name = bytearray(path.read_bytes()), b"train/0.jpg"
        content[content.index(name) - 30 + offset] = value
        content[content.rindex(name) - 46 + offset + 2] = value
        path.write_bytes(content)

    return change


LINK, DEVICE = (stat.S_IFLNK | 0o777) << 16, (stat.S_IFCHR | 0o600) << 16
HARMFUL = {
    "up": (add("../evil.jpg"), "'../evil.jpg' would lead out of its folder"),
    "up from a split": (add("train/../../evil.jpg"), "would lead out of its folder"),
    "absolute": (add("/evil.jpg"), "would lead out of its folder"),
    "backslash": (add("train\\..\\..\\evil.jpg"), "would lead out of its folder"),
    "drive": (add("C:evil.jpg"), "would lead out of its folder"),
    "link": (add("train/2.jpg", b"/etc/passwd", external_attr=LINK), "is a link or device"),
    "device": (add("train/2.jpg", external_attr=DEVICE), "is a link or device"),
    "twice": (add("./train/0.jpg"), "'./train/0.jpg' is in it twice"),
    "encrypted": (patch(6, 1), "is encrypted; pack it without a password"),
    "unknown method": (patch(8, 97), "not a sound zip file"),
    "bomb": (add("train/2.jpg", bytes(5_000_000)), r"bytes would unpack to 500\d{4}, over 100 times"),
    "cut short": (lambda path: path.write_bytes(path.read_bytes()[:-100]), "not a sound zip file"),
    "no zip": (lambda path: path.write_bytes(b"<html>log in</html>"), "not a sound zip file, .*<html>log in"),
    "empty": (lambda path: path.write_bytes(b""), "not a sound zip file"),
}


@pytest.mark.parametrize("kind", HARMFUL)
def test_harmful_zips_are_refused(export: Path, tmp_path: Path, kind: str) -> None:
    change, message = HARMFUL[kind]
    change(zipped := pack(export, tmp_path / "a.zip"))
    refused(zipped, tmp_path / "raw", message)
    assert not list(tmp_path.rglob("evil*"))


def test_damage_anywhere_is_refused_in_a_line_or_does_no_harm(export: Path, tmp_path: Path) -> None:
    zipped = pack(export, tmp_path / "a.zip")
    sound = zipped.read_bytes()
    generator = random.Random(0)
    refusals = []
    for index in range(250):
        damaged = bytearray(sound)
        for _ in range(generator.choice((1, 1, 5, 50))):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        zipped.write_bytes(damaged)
        folder = tmp_path / str(index)
        try:
            fetch(source(zipped), folder)
        except UserError as error:
            refusals.append(str(error))
        else:  # a date or a permission, say
            for file in folder.glob("*/*.*"):
                assert file.read_bytes() == (export / file.relative_to(folder)).read_bytes()
    assert len(refusals) > 150
    assert not any("\n" in message for message in refusals)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, empty, so that what stays is seen."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


def test_download(
    export: Path, tmp_path: Path, serve: Callable, temporary: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    zipped = pack(export, tmp_path / "a.zip")
    url = serve(lambda path, _: (200, {}, zipped.read_bytes())) + "/ds/a.zip"
    assert fetched(f"{url}?key=SECRET", tmp_path / "1", sha256=sha256_of(zipped)) == FILES
    assert fetched(f"{url}?key=SECRET", tmp_path / "2") == FILES
    refused(
        f"{url}?key=SECRET", tmp_path / "3", r"source\.sha256: .*/ds/a\.zip: .* not match", sha256="0" * 64
    )
    said = capfd.readouterr()
    assert said.out.count(f"downloading {url}\n") == 3
    assert "SECRET" not in said.out + said.err
    assert said.err == ""
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((404, {}, b"no"), "the server answers 404 Not Found; try again, or get it by hand and use -S"),
        ((403, {}, b"no"), "the server answers 403 Forbidden"),
        ((200, {"Content-Length": "1000000"}, b"PK"), "no answer, or one cut short"),
        ((200, {}, b"<html>log in</html>"), "not a sound zip file"),
    ],
)
def test_failed_downloads(
    tmp_path: Path, serve: Callable, temporary: Path, answer: tuple, message: str
) -> None:
    url = serve(lambda path, _: answer)
    refused(f"{url}/a.zip?key=SECRET", tmp_path / "raw", rf"/a\.zip: {message}")
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/a.zip", "http://[", "http://127.0.0.1:port/a.zip", "http://"]
)
def test_addresses_without_a_server(tmp_path: Path, serve: Callable, url: str) -> None:
    refused(url, tmp_path / "raw", r"source\.path: http:")
