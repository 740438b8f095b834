"""Four models made of one, whose scores are chosen, and their comparison."""

import json
import shutil
from math import nan
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from support.rules import plain
from support.training import recipe, run

from tumorseg import SPLITS
from tumorseg.compare import compare_models
from tumorseg.evaluation.evaluate import evaluate_model
from tumorseg.reading import read_json

DICE = {"low": 0.25, "lowest": 0.125, "high": 0.75, "as_high": 0.75}
# Of the 81 tumour pixels of a slice, so many are predicted, and no others: Dice is 2 · hit / (hit + 81).
HIT = {"low": 60, "lowest": 60, "high": 20, "as_high": 40}
NONE = {"dice": nan, "low": nan, "high": nan}
AGREEMENT = {
    **{"alike_from": 0.95, "pairs": 40, "dice": 0.82},
    **{"by_distance": {}, "ceiling": {"labels": NONE, "net": NONE}},
}
LEARNS = {"low": True, "lowest": False, "high": True, "as_high": True, "missing": True}


def measure(root: Path, prepared: Path) -> None:
    """An evaluated model under four names; valid Dice differs as DICE says, test slices as HIT does."""
    shutil.copytree(prepared, root / "prepared")
    run(recipe("location_prior"), prepared, root)
    evaluate_model(
        root / "model",
        prepared,
        accelerator="cpu",
        rule=plain(),
        predictions=root / "predicted",
        headlines=root / "headline.json",
        details=root / "scores.json",
        plots=root / "evaluated",
    )
    about = {"prepared": read_json(root / "scores.json")["prepared"], "agreement": AGREEMENT}
    (root / "audit.json").write_text(json.dumps(about))
    scores, curves = read_json(root / "scores.json"), pd.read_csv(root / "curves.csv")
    slices = pd.read_csv(root / "predicted" / "slices.csv")
    test = slices["split"] == "test"
    for folder in ("headlines", "details", "curves"):
        (root / folder).mkdir()
    for name, dice in DICE.items():
        scores["valid"]["at_best"]["pooled"]["dice"] = dice
        (root / "details" / f"{name}.json").write_text(json.dumps(scores | {"gflops": 0.5, "parameters": 7}))
        (root / "headlines" / f"{name}.json").write_text("{}")
        epochs = (1, 2, 3) if LEARNS[name] else (0,)
        rows = [
            curves.assign(model=name, epoch=epoch, split=split) for epoch in epochs for split in SPLITS[:2]
        ]
        pd.concat(rows).to_csv(root / "curves" / f"{name}.csv", index=False)
        shutil.copytree(root / "evaluated", root / "plots" / name)
        shutil.copytree(root / "predicted", root / "predictions" / name)
        slices.loc[test, ["tp", "fp", "fn"]] = [HIT[name], 0, 81 - HIT[name]]
        slices.loc[test, "dice"] = 2 * HIT[name] / (HIT[name] + 81)
        slices.to_csv(root / "predictions" / name / "slices.csv", index=False)


def compare(root: Path, out: Path, names: list[str]) -> dict:
    """Compare the models into `out`; their figures. The folders of all models stay as they are."""
    with TemporaryDirectory() as scratch:
        return compare_in(shutil.copytree(root, Path(scratch) / "measured"), out, names)


def compare_in(root: Path, out: Path, names: list[str], **ensembles: list[str]) -> dict:
    """Likewise, in the very folders; and ensembles, by what they are made of."""
    compare_models(
        {name: LEARNS[name] for name in names},
        ensembles,
        prepared=root / "prepared",
        predictions=root / "predictions",
        headlines=root / "headlines",
        details=root / "details",
        curves=root / "curves",
        evaluated=root / "plots",
        audit=root / "audit.json",
        whole=True,
        out=out / "compare.json",
        plots=out / "plots",
    )
    return read_json(out / "compare.json")["models"]
