"""What `boxes: grabcut` is worth: on phantoms, whose true outlines are known, and how it looks on a real set.

python bench/outlines.py masks: box, ellipse in the box, and GrabCut against the true outlines, on phantoms of
the seeds 1 to 3 (on which its constants were chosen), with exact boxes and with boxes whose sides are off.
python bench/outlines.py nets [--seeds 0 1] [--side 128]: U-Nets trained on boxes, on what GrabCut makes of
them and on the true outlines, each scored on the phantom's test slices against the true outlines. Thresholds
are chosen on valid, by what the net was trained on.
python bench/outlines.py look data/raw sheet.png: time, how the outlines fill their boxes, and some of them.
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.data.boxes import FILE, Box, outline
from tumorseg.data.class_balance import class_balance
from tumorseg.data.coco import Slice, read_split
from tumorseg.data.masks import render_masks
from tumorseg.data.prepare import prepare
from tumorseg.data.slices import load_split
from tumorseg.evaluation.evaluate import evaluate_model
from tumorseg.metrics import STEPS
from tumorseg.params import Params, PhantomSource, load_params
from tumorseg.reading import read_json
from tumorseg.scores_file import read_scores
from tumorseg.sources import fetch
from tumorseg.training import train_model
from tumorseg.training.recipe import make_recipe
from tumorseg.types import Boxes

ARMS: dict[str, tuple[str, Boxes]] = {
    "boxes": ("boxes", "keep"),
    "grabcut": ("boxes", "grabcut"),
    "outlines": ("outlines", "keep"),
}
OFF = 0.08  # standard deviation of a side's place, in sides, where boxes are not exact
TILE, ACROSS, SHOWN = 240, 6, 24  # pixels; tiles in a row; tiles


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


def phantom(seed: int, labels: str, patients: int, size: int = 256) -> PhantomSource:
    return PhantomSource(
        kind="phantom",
        **{"seed": seed, "patients": patients, "slices_per_patient": 5},
        **{"native_size": size, "labels": labels},
    )


def candidates(image: np.ndarray, box: Box) -> dict[str, np.ndarray]:
    """Masks of the slice's size."""
    y, x = np.mgrid[: box.height, : box.width] + 0.5
    ellipse = (2 * x / box.width - 1) ** 2 + (2 * y / box.height - 1) ** 2 <= 1
    within = {"box": np.ones_like(ellipse), "ellipse": ellipse, "grabcut": outline(image, box).mask}
    masks = {}
    for name, part in within.items():
        masks[name] = np.zeros(image.shape, bool)
        masks[name][box.top : box.top + box.height, box.left : box.left + box.width] = part
    return masks


def box_round(tumor: np.ndarray, rng: np.random.Generator, off: float) -> Box:
    """The box round a tumour, with each side moved at random, into the slice."""
    left, top, width, height = cv2.boundingRect(tumor.astype(np.uint8))
    moved = rng.normal(0, off, 4) * (width, height, width, height)
    corners = np.rint(np.add(moved, (left, top, left + width, top + height))).astype(int)
    x0, y0, x1, y1 = np.clip(corners, 0, len(tumor)).tolist()
    return Box(x0, y0, x1 - x0, y1 - y0)


def compare_masks() -> None:
    rows, rng = [], np.random.default_rng(0)
    for seed in (1, 2, 3):
        with TemporaryDirectory() as scratch:
            raw, masks = Path(scratch) / "raw", Path(scratch) / "masks"
            fetch(phantom(seed, "outlines", 16), raw)
            render_masks(raw, masks, ["0", "1"])
            for split in SPLITS:
                for path in sorted((raw / split).glob("*.jpg")):
                    tumor = cv2.imread(str(masks / split / f"{path.stem}.png"), 0) > 0
                    image = cv2.imread(str(path), 0)
                    for off in (0.0, OFF) if tumor.any() else ():
                        tried = candidates(image, box_round(tumor, rng, off))
                        rows += [(off, name, dice(mask, tumor)) for name, mask in tried.items()]
    table = pd.DataFrame(rows, columns=["off", "label", "dice"]).groupby(["off", "label"])["dice"]
    print(table.describe(percentiles=[0.05])[["count", "mean", "5%", "min"]].round(3).to_string())


