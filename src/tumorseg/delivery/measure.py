"""`tumorseg measure`: tables and annotations anew, of masks that were corrected by hand."""

from dataclasses import dataclass
from pathlib import Path

from tumorseg.data.read import read_slice
from tumorseg.delivery.outputs.masks import read_mask
from tumorseg.delivery.outputs.measure import Lesion, find_lesions
from tumorseg.delivery.outputs.records import OutFolder, Record, SliceRecord
from tumorseg.delivery.predict import write_summaries
from tumorseg.progress import progress


@dataclass
class Measured:
    """What `measure_masks` has done."""

    masks: int = 0
    changed: int = 0  # of them
    deleted: int = 0  # volumes of the masks as they were
    kept: int = 0  # volumes of such inputs that have been changed too, which may be a person's work


def measure_masks(folder: Path) -> Measured:
    """Measure the masks of a folder of `predict` anew, and write what is made of them.

    Uncertainty, warnings and the outlines of index.html stay: they are of the prediction. The mean
    probability of a lesion is known where `predict` wrote levels/. A volume of masks that have changed is
    deleted: `predict` writes it anew, since it has the input, on whose grid it is.

    Raises:
        UserError: The folder is not one of predict's, has no masks, or a mask is missing or of another size.
    """
    out = OutFolder(folder)
    run, done = out.run_with_masks(), Measured()
    for record in progress(out.records(), "measuring masks"):
        slices = [measured(out, each, run["net"]["classes"]) for each in record.slices]
        different = sum(
            one.lesions != other.lesions for one, other in zip(slices, record.slices, strict=True)
        )
        done.changed += different
        done.masks += len(slices)
        if different:
            delete_volumes(out, record, done)
            out.write(record.model_copy(update={"slices": slices}))
    write_summaries(out, run)
    return done


def delete_volumes(out: OutFolder, record: Record, done: Measured) -> None:
    """Delete the volumes of an input whose masks have changed, but for those that have been changed too."""
    edited = out.corrected(record)
    for path in out.series(record.name).values():
        if path in edited:
            done.kept += 1
        elif path.exists():
            path.unlink()
            done.deleted += 1


def measured(out: OutFolder, each: SliceRecord, classes: list[str]) -> SliceRecord:
    """The record of a slice with the lesions of its mask as it is now; the same where they are the same."""
    mask = read_mask(out, each, classes)
    native = read_slice(out.levels(each.name)) if out.levels(each.name).exists() else None
    lesions = find_lesions(mask, native)
    if shape_of(lesions) == shape_of(each.lesions):  # then their probabilities are known
        return each
    return each.model_copy(update={"lesions": lesions})


def shape_of(lesions: list[Lesion]) -> list[tuple[int, str]]:
    """What their pixels alone decide."""
    return [(lesion.label, lesion.counts) for lesion in lesions]
