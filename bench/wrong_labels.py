"""How many planted wrong labels `compare` finds, and how many it accuses that are right.

python bench/wrong_labels.py [--patients 40] [--epochs 12]: generates phantoms, spoils 5 % of the labels (a
third each: shifted, missing, of another patient's slice), trains two U-Nets on each of four folds of similar
slices, and asks about each fold's test split: every slice is judged by nets that have not seen it. Nothing is
chosen on what was planted.
"""

import argparse
import json
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch

from tumorseg import SPLITS
from tumorseg.compare.suspects import find_suspects, voters_of
from tumorseg.data.class_balance import class_balance
from tumorseg.data.masks import render_masks
from tumorseg.data.prepare import prepare
from tumorseg.data.slices import load_split
from tumorseg.evaluation.evaluate import evaluate_model
from tumorseg.params import Blocks, Model, PhantomSource, load_params
from tumorseg.reading import read_json
from tumorseg.scores_file import read_scores
from tumorseg.sections import Split
from tumorseg.sources import fetch
from tumorseg.training import train_model
from tumorseg.training.recipe import make_recipe

SHARE, FOLDS = 0.05, 4
NETS = {
    "deep": Model(architecture="unet", loss="bce_dice", width=16, depth=4),
    "shallow": Model(architecture="unet", loss="bce_dice", width=16, depth=3),
}
KINDS = ("shifted", "missing", "another's")
ANNOTATIONS = "_annotations.coco.json"


def shifted(region: dict[str, Any], rng: np.random.Generator, size: int) -> dict[str, Any]:
    """The region's box, moved by 0.7 to 1 of its own size along both axes, into the slice."""
    left, top, width, height = region["bbox"]
    for sign in rng.permutation([(1, 1), (1, -1), (-1, 1), (-1, -1)]).tolist():
        step = rng.uniform(0.7, 1, 2) * (width, height) * sign
        x, y = left + step[0], top + step[1]
        if x >= 0 and y >= 0 and x + width <= size and y + height <= size:
            break
    outline = [x, y, x + width, y, x + width, y + height, x, y + height]
    return region | {"bbox": [x, y, width, height], "segmentation": [outline], "area": width * height}


def spoil(raw: Path, size: int, seed: int) -> dict[str, str]:
    """Spoil labels of a phantom in place; by file: what has been done to its label."""
    rng = np.random.default_rng(seed)
    patients = pd.read_csv(raw / "patients.csv").set_index("file")["patient"]
    exports = {split: json.loads((raw / split / ANNOTATIONS).read_text()) for split in SPLITS}
    of_file: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for export in exports.values():
        names = {image["id"]: image["file_name"] for image in export["images"]}
        counts = Counter(region["image_id"] for region in export["annotations"])
        for region in export["annotations"]:
            if counts[region["image_id"]] == 1:
                of_file[names[region["image_id"]]] = (export, region)
    files, done = sorted(of_file), {}
    for number, file in enumerate(rng.permutation(files)[: round(SHARE * len(files))].tolist()):
        export, region = of_file[file]
        kind = KINDS[number % len(KINDS)]
        export["annotations"].remove(region)
        if kind == "shifted":
            export["annotations"].append(shifted(region, rng, size))
        elif kind == "another's":
            others = [other for other in files if patients[other] != patients[file]]
            _, other = of_file[str(rng.choice(others))]
            kept = {key: region[key] for key in ("id", "image_id", "category_id")}
            export["annotations"].append(other | kept)
        done[file] = kind
    for split, export in exports.items():
        (raw / split / ANNOTATIONS).write_text(json.dumps(export))
    return done


def ask_fold(root: Path, fold: int, side: int, epochs: int) -> pd.DataFrame:
    """Train on a fold and ask about its test split; the suspects."""
    torch.set_num_threads(1)  # folds run side by side
    params = load_params(Path(__file__).parents[1] / "params.yaml")
    own = root / str(fold)
    prepared, rule = own / "prepared", Split(strategy="similar", folds=FOLDS, fold=fold)
    prepare(
        *(root / "raw", root / "masks", prepared),
        **{"name": "phantom", "image_size": side, "steps": params.preprocess},
        **{"rule": rule, "blocks": Blocks(size=10, gap=2)},
    )
    class_balance(prepared, own / "balance.json", own / "balance")
    weight = read_json(own / "balance.json")["pos_weight"]
    results = {}
    for name, model in NETS.items():
        recipe = make_recipe(
            *(name, model),
            **{"seed": params.seed, "epochs": epochs, "pos_weight": weight},
            **{"augment": params.augment, "train": params.train, "compute": params.compute},
        )
        train_model(recipe, prepared, [], own / name, own / f"{name}.csv", own / "work")
        evaluate_model(
            *(own / name, prepared),
            **{"accelerator": "auto", "rule": params.evaluate},
            **{"predictions": own / "predictions" / name, "headlines": own / "headline.json"},
            **{"details": own / f"{name}.json", "plots": own / "plots"},
        )
        results[name] = read_scores(own / f"{name}.json")
    voters = voters_of(results, dict.fromkeys(NETS, True))
    suspects = find_suspects(voters, results, {"test": load_split(prepared, "test")}, own / "predictions")
    return suspects.table.assign(fold=fold, voters=len(voters))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=40)
    parser.add_argument("--side", type=int, default=64, help="pixels that nets work at")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--jobs", type=int, default=2, help="folds at a time")
    parser.add_argument("--seed", type=int, default=0, help="of what is planted")
    given = parser.parse_args()
    with TemporaryDirectory() as scratch:
        root, native = Path(scratch), 2 * given.side
        source = PhantomSource(
            kind="phantom", seed=0, patients=given.patients, slices_per_patient=5, native_size=native
        )
        fetch(source, root / "raw")
        planted = spoil(root / "raw", native, given.seed)
        render_masks(root / "raw", root / "masks", ["0", "1"])
        ask = partial(ask_fold, root, side=given.side, epochs=given.epochs)
        with ProcessPoolExecutor(given.jobs, get_context("spawn")) as pool:
            asked = pd.concat(pool.map(ask, range(FOLDS)))
    hits = asked[asked.file.isin(planted)]  # one train slice of a phantom lacks its label anyway: no hit
    print(
        asked[["file", "fold", "fault", "agreement", "label_dice"]]
        .assign(planted=asked.file.map(planted))
        .to_string()
    )
    for kind, count in Counter(planted.values()).items():
        print(f"{kind}: {sum(planted[file] == kind for file in hits.file)} of {count}")
    print(
        f"planted {len(planted)} of {5 * given.patients}, found {len(hits)}, accused {len(asked)}: "
        f"recall {len(hits) / len(planted):.2f}, precision {len(hits) / max(1, len(asked)):.2f}"
    )


if __name__ == "__main__":
    main()
