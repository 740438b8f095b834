import json
import shutil

import pandas as pd
import pytest
from support.fourfold import compare

from tumorseg.errors import UserError
from tumorseg.reading import read_json


@pytest.mark.parametrize(
    "change",
    [
        lambda slices: slices.iloc[::-1],
        lambda slices: slices.iloc[:-1],
        lambda slices: slices.assign(group=slices.group + 1),
        lambda slices: slices.assign(file=slices.file.str.replace("_", "-")),
    ],
)
def test_other_slices_than_the_prepared_ones_are_refused(measured, tmp_path, change):
    root = tmp_path / "measured"
    shutil.copytree(measured, root)
    path = root / "predictions" / "high" / "slices.csv"
    change(pd.read_csv(path)).to_csv(path, index=False)
    with pytest.raises(
        UserError, match=r"high/slices\.csv: its test slices are not those of .*evaluate@high"
    ):
        compare(root, tmp_path / "out", ["low", "high"])
    assert not (tmp_path / "out").exists()


def test_scores_of_other_data_are_refused(measured, tmp_path):
    root = shutil.copytree(measured, tmp_path / "measured")
    path = root / "details" / "high.json"
    scores = read_json(path)
    scores["prepared"]["digest"] = "ffffffff"
    path.write_text(json.dumps(scores))
    with pytest.raises(UserError, match=r"high\.json is of made_up.*ffffffff.*run dvc repro$"):
        compare(root, tmp_path / "out", ["low", "high"])
