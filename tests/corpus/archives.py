"""Zip files that are none, or are out to do harm; what lies in the way of the source."""

import stat
import struct
import zipfile
from pathlib import Path

from support.coco_builder import pack, write_export

from corpus import Case, Kind

SET = "set.zip"


def sound(folder: Path) -> Path:
    """A sound set, packed."""
    return pack(write_export(folder / "unpacked"), folder / SET)


def _cut(folder: Path) -> None:
    path = sound(folder)
    path.write_bytes(path.read_bytes()[:-100])


def _damaged(folder: Path) -> None:
    path = sound(folder)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("train/_annotations.coco.json")
    begin = entry.header_offset + 30 + len(entry.filename)
    data[begin : begin + 40] = bytes(40)
    path.write_bytes(bytes(data))


def _with_entry(folder: Path, name: str, data: bytes = b"x", mode: int = 0) -> None:
    with zipfile.ZipFile(sound(folder), "a") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        archive.writestr(entry, data)


def _encrypted(folder: Path) -> None:
    path = sound(folder)
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")  # the first entry of the directory; its flags are 8 bytes further
    flags = struct.unpack_from("<H", data, at + 8)[0]
    struct.pack_into("<H", data, at + 8, flags | 1)
    path.write_bytes(bytes(data))


def _bomb(folder: Path) -> None:
    with zipfile.ZipFile(sound(folder), "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/big.bmp", bytes(20_000_000))


def _twice(folder: Path) -> None:
    with zipfile.ZipFile(sound(folder), "a") as archive:
        archive.NameToInfo.pop("train/1.jpg")  # or zipfile warns
        archive.writestr("train/1.jpg", b"x")


KIND = Kind(
    "Archives",
    "`stages/download.py` with `data: archive`",
    [
        Case("nothing at the path", "source.path: set.zip does not exist in *", lambda folder: None),
        Case("an empty file", "*set.zip*", lambda folder: (folder / SET).touch()),
        Case("a text", "*set.zip*", lambda folder: (folder / SET).write_text("hello")),
        Case("a zip cut off", "*set.zip*", _cut),
        Case("a zip with damaged bytes", "*set.zip*", _damaged),
        Case(
            "an entry that leads out of its folder",
            "*'../../evil.jpg'*",
            lambda f: _with_entry(f, "../../evil.jpg"),
        ),
        Case(
            "an entry with an absolute path", "*'/tmp/evil.jpg'*", lambda f: _with_entry(f, "/tmp/evil.jpg")
        ),
        Case(
            "a link",
            "*'train/2.jpg'*link*",
            lambda f: _with_entry(f, "train/2.jpg", b"/etc/passwd", stat.S_IFLNK | 0o777),
        ),
        Case("an encrypted entry", "*encrypted*", _encrypted),
        Case("20 MB of zeros in 20 kB", "*would unpack to*", _bomb),
        Case("an entry twice", "*'train/1.jpg' is in it twice*", _twice),
        Case("an empty folder", "*set.zip*", lambda folder: (folder / SET).mkdir()),
        Case("a link to nothing", "*set.zip*", lambda folder: (folder / SET).symlink_to("nothing")),
    ],
)
