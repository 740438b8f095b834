"""A cross-validation as Markdown tables: scores, categories and sizes, and every pair of arms."""

from collections import Counter
from collections.abc import Collection, Iterator

import numpy as np

from tumorseg.experiments.cv.file import ArmScores, CrossValidationResults, Pair, PartScores
from tumorseg.experiments.study_file import Difference
from tumorseg.experiments.table import difference_text, mixed_places, what_differs
from tumorseg.text import counted, interval_text, markdown_table, value_text

LEFT = {"arm", "what differs", "95 % interval", "single folds"}


def markdown(results: CrossValidationResults) -> str:
    """All tables, with a line before each that says what it shows."""
    return "\n\n".join(_blocks(results))


def _blocks(results: CrossValidationResults) -> Iterator[str]:
    yield _about(results)
    yield scores(results)
    yield from _notes(results)
    yield "Pooled Dice by category, and by size of the annotated area (thirds of the annotated slices):"
    yield parts(results)
    if results.pairs:
        yield (
            "By how much the arm of a row is above that of a column, pooled Dice (bold: more than chance, "
            "p by Holm for all pairs):"
        )
        yield differences(results)


def scores(results: CrossValidationResults) -> str:
    """A row an arm, the best Dice first."""
    header = ["arm", "what differs", "parameters", "Dice", "95 % interval", "single folds", "mean of slices"]
    rows = []
    for name, arm in _ranked(results):
        folds = [each.dice for each in arm.folds if not np.isnan(each.dice)]
        rows.append(
            [
                f"`{name}`",
                what_differs(arm.model, arm.set),
                f"{arm.parameters:,}" if arm.parameters else "none",
                f"**{value_text(arm.dice)}**",
                interval_text(arm.low, arm.high),
                interval_text(min(folds), max(folds)) if folds else "–",
                *(value_text(value) for value in (arm.mean_dice, arm.iou, arm.precision, arm.recall)),
                value_text(arm.box_hit_rate, 2),
            ]
        )
    header += ["IoU", "precision", "recall", "box hit rate"]
    return markdown_table(header, rows, {*header} - LEFT)


def parts(results: CrossValidationResults) -> str:
    """A row an arm, a column a category or size, each with its interval."""
    arms = results.arms.values()
    first = next(iter(arms))
    header = ["arm", *(f"`{name}` ({part.slices})" for name, part in first.category.items())]
    for name in first.size:
        # Areas are in pixels of the arm's own image_size, so of a few slices the third differs.
        slices = [arm.size[name].slices for arm in arms]
        header.append(f"{name} ({_range(slices)})")
    rows = [
        [
            f"`{name}`",
            *(_part(arm.category[each]) for each in first.category),
            *(_part(arm.size[each]) for each in first.size),
        ]
        for name, arm in _ranked(results)
    ]
    return markdown_table(header, rows)


def differences(results: CrossValidationResults) -> str:
    """A row and a column an arm."""
    pairs = {(pair.arm, pair.other): pair for pair in results.pairs}
    names = [name for name, _ in _ranked(results)]
    rows = [[f"`{arm}`", *(_cell(pairs, arm, other) for other in names)] for arm in names]
    return markdown_table(["arm", *(f"`{name}`" for name in names)], rows, [f"`{name}`" for name in names])


def _ranked(results: CrossValidationResults) -> list[tuple[str, ArmScores]]:
    """Arms by Dice, those without at the end."""
    return sorted(results.arms.items(), key=lambda item: -np.nan_to_num(item[1].dice, nan=-1))


def _cell(pairs: dict[tuple[str, str], Pair], arm: str, other: str) -> str:
    if (arm, other) in pairs:
        return difference_text(pairs[arm, other].pooled)
    if (other, arm) in pairs:
        return difference_text(_reversed(pairs[other, arm].pooled))
    return ""


def _reversed(of: Difference) -> Difference:
    return of.model_copy(update={"difference": -of.difference, "low": -of.high, "high": -of.low})


def _part(part: PartScores) -> str:
    return f"{value_text(part.dice)} ({interval_text(part.low, part.high)})" if part.slices else "–"


def _about(results: CrossValidationResults) -> str:
    """What the scores are of, in a paragraph."""
    left_out = {fold.left_out for arm in results.arms.values() for fold in arm.folds}
    slices = "1 slice is" if left_out == {1} else f"{_range(left_out)} slices are"
    gap = (
        f" Of a fold's train and valid, {slices} left out, as too near another split; all are tested in "
        "their own fold."
    ) * any(left_out)
    return (
        f"{results.question} All {results.slices:,} slices of `{results.data}`, in "
        f"{counted(results.groups, 'group')}, dealt into {results.folds} folds by `{results.strategy}`; "
        f"each slice is scored in the fold where it is test, at the threshold that is best on that "
        f"fold's valid.{gap}"
    )


def _notes(results: CrossValidationResults) -> Iterator[str]:
    arms = results.arms.values()
    single = float(np.mean([arm.fold_width for arm in arms]))
    whole = float(np.mean([arm.width for arm in arms]))
    if whole > 0 and single > 0:  # neither is nan
        narrower = f": {single / whole:.1f} times narrower" if single > whole else ""
        yield (
            f"The interval of a single fold is {single:.3f} wide in the mean, that of all folds together "
            f"{whole:.3f}{narrower}."
        )
    if results.missing:
        absent = [f"`{name}` ({_folds(each, results.folds)})" for name, each in results.missing.items()]
        yield f"Not shown, as not all folds have been run: {', '.join(absent)}."
    codes = Counter(fold.code for arm in arms for fold in arm.folds)
    if len(codes) > 1:
        listed = ", ".join(f"{code} ({counted(count, 'fold')})" for code, count in codes.items())
        yield f"Run with several versions of the code, as `git rev-parse COMMIT:src` names them: {listed}."
    places = Counter(
        f"{fold.machine}, threads: {fold.threads}" for arm in arms for fold in arm.folds if fold.machine
    )
    yield from mixed_places({place: counted(count, "run") for place, count in places.items()})


def _range(counts: Collection[int]) -> str:
    return " to ".join(str(each) for each in sorted({min(counts), max(counts)}))


def _folds(absent: list[int], count: int) -> str:
    return "none yet" if len(absent) == count else f"without {', '.join(map(str, absent))}"
