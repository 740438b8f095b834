"""A first look at somebody's own set: the pipeline up to the audit, in one call, without DVC or training.

Nothing of it is kept but the audit and its page; data/, metrics/ and plots/ of the project stay as they are.
"""

import shlex
import shutil
import tempfile
from pathlib import Path

from tumorseg.audit import audit
from tumorseg.audit.mended import FAULTS
from tumorseg.data.class_balance import draw_samples, list_splits, measure
from tumorseg.data.classes import read_greys
from tumorseg.data.masks import render_masks
from tumorseg.data.prepare import prepare
from tumorseg.data.slices import load_split, read_table
from tumorseg.errors import UserError
from tumorseg.files import atomic_folder, write_json
from tumorseg.first_look.page import Look, write_page
from tumorseg.identity import read_identity
from tumorseg.params import ArchiveSource, Blocks
from tumorseg.reading import read_json
from tumorseg.sections import Split
from tumorseg.sources import fetch
from tumorseg.sources.archive import ANNOTATION_FOLDERS, is_address

# As params.yaml has them, so that the audit is of what the pipeline would train on.
RULE = Split(strategy="auto", folds=8, fold=0)
BLOCKS = Blocks(size=30, gap=5)  # of no use, but `prepare` wants them
STEPS = ("normalise",)
AUDIT = "audit.json"  # by which a folder is known for an earlier audit
MENDED = "mended.csv"  # what the download has changed: faults.csv of its folder


def first_look(path: str, out: Path, *, categories: list[str] | None, image_size: int) -> Path:
    """Audit a set, and write a page about it.

    Args:
        path: A zip file, a folder or an http(s) address; whatever `sources` reads.
        out: Folder for index.html, audit.json, splits.json, samples.png, the folder audit with pictures and
            tables, and mended.csv where the download has changed something. An earlier audit is replaced.
        categories: Names of the categories that count as tumour; None: all.
        image_size: Side of slices and masks, in pixels; a multiple of 32.

    Returns:
        The page.

    Raises:
        UserError: The set cannot be read, or `out` holds something else.
    """
    _check(path, out)
    name = Path(path.rstrip("/")).name if is_address(path) else Path(path).resolve().name
    with atomic_folder(out) as folder, tempfile.TemporaryDirectory(dir=folder) as scratch:
        raw, masks, prepared = _prepare(path, name, Path(scratch), categories, image_size)
        audit(
            raw,
            prepared,
            categories,
            fail_on=(),
            metrics=folder / AUDIT,
            plots=folder / "audit",
            passed=Path(scratch) / "audit.ok",
            changes=MENDED,
        )
        table = read_table(prepared).assign(pixels=lambda slices: slices.height * slices.width)
        splits = list_splits(measure(prepared, table))
        write_json(folder / "splits.json", splits)
        draw_samples(folder / "samples.png", load_split(prepared, "train"))
        if len((raw / FAULTS).read_text(encoding="utf-8").splitlines()) > 1:  # the names of its columns
            shutil.copyfile(raw / FAULTS, folder / MENDED)
        look = Look(
            path=path,
            name=name,
            tumor_categories=categories,
            categories=list(read_greys(masks)),
            identity=read_identity(prepared),
            audit=read_json(folder / AUDIT),
            splits=splits,
        )
        write_page(folder, look)
    return out / "index.html"


def _prepare(
    path: str, name: str, scratch: Path, categories: list[str] | None, image_size: int
) -> tuple[Path, Path, Path]:
    """The raw slices, masks and arrays that the pipeline would make of a set."""
    raw, masks, prepared = (scratch / part for part in ("raw", "masks", "prepared"))
    fetch(ArchiveSource(kind="archive", path=path), raw)
    render_masks(raw, masks, categories)
    prepare(
        raw,
        masks,
        prepared,
        name=name,
        image_size=image_size,
        channels=1,
        steps=STEPS,
        rule=RULE,
        blocks=BLOCKS,
    )
    return raw, masks, prepared


def _check(path: str, out: Path) -> None:
    if not is_address(path) and not Path(path).exists():
        raise UserError(f"{path}: not found; give a zip file, a folder or an http(s) address")
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: is a file; give a folder with -o")
    if out.is_dir() and any(out.iterdir()) and not (out / AUDIT).is_file():
        raise UserError(
            f"{out}: holds something other than an audit, and stays as it is; give another with -o"
        )
    if is_address(path):
        return
    given, target = Path(path).resolve(), out.resolve()
    if given.is_relative_to(target):
        raise UserError(f"{out}: holds {path}, which the audit would replace; give another folder with -o")
    read = _folder_read(given)
    if target.is_relative_to(read):
        raise UserError(
            f"{out}: lies in the set, and would be read as a part of it the next time; give a folder "
            f"elsewhere, such as -o {shlex.quote(str(read.parent / 'audit'))}"
        )


def _folder_read(path: Path) -> Path:
    """What is read of a path: of a JSON, the pictures beside it, or beside its folder of annotations."""
    if path.suffix.lower() != ".json":
        return path
    return path.parent.parent if path.parent.name.lower() in ANNOTATION_FOLDERS else path.parent
