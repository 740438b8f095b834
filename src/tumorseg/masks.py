"""Draw the tumour mask of every slice as a PNG."""

from collections.abc import Collection, Iterable
from pathlib import Path

from tumorseg import SPLITS
from tumorseg.coco import (
    Slice,
    pixel_count,
    reaches_outside,
    read_categories,
    read_split,
    render,
)
from tumorseg.errors import UserError
from tumorseg.files import atomic_folder
from tumorseg.progress import progress


def render_masks(raw: Path, masks: Path, tumor_categories: list[str]) -> None:
    """Write `masks/<split>/<stem>.png` for every slice of `raw`: native size, 255 tumour, 0 background.

    Replaces the folder `masks` whole, or leaves it as it was. Prints what is empty, left out or cut.

    Raises:
        UserError: An annotation file is bad, or no split has one of `tumor_categories`.
    """
    _check_categories(raw, tumor_categories)
    with atomic_folder(masks) as folder:
        for split in SPLITS:
            (folder / split).mkdir()
            slices = read_split(raw / split)
            empty = sum(
                not _write_mask(slice, folder / split, tumor_categories)
                for slice in progress(slices, f"rendering masks of {split}")
            )
            print(f"{split}: {_summary(slices, empty, tumor_categories)}", flush=True)


def _check_categories(raw: Path, tumor_categories: Iterable[str]) -> None:
    known = {name for split in SPLITS for name in read_categories(raw / split)}
    if missing := [name for name in tumor_categories if name not in known]:
        raise UserError(
            f"tumor_categories: the annotations have no category {', '.join(map(repr, missing))}; "
            f"they have {', '.join(map(repr, sorted(known)))}"
        )


def _write_mask(slice: Slice, folder: Path, tumor_categories: Collection[str]) -> bool:
    """Write the mask; whether it has any tumour."""
    import cv2

    mask = render(slice, tumor_categories)
    # Not imwrite, which says nothing of a full disk.
    (folder / f"{Path(slice.file_name).stem}.png").write_bytes(cv2.imencode(".png", mask)[1].tobytes())
    return bool(mask.any())


def _summary(slices: list[Slice], empty: int, tumor_categories: Collection[str]) -> str:
    pairs = [(annotation, slice) for slice in slices for annotation in slice.annotations]
    tumors = [pair for pair in pairs if pair[0].category in tumor_categories]
    rarities = {
        "images with several annotations": sum(len(slice.annotations) > 1 for slice in slices),
        "annotations of other categories, left out": len(pairs) - len(tumors),
        "annotations cut off at the image's edge": sum(reaches_outside(*pair) for pair in tumors),
        "annotations too thin or too far out to render": sum(not pixel_count(*pair) for pair in tumors),
    }
    said = [f"{what}: {count}" for what, count in rarities.items() if count]
    return "; ".join([f"{len(slices)} masks, {empty} of them empty", *said])
