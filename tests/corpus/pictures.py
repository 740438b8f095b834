"""Files that are named as pictures and cannot be read as one."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from support.coco_builder import write_export

from corpus import Case, Kind

FILE = "set.zip/train/0.jpg"


def _bytes(content: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    def make(folder: Path) -> None:
        path = write_export(folder / "set.zip") / "train/0.jpg"
        path.write_bytes(content(path.read_bytes()))

    return make


def _png(cut: int) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 12), np.uint8)
    data = cv2.imencode(".png", pixels)[1].tobytes()
    return data[:cut]


def _instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def replace(folder: Path) -> None:
        write_export(folder / "set.zip")
        (folder / FILE).unlink()
        make(folder / FILE)

    return replace


KIND = Kind(
    "Pictures",
    "`stages/download.py`, and the stages after it",
    [
        Case("empty", "*train/0.jpg*", _bytes(lambda data: b"")),
        Case("a text", "*train/0.jpg*", _bytes(lambda data: b"hello")),
        Case("a JPEG cut off", "*train/0.jpg*", _bytes(lambda data: data[: len(data) * 2 // 3])),
        Case("a JPEG's head alone", "*train/0.jpg*", _bytes(lambda data: data[:40])),
        Case("a PNG's head alone", "*train/0.jpg*", _bytes(lambda data: _png(40))),
        Case("zeros of the same length", "*train/0.jpg*", _bytes(lambda data: bytes(len(data)))),
        Case("a web page", "*train/0.jpg*", _bytes(lambda data: b"<!DOCTYPE html><html></html>")),
        Case("missing", "*0.jpg*", _instead(lambda path: None)),
        Case("a folder of that name", "*0.jpg*", _instead(lambda path: path.mkdir())),
        Case("a link to nothing", "*0.jpg*", _instead(lambda path: path.symlink_to("nothing"))),
    ],
)
