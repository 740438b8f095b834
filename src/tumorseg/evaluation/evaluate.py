"""Score a trained model on valid and test: predict, choose on valid, segment, score, write."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorseg import SPLITS
from tumorseg.data.slices import SplitArrays, load_split
from tumorseg.errors import UserError
from tumorseg.evaluation.calibration import calibrate
from tumorseg.evaluation.choice import BLENDINGS, Choice, choose
from tumorseg.evaluation.outputs import write_plots, write_predictions
from tumorseg.evaluation.per_class import count_classes, summarise_classes
from tumorseg.evaluation.predictions import predict_split, rule_for
from tumorseg.evaluation.segmentation import Segmentation, segment
from tumorseg.evaluation.summary import summarise_split
from tumorseg.files import write_json
from tumorseg.identity import read_identity
from tumorseg.models.artifact import ModelInfo, load_model
from tumorseg.models.predict import pick_device
from tumorseg.scores_file import SplitScores, headline, read_scores

if TYPE_CHECKING:
    from tumorseg.sections import Evaluate


def evaluate_model(
    folder: Path,
    prepared: Path,
    *,
    accelerator: str,
    rule: "Evaluate",
    predictions: Path,
    headlines: Path,
    details: Path,
    plots: Path,
) -> None:
    """Predict valid and test with the model in `folder`, and write its scores.

    Args:
        folder: As written by `artifact.save_model`.
        prepared: Folder made by `prepare.prepare`.
        accelerator: What to run on, as `compute.accelerator` in params.yaml.
        rule: How probabilities are made and cut; what it leaves open is chosen on valid.
        predictions: Folder for what is predicted, see `outputs.write_predictions`.
        headlines: JSON file for the few figures that DVC's tables show, see `scores_file.headline`.
        details: JSON file for all scores, see `scores_file`.
        plots: Folder for curves and pictures, see `outputs.write_plots`.

    Raises:
        UserError: The model was trained on other classes or another size than the prepared folder has.
    """
    device = pick_device(accelerator)
    net, info = load_model(folder)
    train, valid, test = (load_split(prepared, split) for split in SPLITS)
    _check_fits(folder, info, prepared, test)
    used = rule_for(net, rule)
    splits = {"valid": valid, "test": test}
    voters = [valid, train] if used.valid_votes else [train]
    predicted = {name: predict_split(net, info, part, voters, used, device) for name, part in splits.items()}
    choice = choose(predicted["valid"], used)
    segmented = {split: segment(each, choice, used.beta) for split, each in predicted.items()}
    scores = {split: score_split(each, choice.temperature) for split, each in segmented.items()}

    write_predictions(predictions, segmented)
    write_plots(plots, segmented, choice.step, rule.beta)
    identity = read_identity(prepared).model_dump()
    write_json(details, {"prepared": identity, **_about(info, used, choice), **scores})
    written = read_scores(details)
    write_json(headlines, headline(info.name, written))
    _say(info.name, choice.threshold, written.test)


def _about(info: ModelInfo, used: "Evaluate", choice: Choice) -> dict[str, Any]:
    """What a metrics file holds beside the scores of the splits."""
    return {
        "parameters": info.parameters,
        "epoch": info.best_epoch,
        "gflops": info.gflops,
        "threshold": choice.threshold,
        **used.model_dump(),
        **{f"{name}_weight": choice.weights.get(name, 0.0) for name in BLENDINGS},
        "platt": choice.platt,
    }


def _check_fits(folder: Path, info: ModelInfo, prepared: Path, arrays: SplitArrays) -> None:
    pairs = [
        ("the classes", info.classes, arrays.classes),
        ("an image_size of", info.image_size, arrays.images.shape[1]),
    ]
    for what, trained, there in pairs:
        if trained != there:
            raise UserError(
                f"{folder}: was trained on {what} {trained}, but {prepared} has {there}; "
                "train it again (dvc repro)"
            )


def _say(name: str, threshold: float, test: SplitScores) -> None:
    best, half = test.at_best.pooled.dice, test.at_half.pooled.dice
    print(f"{name}: test Dice {best:.3f} pooled at {threshold:.3f}, {half:.3f} at 0.5")


def score_split(segmentation: Segmentation, temperature: float) -> dict[str, Any]:
    """The scores of one split: `summarise_split`, `calibration` and, where there are classes, `classes`.

    Args:
        segmentation: Of the split.
        temperature: As fitted on valid.
    """
    arrays, table = segmentation.arrays, segmentation.table
    scores = summarise_split(table, segmentation.counts)
    scores["calibration"] = calibrate(segmentation.by_probability, temperature)
    if arrays.classes:
        counts = count_classes(arrays.masks, segmentation.predicted, arrays.classes)
        scores["classes"] = summarise_classes(counts, arrays.classes, table.group.to_numpy())
    return scores
