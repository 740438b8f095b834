"""Every model side by side: scores with intervals, which differences are more than chance, and pictures.

`differences` tests every pair of models, `verdicts` says in words what follows, `summary` gathers what is
compared; `heatmaps`, `cost` and `side_by_side` draw.
"""

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorseg.compare.differences import Comparison, compare, median_ranks, read_scored
from tumorseg.compare.summary import as_text, leaderboard, model_rows, summarise, training_pflops
from tumorseg.compare.suspect_files import write_suspects
from tumorseg.compare.suspects import find_suspects, voters_of
from tumorseg.compare.verdicts import verdicts
from tumorseg.data.slices import SplitArrays, load_split
from tumorseg.files import atomic_folder, write_csv, write_json
from tumorseg.identity import Identity, check_same, read_identity
from tumorseg.metrics import STEPS
from tumorseg.paired import Scored
from tumorseg.reading import read_array, read_csv, read_json, reading
from tumorseg.scores_file import Scores, read_scores

TABLES = ("pr_curve", "confusion", "reliability")


def compare_models(
    models: dict[str, bool],
    ensembles: dict[str, list[str]],
    *,
    prepared: Path,
    predictions: Path,
    headlines: Path,
    details: Path,
    curves: Path,
    evaluated: Path,
    audit: Path,
    whole: bool,
    out: Path,
    plots: Path,
) -> None:
    """Gather scores and curves, test every difference, and remove what models that are gone have left.

    Args:
        models, ensembles: By model: whether it learns, or is a baseline; by ensemble: what it is made of.
        prepared, whole: Folder made by `prepare.prepare`; whether slices are neither cropped nor padded.
        predictions: Folder of <model>/{slices.csv,valid.npy,test.npy}, as written by `evaluation`.
        headlines, details: Folders of <model>.json, as written there; the former is only cleared.
        curves: Folder of <model>.csv, as written by `training.train_model`; ensembles have none.
        evaluated: Folder of <model>/<table>.csv for each of TABLES.
        audit: JSON file, as written by `audit.audit`: how far the labels agree with themselves.
        out: JSON file: `prepared`, `agreement`, `suspects`; by model its figures and verdict, best first.
        plots: Folder for {models,slices}.json, what `_write_tables`, `_draw` and `write_suspects` write.

    Raises:
        UserError: A file is missing or malformed, or is of other data than the prepared folder.
    """
    learns = models | dict.fromkeys(ensembles, True)
    clear({curves: models} | dict.fromkeys([headlines, details, evaluated, predictions], learns))
    identity = read_identity(prepared)
    results = read_results(list(learns), details, identity, prepared)
    agreement = read_agreement(audit, identity, prepared)
    splits = {split: load_split(prepared, split) for split in ("valid", "test")}
    suspects = find_suspects(voters_of(results, models), results, splits, predictions)
    comparison = compare(scored := read_scored(list(results), predictions, splits["test"].table))
    trained = pd.concat([_read(curves / f"{name}.csv") for name in results if name in models])
    board = _board(results, learns, comparison, _pflops(results, trained, ensembles, identity.train))
    with atomic_folder(plots) as folder:
        write_json(folder / "models.json", identity.rows(model_rows(board, learns, agreement)))
        _write_tables(folder, results, comparison, trained, evaluated)
        _draw(folder, board, learns, comparison)
        _draw_slices(folder, results, learns, splits["test"], scored, predictions, identity)
        write_suspects(folder, suspects, splits, whole)
    about = {"prepared": identity.model_dump(), "agreement": agreement, "suspects": suspects.summary()}
    write_json(out, {**about, "models": board})
    print(f"{as_text(board, agreement)}\n{suspects.line()}")


def read_agreement(audit: Path, identity: Identity, prepared: Path) -> dict[str, Any]:
    """How far the labels agree with themselves, as the audit of the same data has it."""
    facts = read_json(audit)
    with reading(audit):
        known, agreement = Identity(**facts["prepared"]), dict(facts["agreement"])
    check_same(known, audit, identity, prepared)
    return agreement


def _write_tables(
    folder: Path, results: dict[str, Scores], comparison: Comparison, trained: pd.DataFrame, evaluated: Path
) -> None:
    write_csv(folder / "leaderboard.csv", leaderboard(results))
    write_csv(folder / "differences.csv", comparison.differences)
    write_csv(folder / "curves.csv", trained)
    for kind in TABLES:
        write_csv(folder / f"{kind}.csv", of_all(evaluated, kind, list(results)))


