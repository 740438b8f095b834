"""`tumorseg measure`: tables and annotations anew, of masks that were corrected by hand."""

from pathlib import Path

from tumorseg.data.classes import from_grey
from tumorseg.data.read import read_slice
from tumorseg.delivery.outputs.measure import Lesion, find_lesions
from tumorseg.delivery.outputs.records import OutFolder, SliceRecord
from tumorseg.delivery.predict import write_summaries
from tumorseg.errors import UserError
from tumorseg.progress import progress


def measure_masks(folder: Path) -> tuple[int, int]:
    """Measure the masks of a folder of `predict` anew, and write what is made of them.

    Uncertainty, warnings and the outlines of index.html stay: they are of the prediction. The mean
    probability of a lesion is known where `predict` wrote levels/.

    Returns:
        How many masks have changed, of how many.

    Raises:
        UserError: The folder is not one of predict's, or a mask is missing or of another size.
    """
    out = OutFolder(folder)
    run = out.run()
    changed = total = 0
    for record in progress(out.records(), "measuring masks"):
        slices = [measured(out, each, run["net"]["classes"]) for each in record.slices]
        different = sum(
            one.lesions != other.lesions for one, other in zip(slices, record.slices, strict=True)
        )
        changed, total = changed + different, total + len(slices)
        if different:
            out.write(record.model_copy(update={"slices": slices}))
    write_summaries(out, run)
    return changed, total


def measured(out: OutFolder, each: SliceRecord, classes: list[str]) -> SliceRecord:
    """The record of a slice with the lesions of its mask as it is now; the same where they are the same."""
    path = out.mask(each.name)
    mask = from_grey(read_slice(path), classes)
    if mask.shape != (each.height, each.width):
        raise UserError(
            f"{path}: is {mask.shape[1]}×{mask.shape[0]} pixels, but its slice {each.width}×{each.height}; "
            "save it at its own size"
        )
    native = read_slice(out.levels(each.name)) if out.levels(each.name).exists() else None
    lesions = find_lesions(mask, native)
    if shape_of(lesions) == shape_of(each.lesions):  # then their probabilities are known
        return each
    return each.model_copy(update={"lesions": lesions})


def shape_of(lesions: list[Lesion]) -> list[tuple[int, str]]:
    """What their pixels alone decide."""
    return [(lesion.label, lesion.counts) for lesion in lesions]
