"""`tumorseg audit` on a set of one's own: from any folder, nothing run before, nothing else touched."""

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides
from support.browser import use_page
from support.coco_builder import pack
from support.planted import Export, sibling

from tumorseg.errors import UserError
from tumorseg.first_look import first_look
from tumorseg.first_look.page import _mended, _table
from tumorseg.params import load_params
from tumorseg.reading import read_json

ROOT = Path(__file__).parents[2]
WRITTEN = ["audit", "audit.json", "index.html", "samples.png", "splits.json"]


def tumorseg(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tumorseg", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a zip file, audited by the command, and nothing else."""
    folder, export = tmp_path_factory.mktemp("looked"), Export()
    sibling(export)
    export.categories[1] = {"id": 2, "name": "<b>rim</b>"}
    pack(export.write(folder / "set"), folder / "my set.zip")
    done = tumorseg(folder, "audit", "my set.zip", "--image-size", "64")
    assert done.returncode == 0, done.stderr
    assert "high: 20% of the test slices have a sibling in train" in done.stdout
    assert done.stdout.splitlines()[-1] == f"The page: {folder / 'audit' / 'index.html'}"
    return folder


def test_only_the_audits_folder_is_written(looked):
    assert sorted(path.name for path in looked.iterdir()) == ["audit", "my set.zip", "set"]
    assert sorted(path.name for path in (looked / "audit").iterdir()) == WRITTEN
    assert list(read_json(looked / "audit" / "audit.json")["findings"]) == ["siblings_test", "groups"]


def test_every_category_is_tumour_unless_some_are_named(looked, tmp_path):
    found = read_json(looked / "audit" / "audit.json")["categories"]
    assert {name: each["tumor"] for name, each in found.items()} == {"0": "yes", "<b>rim</b>": "yes"}
    first_look(str(looked / "set"), tmp_path / "one", categories=["0"], image_size=64)
    found = read_json(tmp_path / "one" / "audit.json")["categories"]
    assert {name: each["tumor"] for name, each in found.items()} == {"0": "yes", "<b>rim</b>": "no"}


def test_the_page_holds_all_it_shows_and_says_what_was_found(looked):
    page = looked / "audit" / "index.html"
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"https?://", text)
    assert "<b>rim" not in text
    script = """return {
      pictures: all("img").map((img) => img.naturalWidth > 100),
      findings: texts(".findings tbody tr td:first-child"),
      facts: texts(".facts dd"), links: all("a").map((a) => a.getAttribute("href")),
      wide: document.documentElement.scrollWidth <= window.innerWidth,
    }"""
    for width, dark in ((1400, False), (500, True)):
        seen = use_page(page, script, width=width, dark=dark)
        assert seen["pictures"] == [True] * 4
        assert seen["findings"] == ["high", "info"]
        assert "12 train, 5 valid, 5 test" in seen["facts"]
        assert "0, <b>rim</b>" in seen["facts"]
        assert seen["wide"]
    assert all((looked / "audit" / link).is_file() for link in seen["links"])


def test_an_earlier_audit_is_replaced_and_nothing_else_is(looked, tmp_path):
    first_look(str(looked / "set"), looked / "audit", categories=None, image_size=64)
    assert sorted(path.name for path in (looked / "audit").iterdir()) == WRITTEN
    (tmp_path / "photo.png").write_bytes(b"dear")
    with pytest.raises(UserError, match=r"holds something other than an audit, and stays as it is"):
        first_look(str(looked / "set"), tmp_path, categories=None, image_size=64)
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]
    with pytest.raises(UserError, match="is a file; give a folder with -o"):
        first_look(str(looked / "set"), tmp_path / "photo.png", categories=None, image_size=64)


def test_a_set_in_the_folder_that_would_be_replaced_is_kept(looked, tmp_path):
    (tmp_path / "audit.json").write_text("{}")
    export = Export().write(tmp_path / "set")
    with pytest.raises(UserError, match="which the audit would replace"):
        first_look(str(export), tmp_path, categories=None, image_size=64)


