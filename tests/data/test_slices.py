from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorseg.data.slices import load_split, read_table

# Text that a CSV reader would gladly take for a number or for a missing value.
CSV = """\
split,index,image_id,file,as_shipped,group,category,annotations,sequence,height,width,tumor_pixels
valid,0,4,NA,valid,0,0,1,,8,8,3
train,0,9,007.jpg,train,1,01,1,7,8,8,5
valid,1,5,null,valid,2,1,2,3,8,8,0
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Two valid slices and one of train, which stands between them in slices.csv."""
    (tmp_path / "slices.csv").write_text(CSV)
    for split, count in (("train", 1), ("valid", 2)):
        (tmp_path / split).mkdir()
        np.save(tmp_path / split / "images.npy", np.full((count, 4, 4), 10 * count, np.uint8))
        np.save(tmp_path / split / "masks.npy", np.ones((count, 4, 4), np.uint8))
    return tmp_path


def test_text_stays_text_and_an_empty_sequence_is_missing(small):
    table = read_table(small)
    assert table.category.tolist() == ["0", "01", "1"]
    assert table.file.tolist() == ["NA", "007.jpg", "null"]
    assert table.sequence.dtype == "Int64"
    assert table.sequence.tolist() == [pd.NA, 7, 3]
    assert table.tumor_pixels.tolist() == [3, 5, 0]


def test_a_split_has_its_own_rows_in_the_order_of_its_arrays(small):
    arrays = load_split(small, "valid")
    assert len(arrays) == 2
    assert arrays.table.image_id.tolist() == [4, 5]
    assert arrays.table.index.tolist() == [0, 1]
    assert arrays.images.shape == arrays.masks.shape == (2, 4, 4)
    assert (arrays.images[1, 2, 3], arrays.masks[1, 2, 3]) == (20, 1)


def test_pixels_are_mapped_and_cannot_be_written(small):
    arrays = load_split(small, "train")
    assert isinstance(arrays.images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        arrays.masks[0, 0, 0] = 0
