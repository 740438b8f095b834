"""`tumorseg score`: masks of `predict` against annotations, by the code of `evaluation`."""

from pathlib import Path
from typing import Any

import numpy as np

from tumorseg.delivery.outputs.masks import read_greys
from tumorseg.delivery.outputs.records import OutFolder
from tumorseg.delivery.truth import Truth
from tumorseg.errors import UserError
from tumorseg.files import write_csv, write_json
from tumorseg.metrics import scores
from tumorseg.progress import progress
from tumorseg.text import interval_text


def score_masks(folder: Path, truth: Path, categories: list[str] | None) -> dict[str, Any]:
    """Score the masks of a folder at their own size, as tumour or not, whatever the class.

    Writes scores.json and scores.csv there.

    Args:
        folder: Of `predict`.
        truth: See `Truth`.
        categories: See `Truth`.

    Returns:
        `slices`, how many have annotations; `without_truth`, names of those that have none;
        `without_prediction`, paths of masks in `truth` that are of no slice; and what
        `evaluation.summary.summarise_best` gives. The slices of an input are a group of its bootstrap.

    Raises:
        UserError: No slice has annotations, or a mask is missing or has another size.
    """
    import pandas as pd

    from tumorseg.evaluation.summary import summarise_best

    out, annotated = OutFolder(folder), Truth(truth, categories)
    out.run_with_masks()
    rows = []
    pairs = [(record.name, each.name) for record in out.records() for each in record.slices]
    matches = annotated.match([name for _, name in pairs])
    for group, name in progress([pair for pair in pairs if pair[1] in matches], "scoring masks"):
        mask, predicted = annotated.masks[matches[name]](), np.minimum(read_greys(out.mask(name)), 1)
        if mask.shape != predicted.shape:
            raise UserError(
                f"{out.mask(name)}: is {_size(predicted)} pixels, its annotated mask in {truth} {_size(mask)}"
            )
        rows.append({"name": name, "group": group, "category": "", **score_slice(mask, predicted)})
    if not rows:
        example = f"such as {pairs[0][1]}" if pairs else "since nothing was predicted"
        raise UserError(f"{truth}: has no mask of any predicted slice, {example}; names must be the same")
    table = pd.DataFrame(rows)
    result = {
        "slices": len(rows),
        "without_truth": [name for _, name in pairs if name not in matches],
        "without_prediction": sorted(annotated.masks.keys() - matches.values()),
        **summarise_best(table),
    }
    del result["by"]["category"]  # predict knows of none
    write_csv(folder / "scores.csv", table.drop(columns=["group", "category"]))
    write_json(folder / "scores.json", result)
    return result


def score_slice(mask: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    """The scores of a slice, as `evaluation.tables.slice_table` has them; masks uint8 (H, W), 0 or 1."""
    from tumorseg.evaluation.regions import region_scores
    from tumorseg.evaluation.surface import surface_scores

    counts = {
        "tp": int((mask & predicted).sum()),
        "fp": int((predicted & (1 - mask)).sum()),
        "fn": int((mask & (1 - predicted)).sum()),
        "tn": int(((1 - mask) & (1 - predicted)).sum()),
    }
    hd95, nsd = surface_scores(mask[None], predicted[None])
    names = ("box_iou", "lesions", "lesions_found", "false_lesions")
    return {
        **counts,
        **{name: float(value) for name, value in scores(*map(np.asarray, counts.values())).items()},
        "hd95": float(hd95[0]),
        "nsd": float(nsd[0]),
        **dict(zip(names, region_scores(mask, predicted), strict=True)),
    }


def score_text(result: dict[str, Any]) -> str:
    """The scores that matter most, on a few lines."""
    pooled, mean, bounds = result["pooled"], result["mean"], result["interval"]["pooled"]["dice"]
    lesions, missing, absent = result["lesions"], len(result["without_truth"]), result["without_prediction"]
    lines = [
        f"slices     {result['slices']}" + (f", and {missing} without annotations" if missing else ""),
        f"Dice       {pooled['dice']:.3f} (95 % interval {interval_text(bounds['low'], bounds['high'])})",
        f"of slices  {mean['dice']:.3f}",
        f"IoU        {pooled['iou']:.3f}",
        f"precision  {pooled['precision']:.3f}",
        f"recall     {pooled['recall']:.3f}",
        f"HD95       {mean['hd95']:.1f} pixels",
        f"lesions    {lesions['found']} of {lesions['annotated']} found, "
        f"{lesions['false_positives_per_image']:.2f} false ones a slice",
    ]
    if absent:  # a slice that could not be read is no better than one with an empty mask
        lines.append(f"left out   {len(absent)} annotated and not predicted, such as {absent[0]}")
    return "\n".join(lines)


def _size(array: np.ndarray) -> str:
    return f"{array.shape[1]}×{array.shape[0]}"
