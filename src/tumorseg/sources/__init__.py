"""Where slices come from: each source fills the same raw folder, and the same checks judge it.

The folder: train, valid and test, each with images and `_annotations.coco.json`.
"""

import hashlib
import os
from pathlib import Path

from tumorseg import SPLITS
from tumorseg.data.coco import ANNOTATIONS, SOURCE, read_split
from tumorseg.errors import UserError
from tumorseg.files import atomic_folder, write_json
from tumorseg.params import PhantomSource, Source


def fetch(source: Source, raw: Path) -> None:
    """Fill the folder `raw` from `source`, replacing it whole, or leave it as it was.

    Raises:
        UserError: The source cannot be had, or what it holds is not as it should be.
    """
    with atomic_folder(raw) as folder:
        if source.kind == "phantom":
            from tumorseg.sources.phantom import write_phantom

            write_phantom(source, folder)
        elif source.kind == "kaggle":
            from tumorseg.sources.kaggle import write_kaggle

            write_kaggle(source, folder)
        else:
            from tumorseg.sources.archive import write_archive

            write_archive(source, folder)
        # One may have none: new splits may be made of the others, and `prepare` refuses what is left empty.
        if not sum(_check_split(folder / split) for split in SPLITS):
            raise UserError(f"{', '.join(SPLITS)}: {ANNOTATIONS}: images: no split has any")
        # What `prepare` must know of pictures that EXIF turns when they are shown.
        write_json(folder / SOURCE, {"exif": getattr(source, "exif", "stored")})
        _check_digest(folder, None if isinstance(source, PhantomSource) else source.digest)


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
    """The number of slices of a split."""
    if not folder.is_dir():
        raise UserError(f"{folder.name}: the source has no such split; it must have {', '.join(SPLITS)}")
    slices = read_split(folder)
    named = {slice.file_name for slice in slices}
    present = {entry.name for entry in os.scandir(folder)} - {ANNOTATIONS}
    if missing := sorted(named - present):
        raise UserError(
            f"{folder.name}/{ANNOTATIONS}: images: {len(missing)} of {len(named)} files are missing from "
            f"the folder, such as {missing[0]!r}"
        )
    unnamed = len(present - named)
    print(
        f"{folder.name}: {len(slices)} images, {sum(len(slice.annotations) for slice in slices)} annotations"
        + (f"; files that {ANNOTATIONS} does not name, and nothing uses: {unnamed}" if unnamed else ""),
        flush=True,
    )
    return len(slices)


def _check_digest(folder: Path, expected: str | None) -> None:
    digest = content_digest(folder)
    if expected not in (None, digest):
        raise UserError(
            f"source.digest: the content's digest is {digest}, not {expected}: these are other data than "
            "params.yaml asks for; if you mean these, put their digest there"
        )
    print(f"content digest {digest}, {'as' if expected else 'not'} pinned by source.digest", flush=True)
