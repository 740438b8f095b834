"""Annotated masks to score against: of COCO annotations, or of a folder of masks."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from tumorseg.data.coco import ANNOTATIONS, Slice, read_categories, read_split, render
from tumorseg.data.coco_schema import IMAGE_SUFFIXES
from tumorseg.data.read import read_slice
from tumorseg.delivery.outputs.records import flat
from tumorseg.errors import UserError

ReadMask = Callable[[], np.ndarray]  # gives uint8 (H, W), 0 or 1


class Truth:
    """The masks of a folder, by name.

    Args:
        folder: With `_annotations.coco.json`, or with folders that have it; or with masks, in which all but 0
            is tumour.
        categories: Of COCO, those that are tumour; None: all.

    Raises:
        UserError: The folder has no masks, or no such category.
    """

    def __init__(self, folder: Path, categories: list[str] | None) -> None:
        exports = sorted(path.parent for path in folder.rglob(ANNOTATIONS))
        if categories is not None and not exports:
            raise UserError(f"--categories: {folder} has no {ANNOTATIONS}")
        pairs = _of_coco(folder, exports, categories) if exports else _of_masks(folder)
        self.masks: dict[str, ReadMask] = dict(pairs)
        if not self.masks:
            raise UserError(f"{folder}: has neither {ANNOTATIONS} nor masks")
        self.by_stem: dict[str, list[ReadMask]] = defaultdict(list)
        for name, mask in self.masks.items():
            self.by_stem[name.rpartition("/")[2]].append(mask)

    def of(self, name: str) -> ReadMask | None:
        """The mask of a predicted slice: of its whole name, else of the one file that is called so."""
        if name in self.masks:
            return self.masks[name]
        found = self.by_stem.get(flat(name)) or self.by_stem.get(name.rpartition("/")[2]) or []
        return found[0] if len(found) == 1 else None


def _of_coco(
    folder: Path, exports: list[Path], categories: list[str] | None
) -> Iterator[tuple[str, ReadMask]]:
    known = {name for export in exports for name in read_categories(export)}
    if categories is not None and (missing := set(categories) - known):
        raise UserError(
            f"--categories: no {', '.join(sorted(missing))}; there are {', '.join(sorted(known))}"
        )
    tumor = known if categories is None else set(categories)
    for export in exports:
        for each in read_split(export):
            name = (export / each.file_name).relative_to(folder).with_suffix("").as_posix()
            yield name, partial(_rendered, each, tumor)


def _rendered(each: Slice, tumor: set[str]) -> np.ndarray:
    return np.minimum(render(each, tumor), 1)


def _of_masks(folder: Path) -> Iterator[tuple[str, ReadMask]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith("."):
            yield path.relative_to(folder).with_suffix("").as_posix(), partial(_read_mask, path)


def _read_mask(path: Path) -> np.ndarray:
    return np.minimum(read_slice(path), 1)
