"""What is segmented: files, read as slices in grey. For now pictures alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from tumorseg.data.coco_schema import IMAGE_SUFFIXES
from tumorseg.data.read import read_slice
from tumorseg.errors import UserError


@dataclass(frozen=True)
class InputSlice:
    """One slice that is segmented."""

    name: str  # unique in a run, safe as a relative path without suffix
    greys: np.ndarray  # uint8 (H, W), brighter is brighter
    spacing: tuple[float, float] | None  # mm a pixel: row, column
    warnings: tuple[str, ...]  # codes


@dataclass(frozen=True)
class Source:
    """What is read and written as one: a picture."""

    name: str
    kind: Literal["picture", "dicom", "nifti"]
    path: Path

    def slices(self) -> Iterator[InputSlice]:
        """Raises a `UserError` at a bad file."""
        yield InputSlice(self.name, read_slice(self.path), None, ())

    def __len__(self) -> int:
        return 1


def find_sources(arguments: list[str], window: str = "auto") -> list[Source]:
    """The pictures among files and folders, in the order of their names.

    Raises:
        UserError: There is none, or two have one name.
    """
    sources: dict[str, Source] = {}
    for argument in arguments:
        root = Path(argument)
        files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
        for path in files:
            if path.suffix.lower() in IMAGE_SUFFIXES:
                name = path.stem if path == root else path.relative_to(root).with_suffix("").as_posix()
                if name in sources:
                    raise UserError(f"{path}: its name {name} is another file's too; rename one")
                sources[name] = Source(name, "picture", path)
    if not sources:
        raise UserError(f"{', '.join(arguments)}: no picture found")
    return [sources[name] for name in sorted(sources)]
