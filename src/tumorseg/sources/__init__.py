"""Where slices come from: each source fills the same raw folder, and the same checks judge it.

The folder: train, valid and test, each with images and `_annotations.coco.json`; source.json and faults.csv.
"""

import hashlib
import os
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from tumorseg import SPLITS
from tumorseg.data.coco import ANNOTATIONS, read_split
from tumorseg.errors import UserError
from tumorseg.files import atomic_folder
from tumorseg.params import ArchiveSource, KaggleSource, PhantomSource, Source
from tumorseg.sources.tree import Tree
from tumorseg.types import Exif, OnMissing


def fetch(source: Source, raw: Path) -> None:
    """Fill the folder `raw` from `source`, replacing it whole, or leave it as it was.

    Raises:
        UserError: The source cannot be had, or what it holds is not as it should be.
    """
    # Not above: `predict` uses this room, and needs nothing that layouts need.
    from tumorseg.sources.canonical import describe, write_raw
    from tumorseg.sources.layouts import find_layout

    on_missing: OnMissing = source.missing if isinstance(source, ArchiveSource) else "refuse"
    exif: Exif = source.exif if isinstance(source, ArchiveSource) else "stored"
    with atomic_folder(raw) as folder:
        if isinstance(source, PhantomSource):
            from tumorseg.sources.phantom import write_phantom

            write_phantom(source, folder)
            describe(folder, "phantom", SPLITS, [], [], exif)
        else:
            with _open(source) as tree:
                tree = replace(tree, exif=exif)
                write_raw(tree, find_layout(tree, on_missing), folder, on_missing)
        # One may have none: new splits may be made of the others, and `prepare` refuses what is left empty.
        if not sum(_check_split(folder / split) for split in SPLITS):
            raise UserError(f"{', '.join(SPLITS)}: {ANNOTATIONS}: images: no split has any")
        _check_digest(folder, None if isinstance(source, PhantomSource) else source.digest)


def _open(source: ArchiveSource | KaggleSource) -> AbstractContextManager[Tree]:
    if isinstance(source, ArchiveSource):
        from tumorseg.sources.archive import open_archive

        return open_archive(source)
    from tumorseg.sources.kaggle import open_kaggle

    return open_kaggle(source)


def content_digest(folder: Path) -> str:
    """Digest of all files of the three splits, the same however they were packed.

    It is the sha256 of the lines `<sha256>  <split>/<file>`, sorted bytewise by path, as `sha256sum`
    prints them.
    """
    names = [f"{split}/{entry.name}" for split in SPLITS for entry in os.scandir(folder / split)]
    total = hashlib.sha256()
    for name in sorted(names, key=os.fsencode):
        with (folder / name).open("rb") as file:
            total.update(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  ".encode())
        total.update(os.fsencode(f"{name}\n"))
    return total.hexdigest()


def _check_split(folder: Path) -> int:
    """The number of slices of a split, which is read as all later stages read it."""
    slices = read_split(folder)
    count = sum(len(slice.annotations) for slice in slices)
    print(f"{folder.name}: {len(slices)} images, {count} annotations", flush=True)
    return len(slices)


def _check_digest(folder: Path, expected: str | None) -> None:
    digest = content_digest(folder)
    if expected not in (None, digest):
        raise UserError(
            f"source.digest: the content's digest is {digest}, not {expected}: these are other data than "
            "params.yaml asks for; if you mean these, put their digest there"
        )
    print(f"content digest {digest}, {'as' if expected else 'not'} pinned by source.digest", flush=True)
