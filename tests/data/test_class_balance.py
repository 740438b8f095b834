import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorseg import SPLITS
from tumorseg.data.class_balance import class_balance, compose, describe, histogram
from tumorseg.data.classes import write_classes
from tumorseg.errors import UserError
from tumorseg.identity import write_identity

COLUMNS = ["split", "index", "file", "category", "annotations", "height", "width", "tumor_pixels"]
# Train: 40 tumour pixels of 400, in fractions of 0.1, 0.15 and 0.
ROWS = [
    ("train", 0, "1_a.jpg", "0", 1, 10, 10, 10),
    ("train", 1, "2_b.jpg", "0+1", 2, 20, 10, 30),
    ("train", 2, "3_c.jpg", "none", 0, 10, 10, 0),
    ("valid", 0, "4_d.jpg", "1", 1, 10, 10, 5),
    ("test", 0, "5_e.jpg", "0", 1, 10, 10, 20),
]


def table_of(rows: list[tuple]) -> pd.DataFrame:
    """Rows of slices.csv with the native area added, as the statistics take them."""
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.assign(pixels=table.height * table.width)


def write(folder: Path, rows: list[tuple]) -> Path:
    """A prepared folder; its train slices are black and have a tumour in one corner."""
    folder.mkdir()
    pd.DataFrame(rows, columns=COLUMNS).assign(sequence=1).to_csv(folder / "slices.csv", index=False)
    (folder / "train").mkdir()
    masks = np.zeros((sum(row[0] == "train" for row in rows), 8, 8), np.uint8)
    np.save(folder / "train" / "images.npy", np.zeros_like(masks))
    masks[:, :2, :3] = 1
    np.save(folder / "train" / "masks.npy", masks)
    write_identity(folder, data="made_up", split="shipped", image_size=8, train=3, valid=1, test=1)
    return folder


def test_statistics_by_hand():
    table = table_of(ROWS)
    values = describe(table[table.split == "train"])
    assert (values["images"], values["annotations"], values["empty_masks"]) == (3, 3, 1)
    assert (values["tumor_pixels"], values["pixels"]) == (40, 400)
    assert values["imbalance"] == 9  # 360 of background over 40 of tumour
    expected = {"mean": 0.25 / 3, "pooled": 0.1, "q05": 0.01, "q25": 0.05, "median": 0.1}
    expected |= {"q75": 0.125, "q95": 0.145, "max": 0.15}
    assert values["tumor_fraction"] == pytest.approx(expected)
    assert values["categories"] == {
        "0": {"images": 1, "annotations": 1, "tumor_fraction": 0.1},
        "0+1": {"images": 1, "annotations": 2, "tumor_fraction": 0.15},
        "none": {"images": 1, "annotations": 0, "tumor_fraction": 0.0},
    }


def test_statistics_of_nothing_are_nan():
    values = describe(table_of([]).astype({"tumor_pixels": int, "pixels": int}))
    assert values["images"] == values["tumor_pixels"] == 0
    assert np.isnan([values["imbalance"], *values["tumor_fraction"].values()]).all()


def test_weight_is_the_root_of_the_imbalance_of_train(tmp_path):
    metrics, plots = tmp_path / "metrics.json", tmp_path / "plots"
    class_balance(write(tmp_path / "prepared", ROWS), metrics, plots)
    values = json.loads(metrics.read_text())
    assert values["pos_weight"] == 3.0
    assert list(values) == ["prepared", "pos_weight", "train", "valid", "test", "all"]
    assert values["valid"]["imbalance"] == 19
    assert (values["all"]["images"], values["all"]["tumor_pixels"], values["all"]["pixels"]) == (5, 65, 600)
    assert sorted(path.name for path in plots.iterdir()) == [
        "composition.png",
        "samples.png",
        "splits.json",
        "tumor_fraction.csv",
    ]
    splits = json.loads((plots / "splits.json").read_text())
    about = {key: splits[0][key] for key in ("part", "images", "without_tumor", "annotations", "tumor_share")}
    assert about == {"part": "train", "images": 3, "without_tumor": 1, "annotations": 3, "tumor_share": 0.1}
    assert [row["part"] for row in splits] == list(SPLITS)
    assert values["prepared"].items() <= splits[2].items()
    bins = pd.read_csv(plots / "tumor_fraction.csv")
    assert bins.groupby("split").images.sum().to_dict() == {"train": 3, "valid": 1, "test": 1}


