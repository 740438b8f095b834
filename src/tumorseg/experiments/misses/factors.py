"""Which facts of a slice tell missed tumours from found ones, and Dice in the thirds of each fact."""

from typing import Any

import numpy as np
import pandas as pd

from tumorseg.bootstrap import Bootstrap
from tumorseg.evaluation.summary import summarise_parts
from tumorseg.experiments.misses.facts import FACTS
from tumorseg.text import interval_text, markdown_table, signed, value_text

MISSED = 0.5  # Dice below which a tumour counts as missed
THIRDS = ("lowest", "middle", "highest")


def factors(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A row a fact, the one that tells missed slices best first.

    Args:
        table: A row an annotated slice: FACTS; group, category, tp, fp, fn, tn and dice, as of `evaluation`.

    Returns:
        `factor`; `auc`, the probability that a missed slice (Dice below MISSED) has a larger value than a
        found one, 0.5 if the fact tells nothing; `auc_by`, the same within each category; `spearman`, the
        rank correlation with Dice; `thirds`, each with `slices`, the share that is `missed`, the pooled
        `dice`, and `low` and `high` of its 95 % interval, of a bootstrap over groups. NaN of nothing.
    """
    bootstrap = Bootstrap(table["group"].to_numpy())
    parts = list(table.groupby("category"))
    rows = [
        {
            "factor": name,
            "auc": auc(table[name], table["dice"] < MISSED),
            "auc_by": {str(category): auc(part[name], part["dice"] < MISSED) for category, part in parts},
            "spearman": spearman(table[name], table["dice"]),
            "thirds": _parts(table, thirds(table[name]), THIRDS, bootstrap),
        }
        for name in FACTS
    ]
    return sorted(rows, key=lambda row: -np.nan_to_num(abs(row["auc"] - 0.5), nan=-1))


def categories(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """By category: as a third of `factors`."""
    names = tuple(sorted(table["category"].unique()))
    return _parts(table, table["category"], names, Bootstrap(table["group"].to_numpy()))


def spearman(values: pd.Series, others: pd.Series) -> float:
    """The rank correlation where both are defined; NaN where one of them is the same everywhere."""
    ranks = pd.DataFrame({"one": values, "other": others}).dropna().rank()
    if (ranks.nunique() < 2).any():
        return float("nan")
    return float(ranks["one"].corr(ranks["other"]))


def auc(values: pd.Series, missed: pd.Series) -> float:
    """The area under the ROC curve; NaN where nothing or all is missed. Values that are NaN do not count."""
    from sklearn.metrics import roc_auc_score

    defined = values.notna()
    if missed[defined].nunique() < 2:
        return float("nan")
    return float(roc_auc_score(missed[defined], values[defined]))


def thirds(values: pd.Series) -> pd.Series:
    """Which third of the defined values each is in, a name of THIRDS; equal ones are in one, NaN in none."""
    defined = values.notna()
    bounds = np.quantile(values[defined], [1 / 3, 2 / 3]) if defined.any() else [0, 0]
    return pd.Series(np.array(THIRDS)[np.searchsorted(bounds, values)], values.index).where(defined, "")


def _parts(
    table: pd.DataFrame, labels: pd.Series, names: tuple[str, ...], bootstrap: Bootstrap
) -> dict[str, dict[str, float]]:
    scored = summarise_parts(table, labels, names, bootstrap)
    return {
        name: {
            "slices": part["slices"],
            "missed": float((table["dice"][labels == name] < MISSED).mean()),
            "dice": part["dice_pooled"],
            **part["interval"],
        }
        for name, part in scored.items()
    }


def markdown(rows: list[dict[str, Any]], by_category: dict[str, dict[str, float]]) -> str:
    """Both tables; each part as its pooled Dice, its interval, and the share of slices that is missed."""
    names = list(by_category)
    header = ["factor", *(f"{third} third" for third in THIRDS), "rank correlation with Dice", "AUC"]
    lines = [
        [
            f"`{row['factor']}`: {FACTS[row['factor']]}",
            *(_cell(row["thirds"][third]) for third in THIRDS),
            signed(row["spearman"], 2),
            *(value_text(value, 2) for value in (row["auc"], *(row["auc_by"][name] for name in names))),
        ]
        for row in rows
    ]
    header += [f"AUC within `{name}`" for name in names]
    right = [title for title in header if title.startswith(("AUC", "rank"))]
    cells = [[f"`{name}`", str(part["slices"]), _cell(part)] for name, part in by_category.items()]
    return "\n\n".join(
        [
            markdown_table(header, lines, right),
            markdown_table(["category", "slices", "Dice"], cells, ["slices"]),
        ]
    )


def _cell(part: dict[str, float]) -> str:
    if not part["slices"]:
        return "–"
    interval = interval_text(part["low"], part["high"])
    return f"{value_text(part['dice'])} ({interval}), {part['missed']:.0%} missed"
