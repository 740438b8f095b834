"""The scores of arms on all slices, and the differences between them."""

from typing import Any

import numpy as np
import pandas as pd

from tumorseg.evaluation.summary import summarise_best
from tumorseg.experiments.cv.file import ArmScores, FoldScores, Pair, PartScores
from tumorseg.experiments.cv.pool import Fold
from tumorseg.experiments.results import Result
from tumorseg.experiments.spec import Arm
from tumorseg.figures import NO_CATEGORY
from tumorseg.paired import STATISTICS, Scored, differences, observed, sample

COUNTS = ["tp", "fp", "fn"]


def score_arm(arm: Arm, results: list[Result], folds: list[Fold], table: pd.DataFrame) -> ArmScores:
    """What one arm has given: `table`, all its slices, scored as `evaluate` scores a split."""
    return ArmScores(
        set=arm.set,
        model=arm.model,
        parameters=results[0].scores.parameters,
        **pooled_scores(summarise_best(table)),
        folds=[_fold_scores(*pair) for pair in zip(results, folds, strict=True)],
    )


def pooled_scores(best: dict[str, Any]) -> dict[str, Any]:
    """The scores of `ArmScores`, from those that `summarise_best` has of all slices together."""
    pooled, interval = best["pooled"], best["interval"]
    mean = interval["mean"]["dice"]
    return {
        **{name: pooled[name] for name in ("dice", "iou", "precision", "recall")},
        **interval["pooled"]["dice"],
        "mean_dice": best["mean"]["dice"],
        "mean_low": mean["low"],
        "mean_high": mean["high"],
        "lesion_recall": best["lesions"]["recall"],
        "box_hit_rate": best["boxes"]["hit_rate"],
        "category": _parts(best["by"]["category"]),
        "size": _parts(best["by"]["size"]),
    }


def _parts(parts: dict[str, dict[str, Any]]) -> dict[str, PartScores]:
    """Those that have something to find: slices without annotation have a Dice of 0, or none."""
    return {
        name: PartScores(slices=each["slices"], dice=each["dice_pooled"], **each["interval"])
        for name, each in parts.items()
        if name != NO_CATEGORY
    }


def _fold_scores(result: Result, fold: Fold) -> FoldScores:
    scores, (machine, threads) = result.scores, result.place()
    return FoldScores(
        experiment=result.experiment.name,
        slices=scores.test.slices,
        groups=scores.test.groups,
        left_out=fold.left_out,
        dice=scores.test.dice,
        **scores.test.dice_interval.model_dump(),
        threshold=scores.threshold,
        epochs=result.epochs(),
        best_epoch=scores.epoch,
        machine=machine,
        threads=threads,
    )


def compare_arms(pooled: dict[str, pd.DataFrame]) -> list[Pair]:
    """Every two arms on all slices: differences paired by slice, with Holm's correction over all pairs.

    Args:
        pooled: By arm: as from `pool`; all of the same slices in the same order.
    """
    names, groups = list(pooled), next(iter(pooled.values()))["group"].to_numpy(np.int64)
    scored = Scored(
        names,
        groups,
        counts=np.array([table[COUNTS].to_numpy(np.int64) for table in pooled.values()]),
        dice=np.array([table["dice"].to_numpy(float) for table in pooled.values()]),
    )
    rows = differences(names, observed(scored), sample(scored), len(np.unique(groups)))
    by = {key: part.drop(columns="statistic") for key, part in rows.groupby("statistic")}
    pairs: dict[tuple[str, str], dict[str, Any]] = {}
    for statistic in STATISTICS:
        for row in by[statistic].to_dict("records") if statistic in by else []:
            key = (row.pop("model"), row.pop("other"))
            pairs.setdefault(key, {})[statistic] = row
    return [Pair(arm=arm, other=other, **values) for (arm, other), values in pairs.items()]
