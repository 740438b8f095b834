"""Whatever files a folder holds: it becomes a raw folder, or a line that says why not."""

import random
from collections import Counter
from pathlib import Path

import pytest
from support.sets import coco, png, put, slices

from tumorseg.errors import UserError
from tumorseg.params import ArchiveSource
from tumorseg.sources import fetch

WORDS = [
    "train",
    "val",
    "test",
    "images",
    "masks",
    "labels",
    "a",
    "annotations",
    "mask",
    "JPEGImages",
    "7",
    "7_mask",
]
BOX = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox>"
SHAPE = '{"label": "a", "points": [[1, 1], [4, 4], [1, 4]]}'
TEXTS = {
    ".json": [f'{{"shapes": [{SHAPE}], "imagePath": "7.png"}}', "{}", "[", '{"images": 3}', "[" * 99_999],
    ".txt": ["0 0.5 0.5 0.2 0.2\n", "1\n2", "0 5 5 5 5", "", "0 0.1 0.1 0.5 0.1 0.5 0.5"],
    ".xml": [f"<annotation><object><name>a</name>{BOX}</object></annotation>", "<annotation>", "<x/>", ""],
    ".yaml": ["names: [a]", "names: {0: a, x: b}", "[", "a: &a [*a]", "- 1", "names: 7"],
}


def write_any(root: Path, generator: random.Random) -> None:
    pictures = list(slices())
    for _ in range(generator.randrange(1, 14)):
        folders = [generator.choice(WORDS) for _ in range(generator.randrange(3))]
        suffix = generator.choice([".png", ".png", ".png", ".jpg", *TEXTS])
        number, picture, mask = generator.choice(pictures)
        contents = {".png": [picture, png(mask * 255), b"junk"], ".jpg": [picture], **TEXTS}
        contents[".json"] = [*TEXTS[".json"], coco({number: f"{generator.choice(WORDS)}.png"})]
        path = root.joinpath(*folders, f"{generator.choice(WORDS)}{suffix}")
        if not any(parent.is_file() for parent in path.parents) and not path.is_dir():
            put(path, generator.choice(contents[suffix]))


@pytest.mark.parametrize("seed", range(4))
def test_any_tree_is_read_or_refused_in_a_line(seed: int, tmp_path: Path) -> None:
    generator, ends, lines = random.Random(seed), Counter[int](), list[str]()
    for index in range(60):
        root, raw = tmp_path / f"set{index}", tmp_path / f"raw{index}"
        root.mkdir()
        write_any(root, generator)
        missing = generator.choice(["refuse", "leave out"])
        try:
            fetch(ArchiveSource(kind="archive", path=str(root), missing=missing), raw)
        except UserError as error:
            lines.append(str(error))
        made = {path.name for path in raw.glob("*/")}
        ends[len(made)] += 1
        assert made in (set(), {"test", "train", "valid"})
    assert ends[0] == len(lines)
    assert not any("\n" in line for line in lines)
    assert min(ends[0], ends[3]) > 0
