"""The curves of trainings that run now, beside those of finished ones: a page that reloads itself.

A training writes `curves.csv` beside its checkpoint in .work, epoch by epoch. The page is drawn anew when a
file has changed and not more often: that would slow the training which it shows.
"""

import html
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
import vl_convert

from tumorseg.errors import UserError
from tumorseg.files import write_text
from tumorseg.stage import Stopped

SECONDS_BETWEEN_LOOKS = 3.0
TEMPLATE = Path(".dvc/plots/curves.json")  # which draws the curves of the page of plots too
PAGE = Path("dvc_plots/watch.html")
CHARTS = [("Best Dice by epoch", "best_dice", "Dice"), ("Loss by epoch", "loss", "loss")]
HTML = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{refresh}
<title>Trainings</title>
<style>
body {{ margin: 1.5rem; background: #fff; color: #1f2933;
  font: 16px/1.5 system-ui, "Segoe UI", "Liberation Sans", sans-serif; }}
svg {{ display: block; max-width: 100%; height: auto; margin: 1rem 0; overflow: visible; }}
</style>
</head>
<body>
<h1>Trainings</h1>
<ul>
{lines}
</ul>
<p>Drawn at {now}; {note}</p>
{charts}
<p>Solid: valid. Dashed: train. Level lines: models that learn nothing, the level to beat.</p>
</body>
</html>
"""


@dataclass(frozen=True)
class Training:
    """A training that has not finished: what it has been through, from its file of curves."""

    name: str
    epochs: int  # that it will have, at most
    losses: tuple[float, ...]  # of valid, an epoch each; so is the next
    best_dices: tuple[float, ...]
    time: float  # of the last epoch's end, seconds since 1970

    @property
    def done(self) -> int:
        """Epochs that have ended."""
        return len(self.losses)

    def lines(self, since: int) -> Iterator[str]:
        """A line for each epoch after the first `since`."""
        for epoch in range(since, self.done):
            yield (
                f"{self.name} {epoch + 1}/{self.epochs}: loss {self.losses[epoch]:.3f} valid, "
                f"best Dice {self.best_dices[epoch]:.3f} valid"
            )


def watch_trainings(root: Path, say: Callable[[str], None]) -> None:
    """Draw the page and say a line for each new epoch, until Ctrl-C.

    Args:
        root: The project's root folder.
        say: Prints a line.

    Raises:
        UserError: `root` is not the project's root folder.
    """
    if not (root / TEMPLATE).is_file():
        raise UserError(f"{root / TEMPLATE}: not found; run from the project's root folder")
    say(f"Open {(root / PAGE).resolve().as_uri()} in a browser; it reloads itself. Ctrl-C ends.")
    seen: dict[Path, int] | None = None
    before: dict[Path, Training] | None = None
    try:
        while True:
            if (files := dict(_curves_files(root))) != seen:
                seen = files
                trainings, curves = read_curves(root)
                for line in _news(before, trainings):
                    say(line)
                before = trainings
                write_text(root / PAGE, draw(root, list(trainings.values()), curves, live=True))
            time.sleep(SECONDS_BETWEEN_LOOKS)
    except Stopped:
        trainings, curves = read_curves(root)
        write_text(root / PAGE, draw(root, list(trainings.values()), curves, live=False))


def _running(root: Path) -> list[Path]:
    """Those of studies are in a folder further down."""
    return sorted((root / ".work").rglob("curves.csv"))


def _curves_files(root: Path) -> Iterator[tuple[Path, int]]:
    """Every file of curves, and when it was written."""
    for path in [*_running(root), *sorted((root / "plots" / "train").glob("*.csv"))]:
        with suppress(FileNotFoundError):  # its training has ended meanwhile
            yield path, path.stat().st_mtime_ns


def _news(before: dict[Path, Training] | None, now: dict[Path, Training]) -> Iterator[str]:
    """A line for each epoch that has ended since; at the first look, for the last one alone."""
    for path, training in now.items():
        if before is None:
            yield from training.lines(training.done - 1)
        else:
            yield from training.lines(before[path].done if path in before else 0)
    yield from (f"{each.name}: ended" for path, each in (before or {}).items() if path not in now)


def _read(path: Path) -> pd.DataFrame:
    """Curves whose model names stay text, be they `NA` or `01`."""
    return pd.read_csv(path, dtype={"model": str}, keep_default_na=False, na_values={"loss": [""]})


def read_curves(root: Path) -> tuple[dict[Path, Training], pd.DataFrame]:
    """Trainings that have not finished, by their files; and the curves of all, with a column `rev`.

    A name that two trainings have, as the arms of a study, is told apart by the folder of the checkpoint.
    """
    running: dict[Path, pd.DataFrame] = {}
    for path in _running(root):
        with suppress(FileNotFoundError):
            running[path] = _read(path)
    finished = [_read(path) for path in sorted((root / "plots" / "train").glob("*.csv"))]
    names = Counter(str(table["model"].iloc[0]) for table in running.values())
    trainings: dict[Path, Training] = {}
    for path, table in running.items():
        valid = table[table["split"] == "valid"]
        name = str(table["model"].iloc[0])
        name = f"{name} ({path.parent.name[:6]})" if names[name] > 1 else name
        at = path.stat().st_mtime if path.exists() else time.time()
        losses, best_dices = (tuple(valid[column].tolist()) for column in ("loss", "best_dice"))
        trainings[path] = Training(name, int(table["epochs"].iloc[0]), losses, best_dices, at)
        running[path] = table.assign(model=name, rev="running")
    tables = [*running.values(), *(table.assign(rev="finished") for table in finished)]
    return trainings, pd.concat(tables) if tables else pd.DataFrame()


def draw(root: Path, trainings: list[Training], curves: pd.DataFrame, live: bool) -> str:
    """The page; it needs no internet and no scripts.

    Args:
        root: The project's root folder, whose template draws the curves.
        trainings: Those that have not finished.
        curves: As from `read_curves`.
        live: Whether the page reloads itself.
    """
    lines = [
        f"<li>{html.escape(line)} ({datetime.fromtimestamp(training.time):%H:%M:%S})</li>"
        for training in trainings
        for line in training.lines(training.done - 1)
    ]
    charts = [_chart(root, curves, *chart) for chart in CHARTS] if len(curves) else []
    return HTML.format(
        refresh='<meta http-equiv="refresh" content="5">' if live else "",
        lines="\n".join(lines) or "<li>No epoch of a running training has ended yet.</li>",
        now=f"{datetime.now():%H:%M:%S}",
        note="the page reloads itself." if live else "tumorseg watch has ended.",
        charts="\n".join(charts),
    )


def _chart(root: Path, curves: pd.DataFrame, title: str, column: str, label: str) -> str:
    """An SVG of one column by epoch, drawn as DVC would fill the template."""
    rows = curves[["epoch", column, "split", "model", "rev"]]
    parts = {"X": "epoch", "X_LABEL": "epoch", "Y": column, "Y_LABEL": label, "TITLE": title}
    spec = (root / TEMPLATE).read_text(encoding="utf-8")
    for name, part in parts.items():
        spec = spec.replace(f"<DVC_METRIC_{name}>", part)
    spec = spec.replace('"<DVC_METRIC_DATA>"', rows.to_json(orient="records"))
    return vl_convert.vegalite_to_svg(json.loads(spec))
