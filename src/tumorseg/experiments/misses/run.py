"""The slices of a cross-validation's arm, with what may make them hard: tables and a picture."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from tumorseg.errors import UserError
from tumorseg.experiments.cv.plan import CrossValidationPlan
from tumorseg.experiments.cv.pool import SLICE, Fold, fold_of, pool
from tumorseg.experiments.misses.factors import MISSED, categories, factors, markdown
from tumorseg.experiments.misses.facts import FACTS, slice_facts
from tumorseg.experiments.misses.picture import choose, draw
from tumorseg.experiments.repository import Repository
from tumorseg.experiments.results import Result
from tumorseg.files import atomic_folder, write_csv, write_json, write_text
from tumorseg.metrics import STEPS
from tumorseg.text import counted

COLUMNS = [*SLICE, "fold", "group", "category", "tp", "fp", "fn", "dice", *FACTS]
TABLE = "slices.csv"  # by which a folder is known for an earlier one of these


def find_misses(path: Path, arm: str, out: Path) -> str:
    """Say what the slices have in common in which an arm's nets miss the tumour.

    Each slice is looked at in the fold where it is test. Slices without tumour are left out.

    Args:
        path: The file of a cross-validation, all of whose folds of that arm have been run.
        arm: One of its arms.
        out: Folder for slices.csv, factors.json, the tables misses.md and the picture misses.png; an
            earlier one is replaced.

    Returns:
        The tables, in Markdown, after a line that says what they are of.

    Raises:
        UserError: A fold is missing, or `out` holds something else.
    """
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or (out / TABLE).is_file())):
        raise UserError(f"{out}: holds something other than misses, and stays as it is; give another with -o")
    results = finished_folds(path, arm)
    folds = [_fold(each) for each in results]
    pooled = pool([each for each, _ in folds])
    facts = pd.concat([part.assign(fold=number) for number, (_, part) in enumerate(folds)])
    every = pooled.merge(facts, on=["fold", "index"], validate="one_to_one")
    table = every[every["tp"] + every["fn"] > 0].reset_index(drop=True)
    if table.empty:
        raise UserError(f"{path}: {arm}: no slice has tumour, so none is missed")
    rows, by_category = factors(table), categories(table)
    chosen = choose(table, rows)
    groups = counted(table["group"].nunique(), "group")
    about = (
        f"{counted(len(table), 'annotated slice')}, {groups}, of `{arm}` of {path.name}. "
        f"Missed (Dice below {MISSED}): {(table['dice'] < MISSED).sum()}. "
        f"Without tumour and left out: {len(every) - len(table)}."
    )
    text = f"{about}\n\n{markdown(rows, by_category)}"
    with atomic_folder(out) as folder:
        write_csv(folder / TABLE, table[COLUMNS].round(6))
        write_json(folder / "factors.json", {"factors": rows, "category": by_category})
        write_text(folder / "misses.md", f"{text}\n")
        draw(folder / "misses.png", table, chosen, dict(_slices(table, chosen, results)))
    return text


def finished_folds(path: Path, arm: str) -> list[Result]:
    """The folds of an arm, in order.

    Raises:
        UserError: There is no such arm, or one of its folds has not been run.
    """
    plan = CrossValidationPlan(path)
    if arm not in plan.arms:
        raise UserError(f"{path}: {arm!r} is not one of its arms: {', '.join(plan.arms)}")
    repository = Repository()
    commits = [(each, repository.finished(each)) for each in plan.arms[arm]]
    if absent := [each.name for each, commit in commits if commit is None]:
        raise UserError(f"{absent[0]}: not run at this commit; tumorseg cv {path} {arm} runs it")
    return [Result(each, commit) for each, commit in commits if commit]


def _fold(result: Result) -> tuple[Fold, pd.DataFrame]:
    """What a fold has scored, and FACTS of its test slices by their `index`."""
    test = result.slices("test")
    images, masks = (result.array(f"data/prepared/test/{name}.npy") for name in ("images", "masks"))
    train = result.array("data/prepared/train/images.npy")
    index = test["index"].to_numpy()
    facts = slice_facts(images[index], masks[index], test["sequence"], train)
    return fold_of(result.experiment.name, test, result.prepared()), facts.assign(index=index)


def _slices(
    table: pd.DataFrame, chosen: dict[str, tuple[str, np.ndarray]], results: list[Result]
) -> Iterator[tuple[int, tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """Place in `table`, image, label and prediction of the slices that are chosen, fold by fold."""
    places = sorted({place for _, some in chosen.values() for place in some.tolist()})
    for number, result in enumerate(results):
        here = [place for place in places if table["fold"].iloc[place] == number]
        if not here:
            continue
        images, masks = (result.array(f"data/prepared/test/{name}.npy") for name in ("images", "masks"))
        predicted = result.array(f"data/predictions/{result.experiment.model}/test.npy")
        step = result.scores.threshold * STEPS
        for place in here:
            index = table["index"].iloc[place]
            yield place, (images[index], masks[index] > 0, predicted[index] >= step)
