from pathlib import Path

import numpy as np
import pandas as pd
from support.audited import prepared
from support.planted import OCTAGON, Export

from tumorseg.audit.agreement import FEW, agreement, agreements
from tumorseg.audit.survey import survey_data
from tumorseg.data.slices import SplitArrays


def split(*masks: list[list[int]]) -> SplitArrays:
    array = np.array(masks, np.uint8).reshape(-1, 1, 4)
    return SplitArrays(images=array, masks=array, table=pd.DataFrame())


def test_pairs_by_hand():
    arrays = {
        "train": split([[1, 1, 0, 0]], [[0, 1, 1, 1]], [[0, 0, 0, 0]]),
        "valid": split([[0, 0, 0, 0]]),
        "test": split([[1, 0, 0, 0]]),
    }
    slices = pd.DataFrame(
        {
            "as_shipped": ["train", "train", "train", "valid", "test"],
            "file": list("abcde"),
            # a and b are each other's; c and d have no tumour; e is a copy, or nearly: it is left out.
            "neighbor": [1, 0, 3, 2, 0],
            "neighbor_similarity": [0.96, 0.96, 0.97, 0.97, 0.5],
        }
    )
    found = agreements(slices, arrays)
    assert found.values.tolist() == [["train", "a", "train", "b", 0.96, 0.4]]


def test_the_median_is_of_enough_alike_pairs():
    alike = pd.DataFrame({"similarity": [0.96] * FEW + [0.9], "dice": [0.7] * (FEW - 9) + [0.8] * 9 + [0]})
    assert agreement(alike) == {"alike_from": 0.95, "pairs": FEW, "dice": 0.7}
    few = agreement(alike[1:])
    assert few["pairs"] == FEW - 1
    assert np.isnan(few["dice"])


def test_neighbours_in_different_splits_are_compared(tmp_path: Path):
    export = Export()
    ours, theirs = (export.pixels[split][1].astype(float) for split in ("test", "train"))
    export.pixels["test"][1] = (0.8 * theirs + 0.2 * ours).astype(np.uint8)
    moved = [[number + 6 for number in OCTAGON[0]]]
    export.relabel("test", 1, segmentation=moved, bbox=[20, 16, 22, 22])
    (pair,) = survey_data(*prepared(export, tmp_path)).agreements.itertuples()
    assert (pair.as_shipped, pair.file, pair.other_as_shipped, pair.other_file) == (
        "train",
        "t1.png",
        "test",
        "t1.png",
    )
    assert 0.9 < pair.similarity < 0.995
    assert 0.4 < pair.dice < 0.6  # the octagon, 22 pixels wide, six pixels on
