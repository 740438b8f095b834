"""Every model side by side: scores with intervals, which differences are more than chance, and pictures.

`differences` tests every pair of models, `verdicts` says in words what follows, `summary` gathers what is
compared; `heatmaps`, `cost` and `side_by_side` draw.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorseg.compare.differences import Comparison, compare, median_ranks, read_scored
from tumorseg.compare.summary import as_text, leaderboard, summarise, training_pflops
from tumorseg.compare.verdicts import verdicts
from tumorseg.data.slices import SplitArrays, load_split
from tumorseg.files import atomic_folder, write_csv, write_json
from tumorseg.metrics import STEPS
from tumorseg.paired import Scored
from tumorseg.scores_file import Scores, read_scores

TABLES = ("pr_curve", "confusion", "reliability")


def compare_models(
    learns: dict[str, bool],
    *,
    prepared: Path,
    predictions: Path,
    metrics: Path,
    curves: Path,
    evaluated: Path,
    out: Path,
    plots: Path,
) -> None:
    """Gather the scores and curves of the models, and test every difference between them.

    Only the models named are read: files of a model since taken out of params.yaml may lie beside them.

    Args:
        learns: By model: whether it learns. Those that do not are the baselines of those that do.
        prepared: Folder made by `prepare.prepare`.
        predictions: Folder of <model>/{slices.csv,test.npy}, as written by `evaluation`.
        metrics: Folder of <model>.json, as written there.
        curves: Folder of <model>.csv, as written by `training.train_model`.
        evaluated: Folder of <model>/<table>.csv for each of TABLES.
        out: JSON file: the figures and the verdict of each model, best valid Dice first.
        plots: Folder for leaderboard.csv, differences.csv, curves.csv, a table for each of TABLES, and
            differences.png, ranks.png, cost.png and side_by_side.png.

    Raises:
        UserError: A metrics file is missing or malformed, or the test slices of a model are not those of the
            prepared folder.
    """
    results = {name: read_scores(metrics / f"{name}.json") for name in learns}
    # By valid: the order suggests which model to deliver, and test is for no choice.
    results = dict(sorted(results.items(), key=lambda item: -item[1].valid.dice))
    trained = pd.concat([read_csv(curves / f"{name}.csv") for name in learns])
    test = load_split(prepared, "test")
    scored = read_scored(list(results), predictions, test.table)
    comparison = compare(scored)
    board = _board(results, learns, comparison, trained, slices=len(load_split(prepared, "train")))
    with atomic_folder(plots) as folder:
        write_csv(folder / "leaderboard.csv", leaderboard(results))
        write_csv(folder / "differences.csv", comparison.differences)
        write_csv(folder / "curves.csv", trained)
        for kind in TABLES:
            parts = [read_csv(evaluated / name / f"{kind}.csv").assign(model=name) for name in learns]
            write_csv(folder / f"{kind}.csv", pd.concat(parts))
        _draw(folder, board, learns, comparison)
        _draw_slices(folder / "side_by_side.png", board, learns, test, scored, predictions)
    write_json(out, board)
    print(as_text(board))


def read_csv(path: Path) -> pd.DataFrame:
    """A table whose model names stay text, be they `NA` or `01`."""
    return pd.read_csv(path, dtype={"model": str}, keep_default_na=False, na_values={"loss": [""]})


def _board(
    results: dict[str, Scores],
    learns: dict[str, bool],
    comparison: Comparison,
    trained: pd.DataFrame,
    slices: int,
) -> dict[str, dict[str, Any]]:
    """The figures and the verdict of each model, in the order of `results`."""
    dice = dict(zip(results, comparison.dice, strict=True))
    sentences = verdicts(learns, dice, comparison.differences)
    medians, board = median_ranks(comparison.shares), {}
    epochs = trained.groupby("model")["epoch"].max()  # 0 for what learns nothing
    for place, (name, scores) in enumerate(results.items()):
        board[name] = {
            **summarise(scores),
            "training_pflops": training_pflops(scores.gflops, slices, int(epochs[name])),
            "test_rank_median": float(medians[place]),
            "first_share": float(comparison.shares[place, 0]),
            "verdict": sentences[name],
        }
    return board


def _draw(
    folder: Path, board: dict[str, dict[str, Any]], learns: dict[str, bool], comparison: Comparison
) -> None:
    from tumorseg.compare.cost import cost
    from tumorseg.compare.heatmaps import difference_map, rank_map

    difference_map(folder / "differences.png", list(board), comparison.differences)
    rank_map(folder / "ranks.png", list(board), comparison.shares)
    cost(folder / "cost.png", board, learns)


def _draw_slices(
    path: Path,
    board: dict[str, dict[str, Any]],
    learns: dict[str, bool],
    test: SplitArrays,
    scored: Scored,
    predictions: Path,
) -> None:
    from tumorseg.compare.side_by_side import choose_rows, side_by_side

    rows = choose_rows(scored.dice, [learns[name] for name in board])
    predicted = {}
    for name, figures in board.items():
        quantised = np.load(predictions / name / "test.npy", mmap_mode="r")
        predicted[name] = quantised[rows] >= figures["threshold"] * STEPS
    side_by_side(path, test, rows, predicted, scored.dice[:, rows])
