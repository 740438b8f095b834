"""Files of a finished run that are missing, emptied or cut, when the stage that reads them is run alone."""

from collections.abc import Callable
from pathlib import Path

from corpus import Case, Kind

NET = "simple_cnn"
DETAILS, SCORES = f"metrics/details/{NET}.json", f"data/predictions/{NET}/slices.csv"
MODEL, CURVES = f"models/{NET}", f"plots/train/{NET}.csv"
READS = {
    "render_masks": ["data/raw/train/_annotations.coco.json"],
    "prepare": ["data/raw/valid/_annotations.coco.json", "data/raw/train/*.jpg", "data/masks/greys.json"],
    "audit": [
        *("data/raw/test/_annotations.coco.json", "data/prepared/slices.csv", "data/prepared/left_out.csv"),
        *("data/prepared/about.json", "data/prepared/train/images.npy", "data/prepared/test/masks.npy"),
    ],
    "class_balance": [
        "data/prepared/slices.csv",
        "data/prepared/about.json",
        "data/prepared/train/masks.npy",
    ],
    f"train {NET}": [
        "metrics/class_balance.json",
        "data/prepared/slices.csv",
        "data/prepared/valid/masks.npy",
    ],
    f"evaluate {NET}": [
        *(f"{MODEL}/weights.safetensors", f"{MODEL}/model.json", "data/prepared/test/images.npy"),
    ],
    "compare": [
        *(DETAILS, SCORES, f"data/predictions/{NET}/test.npy", CURVES, f"plots/evaluate/{NET}/pr_curve.csv"),
        "metrics/audit.json",
    ],
    "report": [DETAILS, "metrics/audit.json"],
    "deliver": [
        *(f"{MODEL}/weights.safetensors", f"{MODEL}/model.json", "metrics/statement.json", DETAILS),
        *("data/raw/train/_annotations.coco.json", "data/prepared/about.json", "data/raw/valid/*.jpg"),
        *("data/masks/valid/*.png", f"data/predictions/{NET}/valid.npy"),
    ],
}
DAMAGES: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "emptied": lambda path: path.write_bytes(b""),
    # Not between two lines: of a table that ends there nobody can tell.
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2].rstrip(b"\n")),
}


def first(root: Path, pattern: str) -> Path:
    """The first file of a pattern, by name."""
    return min(root.glob(pattern))


def _case(stage: str, pattern: str, damage: str) -> Case:
    # Of a file of many, the name is not known here; of annotations, the split's folder and theirs are told.
    file = pattern.removeprefix("data/raw/") if pattern.endswith("coco.json") else pattern
    return Case(
        f"{stage}: {pattern} {damage}", f"*{file}: *", lambda root: DAMAGES[damage](first(root, pattern))
    )


KIND = Kind(
    "Files of the pipeline's own",
    "the stage that reads it, run by itself",
    [_case(stage, file, damage) for stage, files in READS.items() for file in files for damage in DAMAGES],
)
