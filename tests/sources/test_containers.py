"""Tars, folders with links, zips with Windows' separators: read alike, or refused in a line."""

import gzip
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.coco_builder import pack, write_export

from tumorseg.errors import UserError
from tumorseg.params import ArchiveSource
from tumorseg.sources import content_digest, fetch


def fetched(path: Path, raw: Path) -> str:
    """The digest of what a source becomes."""
    fetch(ArchiveSource(kind="archive", path=str(path)), raw)
    return content_digest(raw)


def refused(path: Path, raw: Path, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        fetched(path, raw)
    assert "\n" not in str(caught.value)
    assert not raw.exists()


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_a_tar_is_read_as_the_folder_that_it_packs(export: Path, tmp_path: Path, compression: str) -> None:
    path = tmp_path / f"a.{compression}"
    with tarfile.open(path, f"w:{compression}") as archive:  # type: ignore[call-overload]
        archive.add(export, "./below/it")
    assert fetched(path, tmp_path / "raw") == content_digest(export)


def without_marks(tar: Path) -> None:
    """Make a tar what it was before ustar: its headers have no mark, only a sum."""
    with tarfile.open(tar) as archive:
        places = [each.offset for each in archive]
    content = bytearray(tar.read_bytes())
    for place in places:
        content[place + 257 : place + 265] = bytes(8)
        content[place + 148 : place + 156] = b" " * 8
        content[place + 148 : place + 156] = b"%06o\0 " % sum(content[place : place + 512])
    tar.write_bytes(content)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("below", ["set", "PK"])
def test_a_tar_that_ends_with_a_zip_or_begins_with_its_letters_is_a_tar(
    export: Path, tmp_path: Path, below: str, old: bool
) -> None:
    zipped = pack(write_export(tmp_path / "other", ("train",)), tmp_path / "a.zip")
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(export.rglob("*.*")):
            archive.add(file, f"{below}/{file.relative_to(export)}")
        archive.add(zipped, f"{below}/z.zip")
    if old:
        without_marks(tmp_path / "a.tar")
    assert fetched(tmp_path / "a.tar", tmp_path / "raw") == content_digest(export)


def test_a_zip_behind_the_program_that_unpacks_it_is_read(export: Path, tmp_path: Path) -> None:
    zipped = pack(export, tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.exe").write_bytes(b"MZ" + bytes(1000) + zipped)
    assert fetched(tmp_path / "a.exe", tmp_path / "raw") == content_digest(export)


def test_backslashes_in_a_zip_are_folders(export: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for file in export.rglob("*.*"):
            entry = zipfile.ZipInfo()
            entry.filename = f"set\\{file.parent.name}\\{file.name}"
            archive.writestr(entry, file.read_bytes())
    assert fetched(tmp_path / "a.zip", tmp_path / "raw") == content_digest(export)


def test_split_folders_may_be_links_and_that_is_said(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "linked").mkdir()
    for split in ("train", "valid", "test"):
        (tmp_path / "linked" / split).symlink_to(export / split)
    assert fetched(tmp_path / "linked", tmp_path / "raw") == content_digest(export)
    assert "links to folders, followed: 3, such as 'test'" in capsys.readouterr().out


def test_a_link_that_goes_round_is_refused(export: Path, tmp_path: Path) -> None:
    (export / "train" / "again").symlink_to(export)
    refused(export, tmp_path / "raw", "'train/again' is a link to a folder that holds it")


def test_several_links_may_lead_to_one_folder(export: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").mkdir()
    for name in ("train", "valid"):
        (tmp_path / "linked" / name).symlink_to(export / "train")
    fetch(ArchiveSource(kind="archive", path=str(tmp_path / "linked")), tmp_path / "raw")
    assert (tmp_path / "raw/valid/0.jpg").read_bytes() == (export / "train/0.jpg").read_bytes()


def test_links_that_open_billions_of_ways_are_refused(export: Path, tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / "ways" / str(number)).mkdir(parents=True)
        for link in "ab":
            (tmp_path / "ways" / str(number) / link).symlink_to(tmp_path / "ways" / str(number + 1))
    (tmp_path / "ways" / "30").mkdir()
    (export / "train" / "more").symlink_to(tmp_path / "ways" / "0")
    refused(export, tmp_path / "raw", "has over 10,000 links to folders; take out those not needed")


def packed(folder: Path, kind: str) -> Path:
    """A folder as it is, or as a zip or tar beside it."""
    if kind == "zip":
        return pack(folder, folder.with_suffix(".zip"))
    if kind == "tar":
        with tarfile.open(folder.with_suffix(".tar"), "w") as archive:
            archive.add(folder, ".")
        return folder.with_suffix(".tar")
    return folder


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_folders_in_one_another_have_a_limit(export: Path, tmp_path: Path, kind: str) -> None:
    deepest = tmp_path / "set" / "/".join("a" * 49)
    deepest.parent.mkdir(parents=True)
    export.rename(deepest)  # its splits are the folders numbered 50
    assert fetched(packed(tmp_path / "set", kind), tmp_path / "raw") == content_digest(deepest)
    (deepest / "train" / "more").mkdir()
    (deepest / "train" / "more" / "x.txt").touch()
    refused(packed(tmp_path / "set", kind), tmp_path / "1", "lies over 50 folders deep; move it up")


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_names_have_a_limit(export: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(export, kind)
    monkeypatch.setattr("tumorseg.sources.containers.MAX_NAMES", 11)
    refused(path, tmp_path / "raw", "has over 11 files and folders; give the set alone")  # 3 folders, 9 files


def test_a_file_of_annotations_is_not_read_without_end(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = (export / "train/_annotations.coco.json").stat().st_size
    monkeypatch.setattr("tumorseg.sources.tree.MAX_BYTES", size)
    assert fetched(export, tmp_path / "raw") == content_digest(export)
    monkeypatch.setattr("tumorseg.sources.tree.MAX_BYTES", size - 1)
    message = rf"'train/_annotations\.coco\.json' has over {size - 1} bytes; split the set into several"
    refused(export, tmp_path / "1", message)


def test_a_name_that_is_not_utf8_is_refused(export: Path, tmp_path: Path) -> None:
    (export / "train" / os.fsdecode(b"caf\xe9.jpg")).touch()
    refused(export, tmp_path / "raw", r"the file name 'train/caf\\udce9\.jpg' is not UTF-8; rename it")


def member(name: str, content: bytes = b"x", **about: object) -> Callable[[tarfile.TarFile], None]:
    def add(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        for key, value in about.items():
            setattr(info, key, value)
        archive.addfile(info, io.BytesIO(content))

    return add


@pytest.mark.parametrize(
    ("add", "message"),
    [
        (member("../evil.jpg"), "'../evil.jpg' would lead out of its folder"),
        (member("/evil.jpg"), "'/evil.jpg' would lead out of its folder"),
        (member("train\\..\\..\\evil.jpg"), "would lead out of its folder"),
        (member("l", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "'l' is a link or device"),
        (member("l", b"", type=tarfile.LNKTYPE, linkname="train/0.jpg"), "'l' is a link or device"),
        (member("l", b"", type=tarfile.FIFOTYPE), "'l' is a link or device"),
        (member("train/0.jpg"), "'train/0.jpg' is in it twice"),
        (member("train/0.jpg/x"), "a file and a folder"),
        (member("a/" * 1500 + "x"), r"'a/a/.*\.\.\..*a/x' lies over 50 folders deep; move it up"),
        (member("zeros", bytes(20_000_000)), "over 100 times as many"),
        (member(os.fsdecode(b"caf\xe9.jpg")), "is not UTF-8"),
    ],
)
def test_harmful_tars_are_refused(export: Path, tmp_path: Path, add: Callable, message: str) -> None:
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        archive.add(export, ".")
        add(archive)
    refused(tmp_path / "a.tgz", tmp_path / "raw", message)
    assert not list(tmp_path.rglob("evil*"))


def test_a_header_that_claims_gigabytes_is_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 8 * 2**30  # which tarfile would read at once
    (tmp_path / "a.tgz").write_bytes(gzip.compress(header.tobuf() + bytes(10_000)))
    refused(tmp_path / "a.tgz", tmp_path / "raw", "not a sound tar file")


@pytest.mark.parametrize("cut", [100, 1000])
def test_a_tar_that_is_cut_short_is_refused(export: Path, tmp_path: Path, cut: int) -> None:
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        archive.add(export, ".")
    (tmp_path / "a.tgz").write_bytes((tmp_path / "a.tgz").read_bytes()[:-cut])
    refused(tmp_path / "a.tgz", tmp_path / "raw", "not a sound tar file")


ZIP = b"PK\x05\x06" + bytes(18)  # an empty one


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Rar!\x1a\x07\x00", "a RAR archive; unpack it and give the folder"),
        (b"Rar!\x1a\x07\x00" + ZIP, "a RAR archive; unpack it and give the folder"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it"),
        (b"\xff\xd8\xff\xe0", "one picture; give the folder"),
        (b"hello", "it begins with b'hello'"),
        (b"", "it is empty"),
    ],
)
def test_what_is_no_archive_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    refused(tmp_path / "a.zip", tmp_path / "raw", message)


def test_a_json_alone_has_the_pictures_beside_it(export: Path, tmp_path: Path) -> None:
    fetch(ArchiveSource(kind="archive", path=str(export / "train/_annotations.coco.json")), tmp_path / "raw")
    assert sorted(path.name for path in (tmp_path / "raw/train").iterdir()) == [
        "0.jpg",
        "1.jpg",
        "_annotations.coco.json",
    ]
    assert json.loads((tmp_path / "raw/valid/_annotations.coco.json").read_text())["images"] == []