def test_an_audit_is_not_written_into_the_set_that_is_read(tmp_path):
    export = Export().write(tmp_path / "my set")
    before = sorted(tmp_path.rglob("*"))
    done = tumorseg(export, "audit", ".")
    assert done.returncode == 1
    assert done.stderr == (
        "error: audit: lies in the set, and would be read as a part of it the next time; give a folder "
        f"elsewhere, such as -o {tmp_path}/audit\n"
    )
    (tmp_path / "annotations").mkdir()
    for given in (tmp_path / "x.json", tmp_path / "annotations" / "x.json"):  # pictures beside it are read
        given.write_text("{}")
        with pytest.raises(UserError, match="lies in the set"):
            first_look(str(given), tmp_path / "audit", categories=None, image_size=64)
        given.unlink()
    (tmp_path / "annotations").rmdir()
    assert sorted(tmp_path.rglob("*")) == before


def test_the_page_has_the_name_of_the_folder_and_a_command_that_trains_on_what_was_audited(tmp_path, root):
    export = Export()
    export.relabel("train", 0, area=None)  # which is computed
    export.categories[1] = {"id": 2, "name": "low grade's"}
    folder = export.write(tmp_path / "My set (1)")
    done = tumorseg(
        folder, *("audit", ".", "-o", "../look", "--image-size", "64", "--category", "low grade's")
    )
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "look" / "index.html").read_text(encoding="utf-8")
    assert "<h1>The audit of My set (1)</h1>" in text
    assert "mended at download: " in done.stdout
    assert "; listed in mended.csv" in text
    assert "data/raw" not in done.stdout + text
    dvc, exp, run, *settings = shlex.split(unescape(re.search("<pre>(.*)</pre>", text)[1]))
    assert (dvc, exp, run, *settings[::2]) == ("dvc", "exp", "run", *["-S"] * 4)
    shutil.copy(root / "params.yaml", tmp_path)
    apply_overrides(tmp_path / "params.yaml", settings[1::2])
    params = load_params(tmp_path / "params.yaml")
    assert (params.data, params.dataset.source.path) == ("archive", str(folder))
    assert (params.dataset.tumor_categories, params.dataset.image_size) == (["low grade's"], 64)


def test_a_set_whose_name_a_command_cannot_hold_is_told(tmp_path):
    folder = Export().write(tmp_path / "back\\slash")
    text = first_look(str(folder), tmp_path / "look", categories=None, image_size=64).read_text(
        encoding="utf-8"
    )
    assert "<pre>" not in text
    assert "write its values into params.yaml: datasets.archive.source.path: " in text


def test_what_cannot_be_read_leaves_nothing(looked, tmp_path):
    with pytest.raises(UserError, match="nowhere: not found; give a zip file, a folder or"):
        first_look(str(tmp_path / "nowhere"), tmp_path / "audit", categories=None, image_size=64)
    with pytest.raises(UserError, match="the annotations have no category 'cyst'; they have '0'"):
        first_look(str(looked / "set"), tmp_path / "audit", categories=["cyst"], image_size=64)
    assert not list(tmp_path.iterdir())


def test_a_side_that_nets_cannot_halve_is_refused_at_once(tmp_path):
    done = tumorseg(tmp_path, "audit", "set.zip", "--image-size", "100")
    assert done.returncode == 2
    assert "100 is no multiple of 32" in done.stderr


def test_what_was_mended_is_shown_and_escaped(tmp_path):
    assert _mended(tmp_path / "mended.csv") == ""
    with (tmp_path / "mended.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["split", "file"], ["train", "<i>.png"]])
    text = _mended(tmp_path / "mended.csv")
    assert "Changed as the set was read: 1" in text
    assert "<td>&lt;i&gt;.png</td>" in text
    assert "<td>&amp;</td>" in _table("a", ["b"], [["&"]])
