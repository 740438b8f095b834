"""Kill the pipeline again and again with SIGKILL, and see that it ends in the files of an undisturbed run.

python bench/kills.py [SEED [KILLS]] runs the real pipeline, shrunk, in a temporary folder: once undisturbed,
and once killed KILLS times, at moments, of processes and from shells that the seed draws; each third waits
for a checkpoint of a training. After each kill no stage may live on; after the last, dvc repro must end with
the dvc.lock of the undisturbed run, and leave nothing half-written. Exit status 1 where that is not so.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from support.pipeline import clone, commit  # noqa: E402

EPOCHS = 60  # so that a training lasts for some kills
PATIENCE = 120.0  # seconds


def prepare(folder: Path) -> Path:
    """The pipeline, shrunk, with two nets that train for a while."""
    repo = clone(ROOT, folder / "repo")
    yaml = YAML()
    values = yaml.load(repo / "params.yaml")
    values["datasets"]["phantom"]["epochs"] = EPOCHS
    values["train"]["patience"] = EPOCHS
    yaml.dump(values, repo / "params.yaml")
    commit(repo)
    return repo


def start(repo: Path, shell: str | None) -> subprocess.Popen[bytes]:
    """`dvc repro` in a session of its own, with this SHELL or with none, which means /bin/sh."""
    environment = {key: value for key, value in os.environ.items() if key != "SHELL"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment |= {"DVC_NO_ANALYTICS": "1"} | ({"SHELL": shell} if shell else {})
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        ["dvc", "repro"], cwd=repo, env=environment, stdout=quiet, stderr=quiet, start_new_session=True
    )


def repro(repo: Path) -> None:
    """`dvc repro`, undisturbed."""
    if start(repo, None).wait():
        raise RuntimeError("dvc repro failed")


def stages(repo: Path) -> Iterator[psutil.Process]:
    """The processes of stages that run in a folder."""
    for process in psutil.process_iter():
        try:
            if any("stages/" in word for word in process.cmdline()) and Path(process.cwd()) == repo:
                yield process
        except psutil.Error:
            continue


def checkpoints(repo: Path) -> list[Path]:
    return list((repo / ".work").rglob("latest.ckpt"))


def kill(repo: Path, draw: random.Random, number: int) -> str:
    """One kill; what was done, in words."""
    shell = draw.choice([None, "/bin/bash"])
    whole, amid_training = draw.random() < 0.5, number % 3 == 2
    process = start(repo, shell)
    begun = time.monotonic()
    if amid_training:
        while not checkpoints(repo) and process.poll() is None and time.monotonic() < begun + PATIENCE:
            time.sleep(0.05)
        known = {path: path.stat().st_mtime_ns for path in checkpoints(repo)}
        while (
            process.poll() is None and time.monotonic() < begun + PATIENCE
        ):  # it is this run's, not the last's
            if any(path.stat().st_mtime_ns != known.get(path) for path in checkpoints(repo)):
                break
            time.sleep(0.02)
        time.sleep(draw.uniform(0, 1))
    else:
        time.sleep(draw.uniform(1, 20))
    running = [" ".join(each.cmdline()[-2:]) for each in stages(repo)]
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL) if whole else process.kill()
    process.wait()
    until = time.monotonic() + 10
    while (left := list(stages(repo))) and time.monotonic() < until:
        time.sleep(0.1)
    for each in left:
        each.kill()
    words = (
        f"{'all' if whole else 'dvc'}, SHELL {shell}, {time.monotonic() - begun:.1f} s, in {running or 'dvc'}"
    )
    saved = ", after a checkpoint" if checkpoints(repo) else ""
    return f"{words}{saved}{f', LIVED ON: {len(left)}' if left else ''}"


def leftovers(repo: Path) -> list[str]:
    return [str(path.relative_to(repo)) for path in repo.rglob(".*.tmp*") if ".dvc" not in path.parts]


def main(seed: int, kills: int) -> int:
    folder = Path(tempfile.mkdtemp(prefix="kills"))
    try:
        whole = prepare(folder)
        disturbed = shutil.copytree(whole, folder / "disturbed")
        repro(whole)
        draw, told = random.Random(seed), []
        for number in range(kills):
            told.append(kill(disturbed, draw, number))
            print(f"kill {number + 1}: {told[-1]}", flush=True)
        repro(disturbed)
        same = (whole / "dvc.lock").read_bytes() == (disturbed / "dvc.lock").read_bytes()
        left = leftovers(disturbed)
        saved = sum("checkpoint" in line for line in told)
        lived = sum("LIVED" in line for line in told)
        print(f"{kills} kills, {saved} after a checkpoint, {lived} after which a stage lived on")
        print(f"dvc.lock {'the same' if same else 'DIFFERENT'}; half-written files left: {left or 'none'}")
        return 0 if same and not left and not lived else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in [*sys.argv[1:], *("0", "20")[len(sys.argv) - 1 :]])))
