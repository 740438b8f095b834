"""The scores of arms on all slices, and the differences between them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tumorseg.bootstrap import Bootstrap, interval
from tumorseg.evaluation.summary import SIZES, size_classes, summarise_objects, summarise_parts
from tumorseg.evaluation.tables import COUNTS
from tumorseg.experiments.cv.file import ArmScores, FoldScores, Pair, PartScores
from tumorseg.experiments.cv.pool import Fold, fold_of
from tumorseg.experiments.results import Result
from tumorseg.experiments.spec import Arm
from tumorseg.figures import NO_CATEGORY
from tumorseg.metrics import scores
from tumorseg.paired import STATISTICS, Scored, differences, observed, sample


@dataclass(frozen=True)
class FoldResult:
    """One fold: its slices, and its own scores."""

    slices: Fold
    scores: FoldScores


def score_arm(arm: Arm, folds: list[FoldScores], table: pd.DataFrame) -> ArmScores:
    """What one arm has given: `table`, all its slices as from `pool`, scored as `evaluate` scores a split."""
    return ArmScores(
        set=arm.set, model=arm.model, parameters=folds[0].parameters, **pooled_scores(table), folds=folds
    )


def pooled_scores(table: pd.DataFrame) -> dict[str, Any]:
    """The scores of `ArmScores` of all slices together, from a table with the columns of `pool.ROW`."""
    bootstrap = Bootstrap(table["group"].to_numpy())
    pooled = scores(*table[COUNTS].sum().to_numpy())
    replicates = scores(*bootstrap.sums(table[COUNTS].to_numpy()).T)["dice"]
    mean = interval(bootstrap.means(table[["dice"]].to_numpy())[:, 0])
    objects = summarise_objects(table)
    by_category = summarise_parts(table, table["category"], sorted(table["category"].unique()), bootstrap)
    return {
        **{name: float(pooled[name]) for name in ("dice", "iou", "precision", "recall")},
        **interval(replicates),
        "mean_dice": float(table["dice"].mean()),
        "mean_low": mean["low"],
        "mean_high": mean["high"],
        "lesion_recall": objects["lesions"]["recall"],
        "box_hit_rate": objects["boxes"]["hit_rate"],
        "category": _parts(by_category),
        "size": _parts(summarise_parts(table, size_classes(table), SIZES, bootstrap)),
    }


def _parts(parts: dict[str, dict[str, Any]]) -> dict[str, PartScores]:
    """Those that have something to find: slices without annotation have a Dice of 0, or none."""
    return {
        name: PartScores(slices=each["slices"], dice=each["dice_pooled"], **each["interval"])
        for name, each in parts.items()
        if name != NO_CATEGORY
    }


def read_fold(result: Result) -> FoldResult:
    """A fold that has been run.

    Raises:
        UserError: DVC's cache lacks its files, or they do not go together.
    """
    (machine, threads), about, experiment = result.place(), result.scores, result.experiment
    prepared = result.prepared()
    own = FoldScores(
        experiment=experiment.name,
        slices=about.test.slices,
        groups=about.test.groups,
        left_out=int(prepared["split"].isna().sum()),
        dice=about.test.dice,
        **about.test.dice_interval.model_dump(),
        threshold=about.threshold,
        parameters=about.parameters,
        epochs=result.epochs(),
        best_epoch=about.epoch,
        params=experiment.digest(),
        code=result.code(),
        machine=machine,
        threads=threads,
    )
    return FoldResult(fold_of(experiment.name, result.slices("test"), prepared), own)


def compare_arms(pooled: dict[str, pd.DataFrame]) -> list[Pair]:
    """Every two arms on all slices: differences paired by slice, with Holm's correction over all pairs.

    Args:
        pooled: By arm: as from `pool`; all of the same slices in the same order.
    """
    names, groups = list(pooled), next(iter(pooled.values()))["group"].to_numpy(np.int64)
    scored = Scored(
        names,
        groups,
        counts=np.array([table[COUNTS[:3]].to_numpy(np.int64) for table in pooled.values()]),
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
