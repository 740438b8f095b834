"""One look at every slice and every annotation, kept as two tables."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.audit import images, labels, leak
from tumorseg.data.similarity import copies, embed, groups, nearest
from tumorseg.data.slices import SplitArrays, load_split
from tumorseg.reading import read_csv

READERS = 4  # threads that read files
SHIPPED = ("as_shipped", "file", "annotations")  # columns


@dataclass(frozen=True)
class Survey:
    """Everything that was looked at."""

    slices: pd.DataFrame  # slices.csv, and the columns that `survey` adds
    left_out: pd.DataFrame  # of left_out.csv: as_shipped, file and annotations
    annotations: pd.DataFrame  # of `labels.annotation_table`, those of slices left out too
    arrays: dict[str, SplitArrays]  # by split, memory-mapped
    categories: list[str]  # that the annotation files define
    unnamed: list[str]  # image files that no annotation file names, as folder/file

    def of(self, split: str) -> pd.DataFrame:
        """The rows of `slices` of one split, in the order of its arrays."""
        return self.slices[self.slices["split"] == split]

    @property
    def all_slices(self) -> pd.DataFrame:
        """as_shipped, file and annotations of every slice there is, those left out last."""
        return pd.concat([self.slices, self.left_out], ignore_index=True)[list(SHIPPED)]


def survey_data(raw: Path, prepared: Path) -> Survey:
    """Look at every slice and every annotation.

    Adds to the rows of slices.csv: digest, size, channels and bits of the file; mean and std of the grey
    levels, blank, outlier, and lost (no tumour pixel left at the working size); pixels (their digest), copy
    (labels of sets of copies), lookalikes (of groups of similar slices); nearest, the index of the most
    similar training slice other than itself, and similarity to it, in [-1, 1].

    Raises:
        UserError: An annotation file is bad.
    """
    arrays = {split: load_split(prepared, split) for split in SPLITS}
    slices = pd.concat([arrays[split].table for split in SPLITS], ignore_index=True)
    paths = [raw / split / file for split, file in zip(slices["as_shipped"], slices["file"], strict=True)]
    with ThreadPoolExecutor(READERS) as readers:
        files = pd.DataFrame(list(readers.map(images.read_header, paths)))
    looks = pd.DataFrame(
        [
            {
                "mean": image.mean(),
                "std": image.std(),
                "pixels": leak.pixel_digest(image),
                "lost": not mask.any(),
            }
            for split in SPLITS
            for image, mask in zip(arrays[split].images, arrays[split].masks, strict=True)
        ]
    )
    slices = slices.join(files).join(looks)
    blank = slices["std"] <= images.BLANK
    extreme = [images.is_outlier(slices[of].where(~blank)) for of in ("mean", "std")]
    return Survey(
        slices=slices.assign(
            blank=blank,
            outlier=extreme[0] | extreme[1],
            lost=slices.lost & (slices.tumor_pixels > 0),
            **_relatives(arrays),
        ),
        left_out=read_csv(
            prepared / "left_out.csv", SHIPPED, usecols=SHIPPED, dtype={"file": str}, keep_default_na=False
        ),
        annotations=labels.annotation_table(raw),
        arrays=arrays,
        categories=labels.category_names(raw),
        unnamed=labels.unnamed_files(raw),
    )


def _relatives(arrays: dict[str, SplitArrays]) -> dict[str, np.ndarray]:
    """copy, lookalikes, nearest and similarity of every slice."""
    parts = {split: embed(arrays[split].images) for split in SPLITS}
    pairs = [nearest(parts[split], parts["train"], skip_self=split == "train") for split in SPLITS]
    index, similarity = (np.concatenate(part)[:, 0] for part in zip(*pairs, strict=True))
    embeddings = np.concatenate(list(parts.values()))
    return {
        "copy": copies(embeddings),
        # The column group is something else where slices are split by blocks of file numbers.
        "lookalikes": groups(embeddings),
        "nearest": index,
        "similarity": similarity,
    }
