"""`tumorseg predict` as a process: exit status, what is printed, what goes wrong, a kill."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from support.delivered import write_pictures
from support.results import ROOT, call, content, rows_of

from tumorseg.data.read import read_slice
from tumorseg.delivery.predict import Options, predict
from tumorseg.delivery.summary import NOTHING, SOME_FAILED, status_of


def test_bad_inputs_hide_no_others(net, slices, tmp_path):
    folder, files = tmp_path / "in", sorted(slices.glob("*/*.jpg"))[:6]
    folder.mkdir()
    for path in files:
        (folder / path.name).write_bytes(path.read_bytes())
    cut, empty = folder / files[0].name, folder / "empty.png"
    cut.write_bytes(cut.read_bytes()[:900])
    empty.write_bytes(b"")
    done = call("predict", str(folder), "-o", str(tmp_path / "out"), "--model", str(net))
    assert done.returncode == SOME_FAILED
    assert "Traceback" not in done.stderr
    assert f"failed {cut.stem}: {cut.name}: the JPEG is cut off" in done.stdout
    assert "5 slices of 7 inputs" in done.stdout
    assert {row["name"] for row in rows_of(tmp_path / "out/failures.csv")} == {cut.stem, "empty"}
    assert str(tmp_path) not in (tmp_path / "out/failures.csv").read_text()
    assert len(rows_of(tmp_path / "out/predictions.csv")) == 5
    # Mended, it is done by the same command, and the others are not done again.
    cut.write_bytes(files[0].read_bytes())
    empty.unlink()
    counts = predict([str(folder)], tmp_path / "out", Options(model=str(net)))
    assert (counts.slices, counts.skipped) == (6, 5)


def test_nothing_done_is_status_1(net, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.png").write_bytes(b"")
    counts = predict([str(tmp_path / "in")], tmp_path / "out", Options(model=str(net)))
    assert status_of(counts, strict=False) == NOTHING
    assert (
        call("predict", str(tmp_path / "none"), "-o", str(tmp_path / "o"), "--model", str(net)).returncode
        == 1
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--formats", "png,gif"], "'gif' is none of png"),
        (["--threshold", "1.5"], "1.5 is not from"),
        (["--part", "3/2"], "'3/2' is not I/N"),
        (["--window", "9:1"], "'9:1' is neither auto"),
    ],
)
def test_wrong_usage_is_status_2(words, said):
    done = call("predict", "a.png", "-o", "out", *words)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


def test_black_and_strict_and_json(net, tmp_path):
    folder = write_pictures(tmp_path / "in", {"black": np.zeros((30, 200), np.uint8)})
    words = ["predict", str(folder), "-o", str(tmp_path / "out"), "--model", str(net)]
    done = call(*words, "--json", "--strict")
    assert done.returncode == 4
    assert json.loads(done.stdout)["warnings"]["no-head"] == 1
    assert call(*words).returncode == 0
    assert "warning no-head, 1 slice: there is no head in it" in call(*words).stdout
    assert read_slice(tmp_path / "out/masks/black.png").shape == (30, 200)
    assert "no-head" in rows_of(tmp_path / "out/predictions.csv")[0]["warnings"]


FORBID = """
def forbid(event, arguments):
    if event.startswith('socket.') and event != 'socket.__new__':
        raise RuntimeError(event)
sys.addaudithook(forbid)
"""


def test_no_socket_is_opened_and_nobody_is_named(net, slices, tmp_path):
    words = ["predict", str(slices / "test"), "-o", str(tmp_path / "out"), "--model", str(net)]
    done = call(*words, code=FORBID)
    assert (done.returncode, done.stderr) == (0, "")
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert str(tmp_path).encode() not in path.read_bytes()
    run = json.loads((tmp_path / "out/run.json").read_text())
    assert set(run) == {"net", "options", "versions"}  # no date, machine or user


@pytest.mark.slow
def test_a_kill_leaves_whole_files_and_the_next_call_goes_on(net, tmp_path):
    rng = np.random.default_rng(0)
    pictures = {f"{n:03}": rng.integers(0, 256, (300, 300), np.uint8) for n in range(150)}
    folder = write_pictures(tmp_path / "in", pictures)
    words = ["predict", str(folder), "-o", str(tmp_path / "out"), "--model", str(net)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tumorseg", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while len(list((tmp_path / "out").glob(".records/*.json"))) < 20 and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    process.wait()
    done = len(list((tmp_path / "out").glob(".records/*.json")))
    assert 20 <= done < 150
    for path in (tmp_path / "out").glob("masks/[0-9]*.png"):
        assert read_slice(path).shape == (300, 300)
    counts = predict([str(folder)], tmp_path / "out", Options(model=str(net)))
    assert (counts.skipped, counts.slices) == (done, 150)
    predict([str(folder)], tmp_path / "anew", Options(model=str(net)))
    left = {name: digest for name, digest in content(tmp_path / "out").items() if ".tmp" not in name}
    assert left == content(tmp_path / "anew")
