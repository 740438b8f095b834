"""The selected model as a folder that can be carried: weights, contract, card, self-test, digests."""

import math
import shutil
from pathlib import Path

import numpy as np

from tumorseg.data.read import Reading, read_reading, read_slice
from tumorseg.data.slices import load_split, shipped_files
from tumorseg.delivery.card import write_card
from tumorseg.delivery.contract import Contract, Decision, Headline, Input, write_contract
from tumorseg.delivery.digests import write_digests
from tumorseg.delivery.licences import name_source, read_licences
from tumorseg.delivery.native import with_native_scores
from tumorseg.delivery.onnx_export import export_onnx
from tumorseg.delivery.predictor import Predictor
from tumorseg.delivery.selftest import SIDE, write_sample
from tumorseg.delivery.warning_power import measured_expectation
from tumorseg.files import atomic_folder, write_text
from tumorseg.identity import check_same, read_identity
from tumorseg.models.artifact import WEIGHTS, ModelInfo, load_info, load_model
from tumorseg.params import Source
from tumorseg.scores_file import Scores, SplitScores, read_scores
from tumorseg.sources.phantom import sample_slices
from tumorseg.statement_file import read_siblings, read_statement
from tumorseg.types import PreprocessStep

COMPARED = 32  # slices of valid on which runtimes are compared: enough, and seconds
NOT_DELIVERED = {
    "siblings": "Not delivered: similar slices vote on each mask (evaluate.siblings), one may come alone.",
    "neighbors": "Not delivered: known slices vote on each mask (evaluate.neighbors) and stay here.",
}


def deliver_model(
    model: Path,
    *,
    prepared: Path,
    raw: Path,
    masks: Path,
    predictions: Path,
    details: Path,
    stated: Path,
    preprocess: list[PreprocessStep],
    source: Source,
    out: Path,
) -> None:
    """Write the delivered net.

    Args:
        model: Folder of the selected model, as written by `training.train_model` or `ensemble.join_models`.
        prepared: Folder made by `prepare.prepare`.
        raw: Folder of the slices at their own size, by the split they came in.
        masks: Folder of their masks, likewise.
        predictions: What `evaluation` has predicted with this model.
        details: Its scores, see `scores_file`.
        stated: What its score is worth, as written by `report`.
        preprocess: Steps, as in params.yaml.
        source: Of the dataset, likewise.
        out: Folder. Where a net cannot be delivered, it holds a README.md that says why, and nothing else.

    Raises:
        UserError: A file is missing, cut off or of other data, or what would be delivered was not evaluated.
    """
    known, sentences, _ = read_scores(details), read_statement(stated), load_model(model)
    check_same(known.prepared, details, read_identity(prepared), prepared)
    with atomic_folder(out) as folder:
        if why := why_not(known):
            write_text(folder / "README.md", f"{why}\n")
            print(why)
            return
        shutil.copyfile(model / WEIGHTS, folder / WEIGHTS)
        siblings = read_siblings(stated)
        write_contract(folder, contract_of(model, known, prepared, raw, preprocess, source, siblings))
        contract = with_native_scores(Predictor(folder), prepared, raw, masks, predictions)
        write_contract(folder, contract)
        write_sample(folder)
        without_onnx = export_onnx(folder, comparison_slices(prepared, raw))
        write_card(folder, contract, sentences, without_onnx)
        write_digests(folder)
    delivered = (
        f"delivered; its masks at native size have test Dice {contract.scores['test'].native_dice:.3f}"
    )
    print(*filter(None, [without_onnx, f"{contract.model.name}: {delivered}"]), sep="\n")


def why_not(known: Scores) -> str:
    """Why a net with these scores cannot be delivered; empty where it can."""
    voters = {"siblings": known.siblings_weight, "neighbors": known.neighbors_weight}
    return "\n".join(NOT_DELIVERED[name] for name, weight in voters.items() if weight)


def comparison_slices(prepared: Path, raw: Path) -> list[np.ndarray]:
    """Slices that all runtimes must agree on, as read: the sample's, and some of valid, evenly apart."""
    table = load_split(prepared, "valid").table
    files = shipped_files(table.iloc[:: math.ceil(len(table) / COMPARED)], raw)
    reading = read_reading(prepared)
    return [*sample_slices(SIDE), *(read_slice(path, reading) for path in files)]


def contract_of(
    model: Path,
    known: Scores,
    prepared: Path,
    raw: Path,
    preprocess: list[PreprocessStep],
    source: Source,
    siblings: float,
) -> Contract:
    """The contract of the evaluated model; its scores at native size are not known yet.

    Arguments as of `deliver_model`, and the share of test slices with a very similar one in train.
    """
    info, reading = load_info(model), read_reading(prepared)
    return Contract(
        model=info,
        decision=Decision(
            threshold=known.threshold,
            beta=known.beta,
            per_slice=known.per_slice,
            platt=known.platt,
            flip=known.flip,
            temperature=known.valid.calibration.temperature,
        ),
        input=Input(
            image_size=info.image_size,
            preprocess=preprocess,
            reading=reading,
            expects=expected_of(reading),
            aspect=aspect_of(prepared),
            expectation=measured_expectation(prepared, raw, preprocess),
        ),
        prepared=known.prepared,
        scores={"valid": headline_of(known.valid), "test": headline_of(known.test)},
        share_of_siblings=siblings,
        licence_of_weights=licence_of(info),
        licence_of_data=read_licences(raw / "train"),
        source_of_data=name_source(source),
    )


def licence_of(model: ModelInfo) -> str:
    """The licence of its weights: that of the weights it started from, if any; all packages have the same."""
    return next((each.pretrained.licence for each in model.made_of if each.pretrained), "MIT")


def expected_of(reading: Reading) -> str:
    """What a slice must be, in words."""
    colour = "grey" if reading.channels == 1 else "in colour"
    low, high = reading.greys or (0, 0)
    depth = f"8 bits, or values from {low:g} to {high:g} of more" if reading.greys else "8 bits"
    return (
        f"One slice of the head, {colour}, {depth}, air black, brighter is brighter; contrast, plane and "
        "framing as in the training slices."
    )


def aspect_of(prepared: Path) -> tuple[float, float]:
    """Width over height of the training slices after `preprocess`, least and most."""
    table = load_split(prepared, "train").table
    aspect = table["width"] / table["height"]
    return float(aspect.min()), float(aspect.max())


def headline_of(part: SplitScores) -> Headline:
    best, bounds = part.at_best, part.dice_interval
    return Headline(
        dice=part.dice,
        low=bounds.low,
        high=bounds.high,
        mean_dice=best.mean.dice,
        precision=best.pooled.precision,
        recall=best.pooled.recall,
        native_dice=float("nan"),
    )