def of_all(evaluated: Path, kind: str, names: list[str]) -> pd.DataFrame:
    """One of TABLES, of all models."""
    return pd.concat([_read(evaluated / name / f"{kind}.csv").assign(model=name) for name in names])


def clear(kept: Mapping[Path, Collection[str]]) -> None:
    """Remove what other models have left, and say so.

    Args:
        kept: By folder of <model>, <model>.json or <model>.csv: the models whose files stay.
    """
    left = set()
    for folder, models in kept.items():
        for path in sorted(folder.glob("[!.]*")):
            model = path.name if path.is_dir() else path.stem
            if model not in models:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                left.add(model)
    if left:
        print(f"removed what models left that params.yaml no longer has: {', '.join(sorted(left))}")


def read_results(names: list[str], details: Path, identity: Identity, prepared: Path) -> dict[str, Scores]:
    """The scores of the models, in the order in which models stand everywhere: by valid Dice, best first.

    By valid, since the order suggests which model to deliver, and test is for no choice.
    """
    results = {name: read_scores(details / f"{name}.json") for name in names}
    for name, scores in results.items():
        check_same(scores.prepared, details / f"{name}.json", identity, prepared)
    return dict(sorted(results.items(), key=lambda item: -item[1].valid.dice))


def _read(path: Path) -> pd.DataFrame:
    """A table whose model names stay text, be they `NA` or `01`."""
    return read_csv(path, (), dtype={"model": str}, keep_default_na=False, na_values={"loss": [""]})


def _board(
    results: dict[str, Scores],
    learns: dict[str, bool],
    comparison: Comparison,
    pflops: dict[str, float],
) -> dict[str, dict[str, Any]]:
    """The figures and the verdict of each model, in the order of `results`."""
    dice = dict(zip(results, comparison.dice, strict=True))
    sentences = verdicts(learns, dice, comparison.differences)
    medians, board = median_ranks(comparison.shares), {}
    for place, (name, scores) in enumerate(results.items()):
        board[name] = {
            **summarise(scores),
            "training_pflops": pflops[name],
            "test_rank_median": float(medians[place]),
            "first_share": float(comparison.shares[place, 0]),
            "verdict": sentences[name],
        }
    return board


def _pflops(
    results: dict[str, Scores], trained: pd.DataFrame, ensembles: dict[str, list[str]], slices: int
) -> dict[str, float]:
    """By model: what its training took, in PFLOP; of an ensemble, those of all that it is made of."""
    epochs = trained.groupby("model")["epoch"].max()  # 0 for what learns nothing
    alone = {
        str(name): training_pflops(results[str(name)].gflops, slices, int(most))
        for name, most in epochs.items()
    }
    return alone | {name: sum(alone[model] for model in made_of) for name, made_of in ensembles.items()}


def _draw(
    folder: Path, board: dict[str, dict[str, Any]], learns: dict[str, bool], comparison: Comparison
) -> None:
    from tumorseg.compare.cost import cost
    from tumorseg.compare.heatmaps import difference_map, rank_map

    difference_map(folder / "differences.png", list(board), comparison.differences)
    rank_map(folder / "ranks.png", list(board), comparison.shares)
    cost(folder / "cost.png", board, learns)


def _draw_slices(
    folder: Path,
    results: dict[str, Scores],
    learns: dict[str, bool],
    test: SplitArrays,
    scored: Scored,
    predictions: Path,
    identity: Identity,
) -> None:
    from tumorseg.compare.side_by_side import choose_rows, side_by_side
    from tumorseg.compare.slices import slice_rows

    quantised: dict[str, np.ndarray] = {
        name: read_array(predictions / name / "test.npy", test.masks.shape) for name in results
    }
    steps = {name: scores.threshold * STEPS for name, scores in results.items()}
    write_json(folder / "slices.json", identity.rows(slice_rows(test, scored, quantised, steps)), indent=None)
    rows = choose_rows(scored.dice, [learns[name] for name in results])
    predicted = {name: quantised[name][rows] >= steps[name] for name in results}
    side_by_side(folder / "side_by_side.png", test, rows, predicted, scored.dice[:, rows])
