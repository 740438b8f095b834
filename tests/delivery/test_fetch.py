"""get, and nets from zip files: whole, or one line."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tumorseg.delivery.fetch import get, model_folder, split_version, unpack
from tumorseg.delivery.info import describe
from tumorseg.delivery.predict import Options, predict
from tumorseg.errors import UserError


def test_a_net_from_a_zip_file(net, tmp_path):
    packed = shutil.make_archive(str(tmp_path / "net"), "zip", net.parent, net.name)
    with model_folder(packed) as folder:
        assert describe(folder) == describe(net)
    assert not folder.exists()
    (tmp_path / "bad.zip").write_bytes(b"PK nothing")
    with pytest.raises(UserError, match=r"bad.zip: cannot be unpacked"):
        unpack(tmp_path / "bad.zip", tmp_path / "target")
    with pytest.raises(UserError, match="no such folder or zip file"), model_folder("delivred"):
        pass


def test_a_damaged_zip_file_is_one_line(net, tmp_path):
    packed = Path(shutil.make_archive(str(tmp_path / "net"), "zip", net.parent, net.name))
    with zipfile.ZipFile(packed) as archive:
        entry = archive.getinfo(f"{net.name}/model.json")
    data = bytearray(packed.read_bytes())
    start = entry.header_offset + 30 + len(entry.filename)
    data[start : start + entry.compress_size] = b"\xff" * entry.compress_size  # no deflate stream begins so
    packed.write_bytes(data)
    with pytest.raises(UserError, match=r"^\S+net\.zip: cannot be unpacked: .*; get it anew$"):
        unpack(packed, tmp_path / "target")


def test_a_changed_file_is_named_in_its_zip_file(net, tmp_path):
    copy = shutil.copytree(net, tmp_path / "net")
    (copy / "model.json").write_text("{}")
    packed = shutil.make_archive(str(tmp_path / "net"), "zip", copy)
    with pytest.raises(UserError, match=rf"^{packed}/model\.json: changed since it was delivered"):
        unpack(Path(packed), tmp_path / "target")


@pytest.mark.parametrize(
    ("place", "repository", "version"),
    [
        ("../repo", "../repo", ""),
        ("../repo@v1.0.0", "../repo", "v1.0.0"),
        ("https://host/repo.git@main", "https://host/repo.git", "main"),
        ("git@host:me/repo.git", "git@host:me/repo.git", ""),
        ("git@host:me/repo.git@v2.0.0", "git@host:me/repo.git", "v2.0.0"),
        ("../repo@feature/x", "../repo", "feature/x"),
        ("/home/me@work/repo@feature/x", "/home/me@work/repo", "feature/x"),
        ("git@host:me/repo.git@feature/x", "git@host:me/repo.git", "feature/x"),
        ("https://me:word@host/repo.git", "https://me:word@host/repo.git", ""),
        ("https://me@host:8443/repo.git@feature/x", "https://me@host:8443/repo.git", "feature/x"),
        ("ssh://git@host/me/repo.git", "ssh://git@host/me/repo.git", ""),
    ],
)
def test_a_version_is_what_comes_after_the_last_at(place, repository, version):
    assert split_version(place) == (repository, version)


def test_a_folder_with_an_at_in_its_name_is_no_version(tmp_path):
    place = tmp_path / "me@work" / "repo"
    assert split_version(str(place)) == (str(tmp_path / "me"), "work/repo")
    place.mkdir(parents=True)
    assert split_version(str(place)) == (str(place), "")
    assert split_version(f"{place}@v1.0.0") == (str(place), "v1.0.0")


@pytest.mark.slow
def test_a_net_is_fetched_by_revision(net, slices, tmp_path):
    repo = tmp_path / "repo"
    repo.mkdir()

    def run(*words: str) -> None:
        author = {f"GIT_{who}_{what}": "t@t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        subprocess.run(words, cwd=repo, env=os.environ | author, check=True, capture_output=True)

    dvc = (sys.executable, "-m", "dvc")
    run("git", "init", "-q")
    run(*dvc, "init", "-q")
    shutil.copytree(net, repo / "delivered")
    run(*dvc, "add", "-q", "delivered")
    run("git", "add", "-A")
    run("git", "commit", "-qm", "all")
    run("git", "tag", "first")
    run("git", "tag", "-a", "tumor-segmentation@v1.0.0", "-m", "as gto does")
    run("git", "branch", "feature/x")
    (repo / "delivered/model.json").write_text("{}")
    run(*dvc, "add", "-q", "delivered")
    run("git", "commit", "-qam", "changed after it was delivered")
    with pytest.raises(UserError, match=rf"^{repo}/model\.json: changed since it was delivered"):
        get(str(repo), tmp_path / "fetched")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["repo"]
    get(f"{repo}@feature/x", tmp_path / "branch")
    assert describe(tmp_path / "branch") == describe(net)
    get(f"{repo}@first", tmp_path / "fetched")
    assert describe(tmp_path / "fetched") == describe(net)
    picture = str(sorted(slices.glob("test/*.jpg"))[0])
    predict([picture], tmp_path / "a", Options(model=f"{repo}@v1.0.0"))
    predict([picture], tmp_path / "b", Options(model=str(net)))
    assert (tmp_path / "a/run.json").read_bytes() == (tmp_path / "b/run.json").read_bytes()
    assert [path.read_bytes() for path in (tmp_path / "a").glob("masks/*")] == [
        path.read_bytes() for path in (tmp_path / "b").glob("masks/*")
    ]
    with pytest.raises(UserError, match=r"repo@second: cannot be fetched: "):
        get(f"{repo}@second", tmp_path / "other")
    with pytest.raises(UserError, match="exists; give a new folder"):
        get(str(repo), tmp_path / "fetched")
