"""Where the time of `dvc repro` goes, stage by stage.

Run with `python bench/stages.py` on a committed state: the pipeline runs in a fresh clone with an empty
cache, each stage under pyinstrument, a sampling profiler. Times are seconds by the clock, of the main thread.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

# What a part of the time is spent on: by the innermost frame whose file ends so.
ENDS = {
    "training": ("training/fitting.py", "training/segmenter.py"),
    "prediction": ("models/predict.py", "models/batches.py"),
    "bootstrap": ("tumorseg/bootstrap.py", "tumorseg/paired.py"),
    "pictures": ("tumorseg/figures.py", "matplotlib/figure.py"),
}
PARTS = ("imports", *ENDS, "other")
PROFILED = """#!/bin/sh
exec {python} -m pyinstrument --interval 0.002 --renderer json --outfile {folder}/$$.json "$@"
"""


def part_of(frame: dict[str, Any], above: str) -> str:
    path = frame["file_path"] or ""
    if frame["function"] == "<module>" and "stages/" not in path:
        return "imports"
    for part, ends in ENDS.items():
        if path.endswith(ends):
            return part
    return above


def split_up(frame: dict[str, Any], above: str = "other") -> Counter[str]:
    """Seconds of each part in a frame and all it calls."""
    part = part_of(frame, above)
    seconds = Counter({part: frame["time"] - sum(child["time"] for child in frame["children"])})
    for child in frame["children"]:
        seconds.update(split_up(child, part))
    return seconds


def name_of(command: str) -> str:
    """`train unet`, of `/…/stages/train.py unet`."""
    script, *rest = command.split("stages/")[-1].split()
    return " ".join([script.removesuffix(".py"), *rest])


def repro(folder: Path) -> tuple[float, dict[str, Counter[str]]]:
    """Seconds of `dvc repro` in a fresh clone, and those of each part of each stage."""
    project, profiles, shims = (folder / name for name in ("project", "profiles", "bin"))
    profiles.mkdir()
    shims.mkdir()
    (shims / "python").write_text(PROFILED.format(python=sys.executable, folder=profiles))
    (shims / "python").chmod(0o755)
    subprocess.run(["git", "clone", "--quiet", ".", project], check=True)
    paths = os.pathsep.join([str(shims), str(Path(sys.executable).parent), os.environ["PATH"]])
    began = time.perf_counter()
    command = ["dvc", "repro", "--quiet"]
    subprocess.run(command, check=True, cwd=project, env=os.environ | {"PATH": paths}, stdout=sys.stderr)
    seconds, stages = time.perf_counter() - began, {}
    for path in sorted(profiles.iterdir(), key=lambda path: path.stat().st_mtime):
        profile = json.loads(path.read_text())
        stages[name_of(profile["target_description"])] = split_up(profile["root_frame"])
    return seconds, stages


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        seconds, stages = repro(Path(folder))
    print(f"| stage | {' | '.join(PARTS)} | all |\n|---|{'---:|' * (len(PARTS) + 1)}")
    for stage, parts in stages.items():
        print(row(f"`{stage}`", parts))
    total: Counter[str] = sum(stages.values(), Counter())
    print(row("all stages", total))
    print(f"\n`dvc repro`: {seconds:.0f} s, of which DVC {seconds - total.total():.0f} s")


def row(name: str, parts: Counter[str]) -> str:
    cells = [f"{parts[part]:.1f}" if parts[part] >= 0.05 else "" for part in PARTS]
    return f"| {name} | {' | '.join(cells)} | {parts.total():.1f} |"


if __name__ == "__main__":
    main()