def test_histogram_has_every_image_of_every_split_in_one_bin():
    bins = histogram(table_of(ROWS)).set_index("split")
    assert bins.groupby(level=0).size().to_dict() == dict.fromkeys(SPLITS, 20)
    assert bins.loc["train"].images.iloc[0] == 1  # the empty mask
    last = bins.loc["test"].iloc[-1]
    assert (last.images, last.fraction_from, last.fraction_to) == (1, pytest.approx(0.19), 0.2)
    assert (bins.fraction_to > bins.fraction_from).all()


def test_histogram_without_any_tumour_still_counts_the_images():
    bins = histogram(table_of([(*row[:-1], 0) for row in ROWS]))
    assert bins.images.sum() == 5


def test_every_class_has_its_share_of_the_pixels(tmp_path, capsys):
    write(tmp_path / "prepared", ROWS)
    for split, shares in {"train": (6, 3), "valid": (0, 16), "test": (4, 0)}.items():
        masks = np.zeros((sum(row[0] == split for row in ROWS), 8, 8), np.uint8)
        masks[0].flat[: sum(shares)] = np.repeat([1, 2], shares)
        (tmp_path / "prepared" / split).mkdir(exist_ok=True)
        for kind in ("images", "masks"):
            np.save(tmp_path / "prepared" / split / f"{kind}.npy", masks)
    write_classes(tmp_path / "prepared", ["glioma", "other"])
    class_balance(tmp_path / "prepared", tmp_path / "balance.json", tmp_path / "plots")
    result = json.loads((tmp_path / "balance.json").read_text())
    assert result["train"]["classes"] == {"glioma": 6 / 192, "other": 3 / 192}
    assert result["valid"]["classes"] == {"glioma": 0, "other": 16 / 64}
    assert result["all"]["classes"] == {"glioma": 10 / 320, "other": 19 / 320}
    assert result["pos_weight"] == 3  # as without classes
    assert "glioma: 3.12% of the pixels of train" in capsys.readouterr().out


def test_composition_adds_up_by_split_and_category():
    rows = [*ROWS, ("train", 3, "6_f.jpg", "0", 4, 10, 10, 7)]
    table = compose(table_of(rows)).set_index(["split", "category"])
    assert len(table) == 5
    assert table.loc[("train", "0")].to_dict() == {
        "annotations": 5,
        "tumor_pixels": 17,
        "pixels": 200,
        "images": 2,
    }


@pytest.mark.parametrize("kept", [["train", "valid", "test"], ["valid", "test"]])
def test_no_tumour_in_train_is_an_error_and_writes_nothing(tmp_path, kept):
    rows = [(*row[:-1], 0 if row[0] == "train" else row[-1]) for row in ROWS if row[0] in kept]
    prepared, plots = write(tmp_path / "prepared", rows), tmp_path / "plots"
    plots.mkdir()
    (plots / "samples.png").write_text("as it was")
    with pytest.raises(UserError, match="tumor_categories: the train split has no tumour pixel") as caught:
        class_balance(prepared, tmp_path / "metrics.json", plots)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plots", "prepared"]
    assert (plots / "samples.png").read_text() == "as it was"
    assert len(list(plots.iterdir())) == 1


@pytest.mark.parametrize("split", ["train", "valid"])
def test_a_split_to_choose_on_without_tumour_is_refused(tmp_path, split):
    rows = [(*row[:-1], 0) if row[0] == split else row for row in ROWS]
    with pytest.raises(UserError, match=f"tumor_categories: the {split} split has no tumour pixel"):
        class_balance(write(tmp_path / "prepared", rows), tmp_path / "metrics.json", tmp_path / "plots")
    assert not (tmp_path / "metrics.json").exists()


def test_a_class_without_a_pixel_in_train_is_refused(tmp_path):
    prepared = write(tmp_path / "prepared", ROWS)
    write_classes(prepared, ["glioma", "core"])
    for split, count in (("valid", 1), ("test", 1)):
        (prepared / split).mkdir()
        for kind in ("images", "masks"):
            np.save(prepared / split / f"{kind}.npy", np.full((count, 8, 8), 2, np.uint8))
    with pytest.raises(UserError, match="tumor_categories: the train split has no pixel of class core: "):
        class_balance(prepared, tmp_path / "metrics.json", tmp_path / "plots")
    assert not (tmp_path / "metrics.json").exists()
