"""The real pipeline, shrunk to seconds: a clone of it, and the commands that drive it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

GIT = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
MODELS = ["location_prior", "simple_cnn", "deep_cnn"]


def dvc(repo: Path, *arguments: str, fails: bool = False) -> str:
    """Run dvc as a user would; return all it printed."""
    bin_folder = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "1",
        "GIT_AUTHOR_NAME": "test",
        "GIT_AUTHOR_EMAIL": "test@example.org",
        "GIT_COMMITTER_NAME": "test",
        "GIT_COMMITTER_EMAIL": "test@example.org",
    }
    done = subprocess.run(
        ["dvc", *arguments], cwd=repo, env=environment, capture_output=True, text=True, timeout=300
    )
    output = done.stdout + done.stderr
    assert (done.returncode != 0) == fails, output
    return output


def ran(output: str) -> list[str]:
    """Names of the stages that an output says were run."""
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage '")]


def commit(repo: Path) -> None:
    subprocess.run([*GIT, "add", "--all"], cwd=repo, check=True)
    subprocess.run([*GIT, "commit", "--quiet", "--message", "x"], cwd=repo, check=True)


def shrink(params: Path) -> None:
    """Few, small slices, one epoch, three models."""
    yaml = YAML()
    values = yaml.load(params)
    values["model"] = "simple_cnn"
    phantom = values["datasets"]["phantom"]
    phantom["source"] |= {"patients": 8, "slices_per_patient": 3, "native_size": 64}
    phantom |= {"image_size": 32, "epochs": 1}
    values["models"] = {name: values["models"][name] for name in MODELS}
    yaml.dump(values, params)


def clone(root: Path, repo: Path) -> Path:
    """A copy of the project as it stands, with shrunk params, committed, nothing run, no cache."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=root, check=True, capture_output=True, text=True).stdout.split(
        "\0"
    ):
        if name and (root / name).is_file() and not name.startswith(("dvc.lock", "metrics/")):
            (repo / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, repo / name)
    shrink(repo / "params.yaml")
    subprocess.run([*GIT, "init", "--quiet"], cwd=repo, check=True)
    commit(repo)
    return repo


def copy(repo: Path, folder: Path) -> Path:
    shutil.copytree(repo, folder / "repo", symlinks=True)
    return folder / "repo"