def prepare_arm(root: Path, name: str, side: int, params: Params) -> None:
    labels, boxes = ARMS[name]
    raw, arm = root / f"raw_{labels}", root / name
    if not raw.exists():
        fetch(phantom(0, labels, 32, 2 * side), raw)
    render_masks(raw, arm / "masks", ["0", "1"], boxes)
    prepare(
        *(raw, arm / "masks", arm / "prepared"),
        **{"name": name, "image_size": side, "channels": 1, "steps": params.preprocess},
        **{"rule": params.split, "blocks": params.datasets["phantom"].blocks},
    )
    class_balance(arm / "prepared", arm / "balance.json", arm / "balance")


def score_arm(root: Path, name: str, seed: int, params: Params) -> float:
    """Train on one kind of label; pooled Dice on test against the true outlines."""
    arm, data = root / name, params.datasets["phantom"]
    recipe = make_recipe(
        *("unet", params.models["unet"]),
        **{"seed": seed, "epochs": data.epochs, "pos_weight": read_json(arm / "balance.json")["pos_weight"]},
        **{"augment": params.augment, "train": params.train, "compute": params.compute},
    )
    own = arm / str(seed)
    train_model(recipe, arm / "prepared", [], own / "unet", own / "curve.csv", own / "work")
    evaluate_model(
        *(own / "unet", arm / "prepared"),
        **{"accelerator": "auto", "rule": params.evaluate},
        **{"predictions": own / "predictions", "headlines": own / "headline.json"},
        **{"details": own / "details.json", "plots": own / "plots"},
    )
    step = read_scores(own / "details.json").threshold * STEPS
    truth = load_split(root / "outlines" / "prepared", "test").masks > 0
    return dice(np.load(own / "predictions" / "test.npy") >= step, truth)


def compare_nets(seeds: list[int], side: int) -> None:
    params = load_params(Path(__file__).parents[1] / "params.yaml")
    with TemporaryDirectory() as scratch:
        root = Path(scratch)
        for name in ARMS:
            prepare_arm(root, name, side, params)
        for seed in seeds:
            for name in ARMS:
                found = score_arm(root, name, seed, params)
                print(f"seed {seed}, trained on {name}: Dice {found:.3f} against true outlines", flush=True)


def look(raw: Path, sheet: Path) -> None:
    with TemporaryDirectory() as scratch:
        masks = Path(scratch) / "masks"
        start = time.process_time()
        render_masks(raw, masks, None, "grabcut")
        print(f"{time.process_time() - start:.0f} s of the processor")
        table = pd.read_csv(masks / FILE)
        print(table["fill"].describe(percentiles=[0.05, 0.25, 0.5, 0.75, 0.95]).round(3).to_string())
        print(table["by"].value_counts().to_string())
        slices = [item for item in read_split(raw / "train") if item.annotations]
        chosen = [slices[place] for place in np.linspace(0, len(slices) - 1, SHOWN).astype(int)]
        tiles = [tile(raw / "train", masks / "train", item) for item in chosen]
    rows = [np.hstack(tiles[start : start + ACROSS]) for start in range(0, len(tiles), ACROSS)]
    cv2.imwrite(str(sheet), np.vstack(rows))


def tile(pictures: Path, masks: Path, item: Slice) -> np.ndarray:
    """What is round the first annotation of a slice, with its box in blue and the outline in green."""
    image = cv2.imread(str(pictures / item.file_name), cv2.IMREAD_COLOR)
    mask = cv2.imread(str(masks / f"{Path(item.file_name).stem}.png"), 0)
    rims, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(image, rims, -1, (0, 255, 0), 1)
    left, top, width, height = (round(value) for value in item.annotations[0].bbox)
    cv2.rectangle(image, (left, top), (left + width, top + height), (255, 120, 0), 1)
    half = round(0.8 * max(width, height)) + 8
    image = cv2.copyMakeBorder(image, *[half] * 4, cv2.BORDER_CONSTANT)
    x, y = left + width // 2, top + height // 2
    return cv2.resize(image[y : y + 2 * half, x : x + 2 * half], (TILE, TILE))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    ways = parser.add_subparsers(dest="way", required=True)
    ways.add_parser("masks")
    nets = ways.add_parser("nets")
    nets.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    nets.add_argument("--side", type=int, default=128, help="pixels that nets work at")
    looked = ways.add_parser("look")
    looked.add_argument("raw", type=Path)
    looked.add_argument("sheet", type=Path)
    given = parser.parse_args()
    if given.way == "masks":
        compare_masks()
    elif given.way == "nets":
        compare_nets(given.seeds, given.side)
    else:
        look(given.raw, given.sheet)


if __name__ == "__main__":
    main()
