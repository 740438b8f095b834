"""The ways to set the project up: what make, VS Code and a dev container are told fits together."""

import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NO_ANSWER = "http://127.0.0.1:9/whl/cpu"  # the port of `discard`, where nothing listens


def make(folder: Path, *words: str) -> subprocess.CompletedProcess:
    # Without uv, and with as little as it takes to make an environment.
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    command = ["make", f"PYTHON={sys.executable}", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".git").mkdir()
    return tmp_path


def test_what_is_no_repository_is_told_before_anything_is_installed(project):
    (project / ".git").rmdir()
    done = make(project, "setup")
    assert done.returncode != 0
    assert done.stderr.startswith("error: no .git here, which DVC needs: git clone the project, or in this ")
    assert not (project / ".venv").exists()


def test_clean_removes_what_killed_runs_left_and_not_what_one_is_writing(project):
    (project / "src/tumorseg").mkdir(parents=True)
    for name in ("__init__.py", "files.py"):
        shutil.copy(ROOT / "src/tumorseg" / name, project / "src/tumorseg")
    left, written = project / "data/.raw.0123abcd.tmp", project / "models/.unet.0123abcd.tmp"
    for folder in (left, written, project / "data/raw"):
        (folder / "train").mkdir(parents=True)
    descriptor = os.open(written, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert make(project, "clean").returncode == 0
    finally:
        os.close(descriptor)
    assert not left.exists()
    assert (written / "train").is_dir()
    assert (project / "data/raw/train").is_dir()


def test_the_dev_container_is_set_up_by_a_target_of_the_makefile():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    command, *words = shlex.split(container["postCreateCommand"])
    assert command == "make"
    targets = [word for word in words if "=" not in word]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets
    assert all(f"\n{target}:" in makefile for target in targets)
    # Its Python is one that the project supports.
    version = container["image"].rpartition(":3.")[2]
    low, high = re.search(
        r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text()
    ).groups()
    assert int(low) <= int(version) < int(high)


def test_the_dev_container_has_the_extensions_that_are_recommended():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    recommended = json.loads((ROOT / ".vscode/extensions.json").read_text(encoding="utf-8"))[
        "recommendations"
    ]
    assert container["customizations"]["vscode"]["extensions"] == recommended


@pytest.mark.slow
def test_an_index_that_does_not_answer_is_one_line_and_leaves_nothing_ready(project):
    done = make(project, "setup", "CPU=1", f"CPU_INDEX={NO_ANSWER}")
    assert done.returncode != 0
    assert f"error: {NO_ANSWER} cannot be reached; make setup without CPU=1 installs" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / ".venv/ready").exists()
    assert not (project / ".venv/cpu").exists()


def test_an_environment_with_cuda_is_not_made_one_without_it(project):
    (project / ".venv").mkdir()
    (project / ".venv/ready").touch()
    done = make(project, "setup", "CPU=1")
    assert done.returncode != 0
    assert ".venv has PyTorch with CUDA: remove it" in done.stderr


def test_what_is_left_out_without_cuda_is_cuda_alone(project):
    """Nothing but torch and CUDA itself needs it, and no package of CUDA's stays."""
    left_out = re.compile(re.search(r"grep -vE '([^']+)'", (project / "Makefile").read_text())[1])
    name, needed_by = "", {}
    for line in (project / "requirements.txt").read_text().splitlines():
        if not line.startswith(" "):
            name = re.split(r"[=\[ ;]", line)[0]
            needed_by[name] = set()
        else:
            needed_by[name].add(line.strip().removeprefix("# via").removeprefix("#").strip())
    cuda = {name for name in needed_by if left_out.match(name)}
    assert {"triton", "nvidia-cublas", "nvidia-cudnn-cu13"} <= cuda
    assert all(needed_by[name] - {""} <= cuda | {"torch"} for name in cuda)
    assert not [name for name in needed_by.keys() - cuda if "cuda" in name or "nvidia" in name]
