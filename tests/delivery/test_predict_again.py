"""A second call of `predict`: nothing stale is left, and what is done is not done again."""

from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from support.again import call, correct, pixels, scan, voxels
from support.delivered import write_pictures
from support.dicoms import SECRET, write_series
from support.niftis import volume
from support.results import content, rows_of

from tumorseg.data.read import read_slice
from tumorseg.delivery.predict import Options, predict
from tumorseg.delivery.summary import as_dict, summary
from tumorseg.errors import UserError


def test_a_volume_goes_where_its_input_goes_and_masks_stay(net, tmp_path):
    given, out = scan(tmp_path / "in/v.nii"), tmp_path / "out"
    call(net, given, out)
    mask = correct(out / "masks/v/0002.png")
    before = content(out / "masks")
    scan(given, place=-128)
    counts = call(net, given, out)
    assert (counts.skipped, counts.failures) == (1, [])
    assert nibabel.load(out / "series/v.nii.gz").affine[:3, 3].tolist() == [-128, 0, 0]
    assert content(out / "masks") == before
    assert np.array_equal(read_slice(out / "masks/v/0002.png"), mask)
    assert voxels(out / "series/v.nii.gz") == pixels(out)
    (out / "series/v.nii.gz").unlink()  # what is missing is written again
    assert call(net, given, out).skipped == 1
    assert voxels(out / "series/v.nii.gz") == pixels(out)


def test_an_anonymised_series_has_an_anonymous_segmentation(net, tmp_path):
    given, out = tmp_path / "in", tmp_path / "out"
    write_series(given, count=3)
    call(net, given, out)
    assert pydicom.dcmread(out / "series/series_1.seg.dcm").PatientName == SECRET
    for path in given.iterdir():
        header = pydicom.dcmread(path)
        header.PatientName = "nobody"
        header.save_as(path)
    counts = call(net, given, out)
    assert (counts.skipped, counts.failures) == (1, [])
    assert pydicom.dcmread(out / "series/series_1.seg.dcm").PatientName == "nobody"


@pytest.mark.parametrize("gap", ["slice", "PixelSpacing"])
def test_a_series_of_which_no_volume_can_be_is_done_once(net, tmp_path, gap):
    given, out = tmp_path / "in", tmp_path / "out"
    write_series(given, count=4, **({"PixelSpacing": None} if gap == "PixelSpacing" else {}))
    if gap == "slice":
        (given / "IM0002").unlink()
    counts = call(net, given, out)
    why = "its slices are not evenly spaced" if gap == "slice" else "has no PixelSpacing"
    assert counts.failures[0] == ("series_1", f"series_1: {why}; no volume is written of it")
    assert not (out / "series/series_1.nii.gz").exists()
    assert (out / "series/series_1.seg.dcm").exists() == (gap == "slice")
    mask = correct(out / "masks/series_1/0002.png")
    again = call(net, given, out)
    assert (again.skipped, again.failures) == (1, counts.failures)
    assert np.array_equal(read_slice(out / "masks/series_1/0002.png"), mask)
    assert [row["why"] for row in rows_of(out / "failures.csv")] == [why for _, why in counts.failures]


def test_an_odd_header_hinders_no_other_file_and_names_nobody(net, tmp_path):
    given, out = write_pictures(tmp_path / "in", {"a": volume((40, 48))}), tmp_path / "out"
    write_series(given / "s", count=2, PatientSex="UNKNOWN")
    counts = call(net, given, out)
    what = "has a PatientSex that no SEG can have; mend it, or leave seg out of --formats"
    assert counts.failures == [("series_1", f"series_1: {what}; no SEG is written of it")]
    assert counts.slices == len(list(out.rglob("masks/**/*.png"))) == 3
    assert [path.name for path in (out / "series").iterdir()] == ["series_1.nii.gz"]
    assert call(net, given, out).skipped == 2
    for path in (given / "s").iterdir():
        header = pydicom.dcmread(path)
        header.PatientSex = "O"
        header.save_as(path)
    assert call(net, given, out).failures == []
    assert pydicom.dcmread(out / "series/series_1.seg.dcm").PatientSex == "O"


def test_no_volume_is_of_slices_that_are_gone(net, tmp_path):
    given, out = tmp_path / "in", tmp_path / "out"
    write_series(given, count=4)
    call(net, given, out)
    (given / "IM0001").unlink()
    counts = call(net, given, out)
    assert (counts.skipped, counts.slices) == (0, 3)
    assert not (out / "masks/series_1/0004.png").exists()
    assert [path.name for path in (out / "series").iterdir()] == ["series_1.seg.dcm"]
    places = {
        tuple(group.PlanePositionSequence[0].ImagePositionPatient)
        for group in pydicom.dcmread(out / "series/series_1.seg.dcm").PerFrameFunctionalGroupsSequence
    }
    assert len(places) <= 3
    (given / "IM0000").write_bytes((given / "IM0000").read_bytes()[:2000])  # a slice that cannot be read
    call(net, given, out)
    assert not list((out / "series").iterdir())


def test_overwrite_leaves_nothing_of_inputs_that_are_gone(net, tmp_path):
    given, out = write_pictures(tmp_path / "in", dict.fromkeys("abc", volume((40, 48)))), tmp_path / "out"
    call(net, given, out, "png,csv")
    (given / "b.png").unlink()
    counts = call(net, given, out, "png,csv")
    assert (counts.others, as_dict(counts)["of_earlier_calls"]) == (1, 1)
    assert "earlier calls: 1 input not among these; the results stay" in summary(counts, out)
    assert (out / "masks/b.png").exists()
    # A part of the work deletes no other's.
    (out / "masks/c.png").unlink()
    assert call(net, given, out, "png,csv", overwrite=True, part=(1, 2)).inputs == 1
    assert [row["name"] for row in rows_of(out / "predictions.csv")] == ["a", "c"]
    assert not (out / "masks/b.png").exists()
    (given / "c.png").unlink()
    (out / "masks/left.png").write_bytes(b"of a call that was killed")
    assert call(net, given, out, "png,csv", overwrite=True).others == 0
    assert [path.name for path in (out / "masks").iterdir()] == ["a.png"]


def test_a_failure_that_is_no_more_is_not_told_for_ever(net, tmp_path):
    given, out = write_pictures(tmp_path / "in", {"a": volume((40, 48))}), tmp_path / "out"
    write_series(given / "s", count=2)
    whole = (given / "s/IM0001").read_bytes()
    (given / "s/IM0001").write_bytes(whole[:300])
    (given / "bad.png").write_bytes(b"")
    assert {name for name, _ in call(net, given, out).failures} == {"bad", "dicom_2"}
    (given / "s/IM0001").write_bytes(whole)
    (given / "bad.png").unlink()
    counts = call(net, given, out)
    assert (counts.failures, counts.others, rows_of(out / "failures.csv")) == ([], 0, [])


def test_results_are_no_inputs_of_the_next_call(net, tmp_path, monkeypatch):
    monkeypatch.chdir(write_pictures(tmp_path / "in", {"a": volume((40, 48))}))
    options = Options(model=str(net), formats=frozenset({"png"}))
    predict(["*"], Path("results"), options)
    before = content(Path("results"))
    for argument in ("*", "*/*", "results/masks/a.png", "res*"):
        with pytest.raises(UserError, match=r"lies in -o results, so it is a result and no input; give a"):
            predict([argument], Path("results"), options)
    assert content(Path("results")) == before
    assert predict(["*.png"], Path("results"), options).skipped == 1
