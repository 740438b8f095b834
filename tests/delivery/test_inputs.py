"""What find_sources finds: files, folders, zips, patterns, stdin; names; what is refused."""

import gzip
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import cv2
import nibabel
import numpy as np
import pytest
from support.dicoms import write_series

from tumorseg.delivery.inputs import find_sources
from tumorseg.errors import UserError

GREYS = np.arange(20 * 30, dtype=np.uint32).reshape(20, 30).astype(np.uint8)


def png(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", GREYS)[1].tobytes())
    return path


def names(*arguments: object) -> list[str]:
    return [source.name for source in find_sources([str(each) for each in arguments])]


def test_a_folder_is_searched_to_the_bottom_by_content(tmp_path):
    png(tmp_path / "b" / "2.png")
    png(tmp_path / "b" / "1")  # no suffix
    png(tmp_path / "a.txt")
    png(tmp_path / ".hidden.png")
    (tmp_path / "notes.txt").write_text("no slice")
    (tmp_path / "_annotations.coco.json").write_text("{}")
    assert names(tmp_path) == ["a", "b/1", "b/2"]


def test_a_file_given_twice_is_one_source(tmp_path):
    png(tmp_path / "a.png")
    assert names(tmp_path, tmp_path / "a.png", tmp_path / "*.png") == ["a"]


def test_the_order_of_arguments_makes_no_difference(tmp_path):
    for name in ("x/a.png", "y/a.png", "y/b.png"):
        png(tmp_path / name)
    forth = find_sources([str(tmp_path / "x"), str(tmp_path / "y")])
    back = find_sources([str(tmp_path / "y"), str(tmp_path / "x")])
    assert forth == back
    assert [each.name for each in forth] == ["a_png", "a_png_2", "b"]


def test_names_that_differ_in_suffix_or_case_alone_stay_apart(tmp_path):
    for name in ("a.png", "a.jpg", "B.png", "c/b.png"):
        png(tmp_path / name)
    assert names(tmp_path) == ["B", "a_jpg", "a_png", "c/b"]


def test_names_are_safe_as_paths(tmp_path):
    for name in ("=1+2.png", "a b:c.png", "CON.png", "é.png", "-x.png", "q" * 120 + ".png"):
        png(tmp_path / name)
    assert sorted(names(tmp_path)) == sorted(["_1_2", "a_b_c", "_CON", "é", "x", "q" * 120])


def test_a_volume_and_a_folder_of_its_name_stay_apart(tmp_path):
    png(tmp_path / "t1" / "0001.png")
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 5, 6), np.uint8), np.eye(4)), tmp_path / "t1.nii")
    assert names(tmp_path) == ["t1/0001", "t1_nii"]


def test_a_pattern_names_from_its_fixed_part(tmp_path):
    png(tmp_path / "p1" / "a.png")
    png(tmp_path / "p2" / "a.png")
    png(tmp_path / "p2" / "b.png")
    assert names(tmp_path / "*" / "a.png") == ["p1/a", "p2/a"]


def test_a_zip_is_read_without_unpacking(tmp_path):
    write_series(tmp_path / "series")
    png(tmp_path / "a.png")
    volume = nibabel.Nifti1Image(np.zeros((4, 5, 6), np.uint8), np.eye(4))
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((tmp_path / "series").iterdir()):
            archive.write(path, f"x/{path.name}")
        archive.write(tmp_path / "a.png", "x/a.png")
        archive.writestr("x/v.nii.gz", gzip.compress(volume.to_bytes()))
    zipped = find_sources([str(tmp_path / "all.zip")])
    assert [(each.name, each.kind, len(each)) for each in zipped] == [
        ("series_1", "dicom", 5),
        ("x/a", "picture", 1),
        ("x/v", "nifti", 6),
    ]
    (folder,) = find_sources([str(tmp_path / "series")])
    for left, right in zip(zipped[0].slices(), folder.slices(), strict=True):
        assert np.array_equal(left.greys, right.greys)
    assert np.array_equal(zipped[1].read(0).greys, GREYS)
    assert zipped[2].read(5).greys.shape == (5, 4)


def test_a_zip_that_leads_out_of_its_folder_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../../evil.png", cv2.imencode(".png", GREYS)[1].tobytes())
    with pytest.raises(UserError, match=r"evil\.zip: '../../evil\.png' would lead out of its folder"):
        find_sources([str(tmp_path / "evil.zip")])


def test_a_zip_bomb_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(10_000_000))
    with pytest.raises(UserError, match="would unpack to 10000000"):
        find_sources([str(tmp_path / "bomb.zip")])


def test_a_damaged_member_of_a_zip_hides_no_others(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("1.png", b"\x89PNG\r\n\x1a\n" + bytes(5000))
        archive.write(png(tmp_path / "2.png"), "2.png")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[3000] ^= 1  # its checksum is wrong now
    (tmp_path / "a.zip").write_bytes(data)
    bad, good = find_sources([str(tmp_path / "a.zip")])
    with pytest.raises(UserError, match=r"^a\.zip/1\.png: cannot be read \(it is damaged\); get it anew"):
        bad.read(0)
    assert np.array_equal(good.read(0).greys, GREYS)


def test_stdin_is_one_file(tmp_path, monkeypatch):
    stream = io.BytesIO(png(tmp_path / "a.png").read_bytes())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))
    (source,) = find_sources(["-"])
    assert source.name == "stdin"
    assert np.array_equal(source.read(0).greys, GREYS)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("missing", "missing: does not exist; give pictures"),
        ("*.png", r"\*\.png: matches nothing; give pictures"),
        ("empty", "empty: no file in there; give"),
        ("words", r"words: no slice to segment in 3 files \(2 \.txt, 1 no suffix\); give"),
    ],
)
def test_nothing_found_says_what_was_searched_and_what_there_was(tmp_path, monkeypatch, argument, message):
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("words").mkdir()
    for name in ("a.txt", "b.txt", "README"):
        (Path("words") / name).write_text("words")
    with pytest.raises(UserError, match=message):
        find_sources([argument])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"a\.png: is empty; get it anew, or leave it out"),
        (b"words", r"a\.png: is no picture, DICOM or NIfTI file; get it anew"),
        (b"\x89PNG\r\n\x1a\n" + bytes(9), r"a\.png: is no image"),
        (b"\xff\xd8\xff\xe0" + bytes(9), r"a\.png: is no image"),
    ],
)
def test_a_bad_picture_is_a_source_that_raises(tmp_path, data, message):
    (tmp_path / "a.png").write_bytes(data)
    png(tmp_path / "b.png")
    bad, good = find_sources([str(tmp_path)])
    with pytest.raises(UserError, match=message) as error:
        next(bad.slices())
    assert str(tmp_path.parent) not in str(error.value)
    assert len(list(good.slices())) == 1


@pytest.mark.parametrize("window", ["wide", "5:1", "1:1", "nan:3", "0:inf", ":"])
def test_a_window_that_is_none_is_one_line(tmp_path, window):
    with pytest.raises(UserError, match=r"--window: .* is not auto, dicom or LOW:HIGH"):
        find_sources([str(png(tmp_path / "a.png"))], window)


def test_the_libraries_are_loaded_when_they_are_needed():
    heavy = "{'torch', 'pydicom', 'highdicom', 'nibabel', 'matplotlib', 'pandas'}"
    code = f"import sys, tumorseg.delivery.inputs; print({heavy} & set(sys.modules) or 'none')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "none\n"
