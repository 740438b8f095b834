"""Labels that all nets disagree with: judged by hand, found among sound ones, and written for other tools."""

from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from support.prepared import write_prepared

from tumorseg.compare.suspect_files import outlines, write_suspects
from tumorseg.compare.suspects import Suspects, find_suspects, judge, voters_of
from tumorseg.data.coco import read_split, render
from tumorseg.data.slices import SplitArrays, load_split
from tumorseg.errors import UserError
from tumorseg.figures import PREDICTION, TRUTH

NETS = ["one", "other"]


class Threshold:
    """What `find_suspects` reads of a model's scores."""

    threshold = 0.5


def square(left: int, top: int, side: int = 8) -> np.ndarray:
    mask = np.zeros((32, 32), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def test_agreement_by_hand():
    label, near, far = square(0, 0), square(4, 0), square(16, 16)
    # Of 64 pixels each, half are common to `label` and `near`.
    assert judge(label, np.stack([near, near])) == (1.0, 0.5)
    assert judge(label, np.stack([near, far])) == (0.0, 0.5)
    assert judge(label, np.stack([near, label, far])) == (pytest.approx(1 / 6), 1.0)


def test_nets_that_see_nothing_agree_about_nothing_but_with_an_empty_label():
    none = np.zeros((32, 32), bool)
    assert judge(none, np.stack([none, none])) == (0.0, 1.0)
    assert judge(square(0, 0), np.stack([none, none])) == (0.0, 0.0)
    assert judge(none, np.stack([square(0, 0)] * 2)) == (1.0, 0.0)


@pytest.fixture
def judged(tmp_path: Path) -> tuple[dict[str, SplitArrays], Path]:
    """Valid and test slices, and two nets that see what is annotated but for some slices."""
    prepared = write_prepared(tmp_path / "prepared", {"train": 2, "valid": 3, "test": 5})
    splits = {split: load_split(prepared, split) for split in ("valid", "test")}
    seen = {
        (split, name): np.where(np.asarray(arrays.masks) > 0, 255, 0).astype(np.uint8)
        for split, arrays in splits.items()
        for name in NETS
    }
    masks = np.load(prepared / "valid" / "masks.npy")
    masks[1] = 0  # missing
    np.save(prepared / "valid" / "masks.npy", masks)
    for name in NETS:
        seen["test", name][0] = 255 * square(0, 24)  # elsewhere, and both say so
        seen["test", name][1] = 0  # nothing seen: no suspect, as nets miss small tumours
    seen["test", "one"][2] = 0  # they disagree: no suspect
    for (split, name), steps in seen.items():
        (tmp_path / "predictions" / name).mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / "predictions" / name / f"{split}.npy", steps)
    rows = pd.concat([arrays.table for arrays in splits.values()]).assign(dice=1.0, tp=1, fp=0, fn=0)
    for name in NETS:
        rows.to_csv(tmp_path / "predictions" / name / "slices.csv", index=False)
    return {split: load_split(prepared, split) for split in splits}, tmp_path / "predictions"


def found(judged: tuple[dict[str, SplitArrays], Path], names: list[str] = NETS) -> Suspects:
    return find_suspects(names, dict.fromkeys(names, Threshold()), *judged)


def test_labels_that_all_nets_disagree_with_are_found_and_no_others(judged):
    suspects = found(judged)
    assert suspects.table[["split", "index", "fault", "label_dice"]].values.tolist() == [
        ["valid", 1, "missing", 0.0],
        ["test", 0, "elsewhere", 0.0],
    ]
    assert suspects.summary() == {"voters": 2, "looked_at": 8, "found": 2}
    assert suspects.line().startswith("labels to look at: 2 of 8 slices, where one, other agree with each")


def test_one_net_alone_accuses_nobody(judged):
    alone = found(judged, ["one"])
    assert alone.table.empty
    assert "none, as fewer than two nets" in alone.line()


def test_predictions_of_other_slices_are_refused(judged):
    splits, predictions = judged
    path = predictions / "other" / "slices.csv"
    pd.read_csv(path).assign(group=7).to_csv(path, index=False)
    with pytest.raises(UserError, match=r"its valid slices are not those of .*evaluate@other"):
        found((splits, predictions))


def test_predictions_that_are_cut_off_are_refused(judged):
    path = judged[1] / "other" / "valid.npy"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"other/valid.npy: cut off, or not as the pipeline writes it"):
        found(judged)


def test_only_nets_that_agree_with_most_labels_have_a_say(scored_by):
    results = {
        "good": scored_by(0.7),
        "weak": scored_by(0.4),
        "copy": scored_by(0.9),
        "none": scored_by(np.nan),
    }
    assert voters_of(results, {"good": True, "weak": True, "copy": False, "none": True}) == ["good"]


@pytest.fixture
def scored_by():
    def scores(median: float):
        from types import SimpleNamespace as Part

        return Part(valid=Part(at_best=Part(median=Part(dice=median))))

    return scores


def test_suspects_are_written_as_a_table_a_sheet_and_coco(judged, tmp_path):
    splits, out = judged[0], tmp_path / "out"
    out.mkdir()
    write_suspects(out, found(judged), splits, whole=True)
    table = pd.read_csv(out / "suspects.csv")
    assert table.fault.tolist() == ["missing", "elsewhere"]
    assert sorted(path.name for path in (out / "suspects").iterdir()) == ["test", "valid"]
    slices = read_split(out / "suspects" / "test")  # strictly checked
    assert [item.file_name for item in slices] == table.file[1:].tolist()
    np.testing.assert_array_equal(render(slices[0], {"tumour"}) > 0, square(0, 24))
    pixels = matplotlib.image.imread(out / "suspects.png")[..., :3]
    for color in (TRUTH, PREDICTION):
        assert np.isclose(pixels, to_rgb(color), atol=1 / 255).all(axis=-1).sum() > 200


def test_no_coco_is_written_of_slices_that_are_cut(judged, tmp_path):
    (tmp_path / "out").mkdir()
    write_suspects(tmp_path / "out", found(judged), judged[0], whole=False)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["suspects.csv", "suspects.png"]


def test_nothing_suspect_still_has_a_table_and_a_sheet(judged, tmp_path):
    (tmp_path / "out").mkdir()
    write_suspects(tmp_path / "out", found(judged, ["one"]), judged[0], whole=True)
    assert pd.read_csv(tmp_path / "out" / "suspects.csv").empty
    assert (tmp_path / "out" / "suspects.png").is_file()
    assert not (tmp_path / "out" / "suspects").exists()


def test_an_outline_goes_round_the_pixels_at_another_size():
    (points,) = outlines(square(4, 8), width=64, height=32)
    assert points.min(axis=0) == pytest.approx([8, 8], abs=0.3)
    assert points.max(axis=0) == pytest.approx([24, 16], abs=0.3)
