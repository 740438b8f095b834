"""Annotated masks to score against: of COCO annotations, or of a folder of masks."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from tumorseg.data.coco import ANNOTATIONS, Slice, read_categories, read_split, render
from tumorseg.data.coco_schema import IMAGE_SUFFIXES
from tumorseg.data.read import read_slice
from tumorseg.delivery.inputs.names import safe_parts, stem_of
from tumorseg.delivery.outputs.records import flat
from tumorseg.errors import UserError

ReadMask = Callable[[], np.ndarray]  # gives uint8 (H, W), 0 or 1


class Truth:
    """The masks of a folder, by their paths in it.

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

    def match(self, predicted: Collection[str]) -> dict[str, str]:
        """The path of a slice's mask, by the name of the slice; those without one are left out.

        It is the mask of which `predict` would make that name. Else a name may have more folders than the
        other, or be as COCO files of `predict` have it; then neither side may have a second one like it. So
        a slice is never compared with the mask of another folder.
        """
        plain, names, ends = (defaultdict[str, set[str]](set) for _ in range(3))
        for path in self.masks:
            stem, whole = _names_of(PurePosixPath(path))
            plain[stem].add(path)
            for name in (stem, whole):
                names[name].add(path)
                for end in _ends(name):
                    ends[end].add(path)
        found: dict[str, set[str]] = {}
        for name in predicted:
            joined = "/".join(safe_parts(PurePosixPath(flat(name))))
            others = (ends[name], ends[joined], *(names[end] for end in _ends(name)))
            found[name] = plain[name] or set().union(*others)
        claims = Counter(path for paths in found.values() for path in paths)
        return {
            name: path
            for name, paths in found.items()
            for path in paths
            if len(paths) == 1 and (plain[name] or claims[path] == 1)
        }


def _names_of(path: PurePosixPath) -> tuple[str, str]:
    """What `predict` would call a slice of this path: where its stem is unique, and where it is not."""
    stem = "/".join(safe_parts(path.with_name(stem_of(path))))
    return stem, "/".join(safe_parts(path)).replace(".", "_")


def _ends(name: str) -> list[str]:
    """A name, and what is left of it without its first folder, its first two, and so on."""
    parts = name.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


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
            path = (export / each.file_name).relative_to(folder).as_posix()
            yield path, partial(_rendered, each, tumor)


def _rendered(each: Slice, tumor: set[str]) -> np.ndarray:
    return np.minimum(render(each, tumor), 1)


def _of_masks(folder: Path) -> Iterator[tuple[str, ReadMask]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith("."):
            yield path.relative_to(folder).as_posix(), partial(_read_mask, path)


def _read_mask(path: Path) -> np.ndarray:
    return np.minimum(read_slice(path), 1)
