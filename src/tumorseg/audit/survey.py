"""One look at every slice and every annotation, kept as two tables."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.audit import images, labels, leak
from tumorseg.audit.agreement import agreements
from tumorseg.audit.ceiling import distances, runs
from tumorseg.audit.mended import Mended, read_mended
from tumorseg.data import boxes
from tumorseg.data.coco import read_export
from tumorseg.data.similarity import embed, groups, relatives
from tumorseg.data.slices import SplitArrays, load_split, shipped_files
from tumorseg.identity import read_identity
from tumorseg.reading import read_csv

READERS = 4  # threads that read files
SHIPPED = ("as_shipped", "file", "annotations")  # columns


@dataclass(frozen=True)
class Survey:
    """Everything that was looked at."""

    slices: pd.DataFrame  # slices.csv, and the columns that `survey` adds
    left_out: pd.DataFrame  # of left_out.csv: as_shipped, file and annotations
    annotations: pd.DataFrame  # of `labels.annotation_table`, those of slices left out too
    agreements: pd.DataFrame  # of `agreement.agreements`
    apart: pd.DataFrame  # pairs of `ceiling.distances`
    triples: pd.DataFrame  # of the same
    arrays: dict[str, SplitArrays]  # by split, memory-mapped
    categories: list[str]  # that the annotation files define
    colour: images.Colour  # of the files that were looked at for it
    mended: Mended  # what the download has changed
    outlined: pd.DataFrame | None  # the boxes that were outlined, as `boxes.COLUMNS` say; None: they are kept
    recall: float  # of the search for similar slices, as of `Search.check`

    def of(self, split: str) -> pd.DataFrame:
        """The rows of `slices` of one split, in the order of its arrays."""
        return self.slices[self.slices["split"] == split]

    @property
    def all_slices(self) -> pd.DataFrame:
        """as_shipped, file and annotations of every slice there is, those left out last."""
        return pd.concat([self.slices, self.left_out], ignore_index=True)[list(SHIPPED)]


def survey_data(raw: Path, prepared: Path) -> Survey:
    """Look at every slice and every annotation; each file is read once.

    Adds to the rows of slices.csv: digest, size, channels, bits and orientation of the file; mean and std of
    the grey levels, blank, outlier, lost (no tumour pixel left at the working size) and classes (of which
    there are pixels, as a set); pixels (their digest), copy (labels of sets of copies), lookalikes (of groups
    of similar slices); nearest, the index of the most similar training slice other than itself, and
    similarity to it, in [-1, 1]; neighbor, the row of the most similar slice of any split that is no copy,
    and neighbor_similarity; run, labels of `ceiling.runs`.

    Raises:
        UserError: An annotation file is bad.
    """
    arrays = {split: load_split(prepared, split) for split in SPLITS}
    slices = pd.concat([arrays[split].table for split in SPLITS], ignore_index=True)
    paths = shipped_files(slices, raw)
    with ThreadPoolExecutor(READERS) as readers:
        headers = readers.map(images.read_header, paths)
        looks = _looks(arrays)  # meanwhile
        files = pd.DataFrame(list(headers))
        colour = images.look_for_colour(paths, files["channels"].to_numpy(), readers)
    slices = slices.join(files).join(looks)
    blank = slices["std"] <= images.BLANK
    extreme = [images.is_outlier(slices[of].where(~blank)) for of in ("mean", "std")]
    similar, recall = _relatives(arrays, slices, read_identity(prepared).split)
    slices = slices.assign(
        blank=blank,
        outlier=extreme[0] | extreme[1],
        lost=slices.lost & (slices.tumor_pixels > 0),
        **similar,
    )
    annotations, categories = _read_labels(raw)
    apart, triples = distances(slices, arrays)
    return Survey(
        slices=slices,
        left_out=read_csv(
            prepared / "left_out.csv", SHIPPED, usecols=SHIPPED, dtype={"file": str}, keep_default_na=False
        ),
        annotations=annotations,
        agreements=agreements(slices, arrays),
        apart=apart,
        triples=triples,
        arrays=arrays,
        categories=categories,
        colour=colour,
        mended=read_mended(raw),
        outlined=_read_outlines(prepared / boxes.FILE),
        recall=recall,
    )


def _read_outlines(path: Path) -> pd.DataFrame | None:
    if not path.exists():
        return None
    return read_csv(path, boxes.COLUMNS, dtype={"file": str}, keep_default_na=False)


def _looks(arrays: dict[str, SplitArrays]) -> pd.DataFrame:
    """What the arrays show, a row a slice."""
    return pd.DataFrame(
        [
            {
                "mean": image.mean(),
                "std": image.std(),
                "pixels": leak.pixel_digest(image),
                "lost": not mask.any(),
                "classes": frozenset(np.flatnonzero(np.bincount(mask.ravel())).tolist()) - {0},
            }
            for split in SPLITS
            for image, mask in zip(arrays[split].images, arrays[split].masks, strict=True)
        ]
    )


def _relatives(
    arrays: dict[str, SplitArrays], slices: pd.DataFrame, strategy: str
) -> tuple[dict[str, np.ndarray], float]:
    """What every slice resembles, its lookalikes and its run; the recall of the search."""
    embeddings = embed(*(arrays[split].images for split in SPLITS))
    found, recall = relatives(embeddings, first=len(arrays["train"]))
    # `prepare` has grouped lookalikes already, unless slices are split by blocks of file numbers.
    lookalikes = groups(embeddings) if strategy == "blocks" else slices["group"].to_numpy()
    return {**vars(found), "lookalikes": lookalikes, "run": runs(slices["sequence"], embeddings)}, recall


def _read_labels(raw: Path) -> tuple[pd.DataFrame, list[str]]:
    """All annotations, and the names of all categories in the files' order."""
    tables, categories = [], []
    for split in SPLITS:
        slices, names = read_export(raw / split)
        tables.append(labels.annotation_table((split, item) for item in slices))
        categories += names
    return pd.concat(tables, ignore_index=True), list(dict.fromkeys(categories))
