"""What each stage costs on sets of generated slices: seconds of the processor, and memory, against size.

Run with `python bench/scale.py --sizes 2000 20000 200000`. Each set is generated into a temporary folder
(TMPDIR says where; 200,000 slices take 4 GB) beside a copy of the project, whose stage scripts are run one
after another, as DVC runs them, with one thread each for sums. It writes docs/results/scale.json and
docs/results/scale.png. Memory is what the process holds at its peak, less mapped files, which the system can
drop: RssAnon of /proc, looked at 20 times a second (Linux).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
SIDE = 64  # pixels of a slice
WORKING = 32  # pixels a side that nets see
STACK = 8  # slices of a patient
SHARES = {"train": 0.8, "valid": 0.1, "test": 0.1}
STAGES = ("download", "render_masks", "prepare", "class_balance", "audit", "train", "evaluate", "compare")
MODEL = "simple_cnn"
EVERY = 0.05  # seconds


def draw(rng: np.random.Generator) -> tuple[list[np.ndarray], list[list[float]]]:
    """A patient: slices, uint8 (SIDE, SIDE), of a head whose tissue drifts; and the boxes of a disc in it."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    start, end = (cv2.resize(rng.normal(0, 1, (6, 6)).astype(np.float32), (SIDE, SIDE)) for _ in range(2))
    axes, place, radius = rng.uniform(20, 28, 2), rng.uniform(24, 40, 2), rng.uniform(3, 7)
    head = ((x - SIDE / 2) / axes[0]) ** 2 + ((y - SIDE / 2) / axes[1]) ** 2 < 1
    disc = (x - place[0]) ** 2 + (y - place[1]) ** 2 < radius**2
    slices = []
    for share in np.linspace(0, 0.7, STACK):
        grey = 110 + 35 * ((1 - share) * start + share * end) + 60 * disc
        noise = rng.integers(-8, 9, grey.shape)
        slices.append(np.clip(np.where(head, grey + noise, 0), 0, 255).astype(np.uint8))
    return slices, [[*(place - radius), 2 * radius, 2 * radius]] * STACK


def generate(folder: Path, count: int) -> None:
    """A COCO export of so many slices; patients are not parted, but by the borders of the splits."""
    rng, done, patient = np.random.default_rng(0), 0, iter(())
    for split, share in SHARES.items():
        (folder / split).mkdir(parents=True)
        images, annotations = [], []
        for _ in range(round(share * count)):
            found = next(patient, None)
            if found is None:
                patient = zip(*draw(rng), strict=True)
                found = next(patient)
            pixels, (left, top, width, height) = found
            name = f"{done:07}.png"
            cv2.imwrite(str(folder / split / name), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
            angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
            points = np.stack(
                [left + width * (1 + np.cos(angles)) / 2, top + height * (1 + np.sin(angles)) / 2]
            )
            about = {"id": done, "image_id": done, "category_id": 1, "iscrowd": 0}
            box = [round(float(value), 2) for value in (left, top, width, height)]
            outline = [points.T.ravel().round(2).tolist()]
            images.append({"id": done, "file_name": name, "width": SIDE, "height": SIDE})
            annotations.append(
                {**about, "bbox": box, "area": box[2] * box[3] * 0.75, "segmentation": outline}
            )
            done += 1
        export = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "tumour"}]}
        (folder / split / "_annotations.coco.json").write_text(json.dumps(export))


def copy_project(repo: Path, data: Path) -> None:
    """The project's code, and params of one epoch of one net on these data."""
    from ruamel.yaml import YAML

    for name in ("src", "stages"):
        shutil.copytree(ROOT / name, repo / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "dvc.yaml", repo)
    yaml = YAML()
    values = yaml.load(ROOT / "params.yaml")
    values |= {"data": "archive", "model": MODEL, "models": {MODEL: values["models"][MODEL]}}
    values["datasets"]["archive"] |= {"image_size": WORKING, "epochs": 1}
    values["datasets"]["archive"]["source"]["path"] = str(data)
    yaml.dump(values, repo / "params.yaml")


def memory(pid: int) -> float:
    """MiB that a process holds, less mapped files; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def run(repo: Path, stage: str) -> dict[str, float]:
    """Run a stage; its seconds of the processor, and MiB at its peak."""
    name = [MODEL] if stage in ("train", "evaluate") else []
    environment = os.environ | {"PYTHONPATH": str(repo / "src"), "OMP_NUM_THREADS": "1"}
    with (repo / f"{stage}.log").open("w") as log:
        command = [sys.executable, f"stages/{stage}.py", *name]
        process = subprocess.Popen(command, cwd=repo, env=environment, stdout=log, stderr=log)
        peak = 0.0
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            peak = max(peak, memory(process.pid))
            time.sleep(EVERY)
    text = (repo / f"{stage}.log").read_text()
    if ended[1]:
        sys.exit(f"{stage} failed:\n{text}")
    for line in text.splitlines():
        if line.startswith("similar slices"):
            print(f"  {line}")
    return {"seconds": round(ended[2].ru_utime + ended[2].ru_stime, 1), "mebibytes": round(peak)}


def measure(count: int) -> dict[str, dict[str, float]]:
    with TemporaryDirectory() as folder:
        data, repo = Path(folder, "set"), Path(folder, "project")
        repo.mkdir()
        generate(data, count)
        copy_project(repo, data)
        figures = {}
        for stage in STAGES:
            figures[stage] = run(repo, stage)
            print(f"{count} slices: {stage}: {figures[stage]}", flush=True)
    return figures


def picture(figures: dict[str, dict[str, dict[str, float]]], path: Path) -> None:
    """Cost against size, a panel for time and one for memory, both axes logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot, ticker

    drawn, axes = pyplot.subplots(1, 2, figsize=(11, 4.6), sharex=True)
    sizes = sorted(map(int, figures))
    for axis, of, title in zip(
        axes, ("seconds", "mebibytes"), ("seconds of the processor", "peak memory, MiB"), strict=True
    ):
        for number, stage in enumerate(STAGES):
            values = [figures[str(size)][stage][of] for size in sizes]
            axis.plot(sizes, values, marker="osD^v<>P"[number], label=stage)
        axis.set(xscale="log", yscale="log", xlabel="slices", title=title)
        axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axis.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,g}"))
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    axes[1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    drawn.tight_layout()
    drawn.savefig(path, dpi=130, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[2_000, 20_000, 200_000])
    sizes = parser.parse_args().sizes
    path = RESULTS / "scale.json"
    figures = json.loads(path.read_text()) if path.exists() else {}  # other sizes stay
    for size in sizes:
        figures[str(size)] = measure(size)
        path.write_text(json.dumps(figures, indent=2) + "\n")
    picture(figures, RESULTS / "scale.png")


if __name__ == "__main__":
    main()
