"""Masks and volumes that a person corrected: they stay, and what is made of them is of them."""

import shutil

import nibabel
import numpy as np
import pydicom
import pytest
from support.again import call, correct, scan, voxels
from support.delivered import write_pictures
from support.dicoms import write_series
from support.niftis import save, volume
from support.results import content, rows_of

from tumorseg.data.read import read_slice
from tumorseg.delivery.measure import measure_masks
from tumorseg.delivery.outputs.records import OutFolder, Record
from tumorseg.delivery.score import score_masks
from tumorseg.errors import UserError


def test_volumes_are_of_the_corrected_masks(net, tmp_path):
    given, out = tmp_path / "in", tmp_path / "out"
    write_series(given / "s", count=3)
    scan(given / "v.nii")
    call(net, given, out)
    assert measure_masks(out).deleted == 0
    for path in sorted((out / "masks/series_1").iterdir()):
        correct(path)
    done = measure_masks(out)
    assert (done.masks, done.changed, done.deleted, done.kept) == (6, 3, 2, 0)
    assert [path.name for path in (out / "series").iterdir()] == [
        "v.nii.gz"
    ]  # of masks that have not changed
    assert call(net, given, out).skipped == 2
    assert voxels(out / "series/series_1.nii.gz") == 3 * 6 * 7
    seg = pydicom.dcmread(out / "series/series_1.seg.dcm")
    assert int(np.count_nonzero(seg.pixel_array)) == 3 * 6 * 7
    assert seg.SegmentSequence[0].SegmentAlgorithmType == "SEMIAUTOMATIC"


def test_a_volume_that_was_corrected_stays(net, tmp_path):
    given, out = scan(tmp_path / "in/v.nii"), tmp_path / "out"
    call(net, given, out)
    drawn = save(out / "series/v.nii.gz", np.ones((40, 48, 3), np.uint8), np.eye(4)).read_bytes()
    correct(out / "masks/v/0001.png")
    done = measure_masks(out)
    assert (done.changed, done.deleted, done.kept) == (1, 0, 1)
    assert call(net, given, out).failures == []
    scan(given, place=5)
    ((_, why),) = call(net, given, out).failures
    assert why.startswith("v: its header has changed, but series/v.nii.gz may have been corrected by hand; ")
    assert (out / "series/v.nii.gz").read_bytes() == drawn
    (out / "series/v.nii.gz").rename(tmp_path / "v.nii.gz")
    assert call(net, given, out).failures == []
    assert nibabel.load(out / "series/v.nii.gz").affine[0, 3] == 5


def test_a_corrected_mask_of_an_input_that_changed_stays_and_is_told(net, tmp_path):
    pictures = {name: volume((40, 48)) for name in ("a", "b")}
    given, out = write_pictures(tmp_path / "in", pictures), tmp_path / "out"
    call(net, given, out)
    mask = correct(out / "masks/a.png")
    measure_masks(out)
    write_pictures(given, {name: picture[::-1] for name, picture in pictures.items()})
    for _ in range(2):
        counts = call(net, given, out)
        why = "a: it has changed, but masks/a.png may have been corrected by hand"
        way_out = "move these elsewhere and call again, or make all anew with --overwrite"
        assert counts.failures == [("a", f"{why}; {way_out}")]
        assert np.array_equal(read_slice(out / "masks/a.png"), mask)
        assert [row["name"] for row in rows_of(out / "failures.csv")] == ["a"]
        assert rows_of(out / "predictions.csv")[0]["pixels"] == "42"
    # The input as it was: nothing is wrong any more.
    write_pictures(given, {"a": pictures["a"]})
    assert (call(net, given, out).skipped, rows_of(out / "failures.csv")) == (2, [])
    # The mask moved away: the input is done again.
    write_pictures(given, {"a": pictures["a"][::-1]})
    (out / "masks/a.png").rename(tmp_path / "mine.png")
    assert call(net, given, out).failures == []
    call(net, given, tmp_path / "anew")
    assert content(out) == content(tmp_path / "anew")


def test_a_corrected_mask_stays_where_another_file_is_missing(net, tmp_path):
    given, out = write_pictures(tmp_path / "in", {"a": volume((40, 48))}), tmp_path / "out"
    call(net, given, out, "png,overlay")
    mask = correct(out / "masks/a.png")
    (out / "overlays/a.png").unlink()
    ((_, why),) = call(net, given, out, "png,overlay").failures
    assert why.startswith("a: some of its files are missing, but masks/a.png may have been corrected")
    assert np.array_equal(read_slice(out / "masks/a.png"), mask)


def test_corrected_masks_stay_beside_a_slice_that_cannot_be_read(net, tmp_path):
    given, out = tmp_path / "in", tmp_path / "out"
    write_series(given, count=3)
    whole = (given / "IM0001").read_bytes()
    (given / "IM0001").write_bytes(whole[:2000])
    first = call(net, given, out)
    assert (first.slices, len(first.failures)) == (2, 1)
    mask = correct(out / "masks/series_1/0003.png")
    again = call(net, given, out)
    assert (again.slices, again.skipped, again.failures) == (2, 0, first.failures)
    assert np.array_equal(read_slice(out / "masks/series_1/0003.png"), mask)
    (given / "IM0001").write_bytes(whole)  # mended: what failed is done, unless that would lose the mask
    ((_, why),) = call(net, given, out).failures
    assert why.startswith("series_1: it has changed, but masks/series_1/0003.png may")
    (out / "masks/series_1/0003.png").unlink()
    assert (call(net, given, out).slices, call(net, given, out).failures) == (3, [])


def test_without_masks_there_is_nothing_to_measure_or_score(net, tmp_path):
    given, out = scan(tmp_path / "in/v.nii"), tmp_path / "out"
    call(net, given, out, "nifti,csv")
    line = "out: has no masks, since predict was called with --formats csv,nifti; call it with png among them"
    with pytest.raises(UserError, match=line):
        measure_masks(out)
    with pytest.raises(UserError, match=line):
        score_masks(out, write_pictures(tmp_path / "truth", {"1": volume((40, 48))}), None)
    before = content(out)
    (out / "series/v.nii.gz").unlink()
    assert call(net, given, out, "nifti,csv").skipped == 0  # no mask is left: it is predicted again
    assert content(out) == before
    shutil.rmtree(out)
    call(net, given, out)
    (out / "masks/v/0002.png").unlink()
    with pytest.raises(UserError, match=r"0002\.png: is missing; the same call of predict writes it anew"):
        measure_masks(out)


def test_what_an_older_version_wrote_may_be_corrected(net, tmp_path):
    given, out = write_pictures(tmp_path / "in", {"a": volume((40, 48))}), tmp_path / "out"
    call(net, given, out)
    results = OutFolder(out)
    (record,) = results.records()
    assert results.corrected(record) == []
    old = record.model_dump(exclude={"stamp", "unwritten", "files"})  # what it knew of an input
    results.write(Record.model_validate(old))
    assert call(net, given, out).skipped == 1
    write_pictures(given, {"a": volume((40, 48))[::-1]})
    ((_, why),) = call(net, given, out).failures
    assert "masks/a.png may have been corrected by hand" in why
