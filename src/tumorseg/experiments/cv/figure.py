"""The picture of a cross-validation: each arm's Dice on all slices, and that of its single folds."""

from pathlib import Path

from tumorseg.experiments.cv.file import CrossValidationResults
from tumorseg.experiments.figure import draw_interval, rows_of_arms
from tumorseg.figures import BETTER, NO_CATEGORY_COLOR

CAPTION = (
    "Dice of all slices, each by the net that has not seen its group, pooled over all pixels, with its "
    "95 % interval from a bootstrap over groups. Grey: each fold alone."
)


def draw_scores(path: Path, results: CrossValidationResults) -> None:
    """Draw each arm, in the order of the file.

    Args:
        path: PNG to write.
        results: What the cross-validation gave.
    """
    labels = [f"{name}  {arm.dice:.3f}" for name, arm in results.arms.items()]
    with rows_of_arms(path, results.question, CAPTION, labels) as axis:
        for row, arm in enumerate(results.arms.values()):
            dots = [each.dice for each in arm.folds]
            axis.plot(dots, [row] * len(dots), "o", color=NO_CATEGORY_COLOR, markersize=3.5, alpha=0.7)
            draw_interval(axis, row, arm.dice, (arm.low, arm.high), BETTER)
        axis.set_title(f"Dice, {results.folds} folds", fontsize=9, fontweight="normal")
