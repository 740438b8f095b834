"""The tables of figures in README.md and docs, each made from the metrics files it is about.

Unless a column says otherwise, a score is Dice on test, pooled over all pixels, with hard masks at the
threshold that is best on valid.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tumorseg.experiments.table import markdown
from tumorseg.files import read_json
from tumorseg.text import interval_text, markdown_table

RESULTS = "docs/results"
INTERVAL = "95 % interval"
BASELINES = {
    "nearest_slice": "mask of the most similar training slice",
    "location_prior": "mean training mask",
}
# What is larger than the models of params.yaml: its label; its scores as shipped; its scores split by blocks.
LARGER = [
    ("[six-minute recipe](ablations.md#the-six-minute-recipe), 256×256, 20 epochs", "decision/all", None),
    ("[flagship](ablations.md), one net with additions, 256×256", "flagship/seed1", "flagship/blocks"),
    ("flagship, one net without additions, 256×256", None, "flagship/blocks_alone"),
    ("flagship, two nets with additions, 256×256", "flagship/pair", None),
    ("flagship, two nets with additions, 384×384", "flagship384/pair", None),
]
# A net; its size and epochs; its scores, one file a seed.
SEEDS = [
    ("`simple_cnn`", "128×128, 10", ["seeds/simple0", "seeds/simple1", "seeds/simple2"]),
    ("`deep_cnn`", "128×128, 10", ["seeds/deep0", "seeds/deep1", "seeds/deep2"]),
    ("`resnet`", "64×64, 10", ["resnet/width32", "resnet/seed1", "resnet/seed2"]),
    ("flagship with additions", "256×256, 110", ["flagship/seed0", "flagship/seed1", "flagship/seed2"]),
    ("flagship with additions, two seeds", "384×384, 72", ["flagship384/seed1", "flagship384/seed2"]),
]
FLAGSHIP = [
    ("256×256: two nets, no additions", "flagship/pair_alone"),
    ("256×256: two nets with additions", "flagship/pair"),
    ("384×384: two nets, no additions", "flagship384/pair_alone"),
    ("384×384: two nets with additions", "flagship384/pair"),
]


def leaderboard(root: Path, folder: str) -> str:
    """Every model of a run, in the order of its compare.json: by valid Dice."""
    header = ["model", "parameters", "Dice", INTERVAL, "mean of slices", "IoU", "precision", "recall"]
    rows = [
        [
            f"`{name}`",
            _count(row["parameters"]),
            f"**{row['test_dice']:.3f}**",
            _board_interval(row),
            *(f"{row[f'test_{key}']:.3f}" for key in ("dice_mean", "iou", "precision", "recall")),
            f"{row['test_box_hit_rate']:.2f}",
            f"{row['valid_dice']:.3f}",
            f"{row['test_dice_at_half']:.3f}",
        ]
        for name, row in read_json(root / folder / "compare.json").items()
    ]
    return _table([*header, "box hit rate", "valid Dice", "Dice at 0.5"], rows, left={"model", INTERVAL})


def study(root: Path, name: str) -> str:
    """All arms of a study."""
    return markdown(read_json(root / RESULTS / name / "study.json"))


def differences(root: Path, name: str, *arms: str) -> str:
    """Some arms of a study, without the columns that are the same for all of them.

    Raises:
        ValueError: The study has no such arm.
    """
    header = [
        "arm",
        "valid Dice",
        "difference",
        INTERVAL,
        "p (Holm)",
        "mean of slices",
        "difference of means",
    ]
    first, _, *lines = (line[2:-2].split(" | ") for line in study(root, name).splitlines())
    columns = [first.index(title) for title in header]
    rows = [[line[column] for column in columns] for line in lines if line[0].strip("`") in arms]
    if len(rows) != len(arms):
        raise ValueError(f"study {name}: not all of {', '.join(arms)} are arms of it")
    return _table(header, rows, left={"arm", INTERVAL})


def both_splits(root: Path) -> str:
    """Everything that was trained on the real set, as shipped and split by blocks."""
    runs = [read_json(root / RESULTS / split / "compare.json") for split in ("shipped", "blocks")]
    rows = []
    for name in sorted(runs[0], key=lambda name: runs[0][name]["test_dice"]):
        label = f"`{name}`: {BASELINES[name]}" if name in BASELINES else f"`{name}`"
        cells = [f"{run[name]['test_dice']:.3f} ({_board_interval(run[name])})" for run in runs]
        rows.append([label, _count(runs[0][name]["parameters"]), *cells])
    for label, *files in LARGER:
        scores = [_scores(root, file) if file else None for file in files]
        cells = [f"{_dice(each)} ({_interval(_bounds(each))})" if each else "" for each in scores]
        rows.append([label, _count(next(each["parameters"] for each in scores if each)), *cells])
    header = ["model", "parameters", "Dice as shipped", "Dice split by blocks"]
    return _table(header, rows, left={"model", "Dice as shipped", "Dice split by blocks"})


def seeds(root: Path) -> str:
    """How far the seeds of several nets lie apart on test."""
    rows = []
    for label, size, files in SEEDS:
        scores = [float(_dice(_scores(root, file))) for file in files]
        listed = ", ".join(f"{score:.3f}" for score in scores)
        rows.append([label, size, listed, f"{max(scores) - min(scores):.3f}"])
    header = ["model", "size, epochs", "Dice of each seed", "spread"]
    return _table(header, rows, left=set(header[:3]))


def report_seeds(root: Path) -> str:
    """The seeds of the report's three nets, on valid and on test."""
    rows = [
        [label, size]
        + [", ".join(_dice(_scores(root, file), split) for file in files) for split in ("valid", "test")]
        for label, size, files in SEEDS[:3]
    ]
    header = ["net", "size, epochs", "valid Dice of seeds 0, 1, 2", "test Dice"]
    return _table(header, rows, left=set(header))


def flagship(root: Path) -> str:
    """The flagship on test beside copying a mask: pooled, and mean of slices."""
    copied = read_json(root / RESULTS / "flagship/compare.json")["nearest_slice"]
    label = "256×256: mask of the most similar training slice"
    rows = [[label, f"{copied['test_dice']:.3f}", _board_interval(copied)]]
    rows[0] += [f"{copied['test_dice_mean']:.3f}", _board_interval(copied, "test_dice_mean")]
    for label, file in FLAGSHIP:
        scores, row = _scores(root, file), [label]
        for reduction in ("pooled", "mean"):
            row += [_dice(scores, reduction=reduction), _interval(_bounds(scores, reduction))]
        rows.append(row)
    header = ["on test", "Dice, pooled", INTERVAL, "mean of slices", INTERVAL]
    return _table(header, rows, left={"on test", INTERVAL})


def flagship_seeds(root: Path) -> str:
    """The flagship's single nets with additions, on valid and on test."""
    rows = []
    for _, size, files in SEEDS[3:]:
        for file in files:
            scores = _scores(root, file)
            row = [f"{size.split('×')[0]}, {file[-1]}"]
            row += [_dice(scores, "valid", reduction) for reduction in ("pooled", "mean")]
            rows.append([*row, _dice(scores), _interval(_bounds(scores)), _dice(scores, reduction="mean")])
    header = ["size, seed", "valid, pooled", "mean of slices", "test, pooled", INTERVAL, "mean of slices"]
    return _table(header, rows, left={"size, seed", INTERVAL})


def classes(root: Path) -> str:
    """Dice of each class of tumour, and of all tumour with and without telling classes apart."""
    scores, plain = _scores(root, "classes/small"), _scores(root, "decision/plain")
    rows = [
        [name, f"{each['pooled']['dice']:.3f}", _interval(each["interval"]["dice"])]
        for name, each in scores["test"]["classes"]["of"].items()
    ]
    rows.append(["tumour of any type", _dice(scores), _interval(_bounds(scores))])
    rows.append(["tumour, by the same net trained without types", _dice(plain), _interval(_bounds(plain))])
    return _table(["on test, pooled", "Dice", INTERVAL], rows, left={"on test, pooled", INTERVAL})


def leaks(root: Path) -> str:
    """What the audit measures between splits of the real set, as shipped and split by blocks."""
    columns = []
    for split in ("shipped", "blocks"):
        audit, board = (read_json(root / RESULTS / split / f"{file}.json") for file in ("audit", "compare"))
        images, test, groups = audit["images"], audit["leak"]["test"], audit["lookalikes"]
        columns.append(
            [
                f"{images['train']}, {images['valid']}, {images['test']}",
                str(images["left_out"]),
                f"{test['share']:.0%}".replace("%", " %"),
                f"{100 * test['near_in_sequence']['share']:.1f} %",
                f"{board['nearest_slice']['test_dice']:.3f}",
                f"{board['nearest_slice']['test_dice_mean']:.3f}",
                f"{board['location_prior']['test_dice']:.3f}",
                f"{groups['groups']}, {groups['in_several_splits']}",
            ]
        )
    labels = [
        "train, valid, test slices",
        "left out as too near another split",
        "test slices with a sibling in train (correlation 0.85 or more)",
        "test slices whose most similar training slice is at most 3 file numbers away",
        "Dice on test of copying the most similar training slice's mask, pooled",
        "the same, mean of slices",
        "Dice on test of the mean training mask, pooled",
        "groups of similar slices; of them in several splits",
    ]
    rows = [list(row) for row in zip(labels, *columns, strict=True)]
    return _table(
        ["measured by `audit`", "as shipped", "`split.strategy=blocks`"], rows, left={"measured by `audit`"}
    )


def _scores(root: Path, file: str) -> dict[str, Any]:
    return read_json(root / RESULTS / f"{file}.json")


def _dice(scores: dict[str, Any], split: str = "test", reduction: str = "pooled") -> str:
    return f"{scores[split]['at_best'][reduction]['dice']:.3f}"


def _bounds(scores: dict[str, Any], reduction: str = "pooled") -> dict[str, float]:
    return scores["test"]["at_best"]["interval"][reduction]["dice"]


def _board_interval(row: dict[str, Any], key: str = "test_dice") -> str:
    """The interval of one line of compare.json."""
    return _interval({end: row[f"{key}_{end}"] for end in ("low", "high")})


def _interval(bounds: dict[str, float]) -> str:
    return interval_text(bounds["low"], bounds["high"])


def _count(parameters: int) -> str:
    return f"{parameters:,}" if parameters else "none"


def _table(header: list[str], rows: list[list[str]], left: set[str]) -> str:
    """A Markdown table; columns that are not `left` are aligned to the right."""
    return markdown_table(header, rows, right=set(header) - left)


TABLES: dict[str, Callable[..., str]] = {
    "leaderboard": leaderboard,
    "study": study,
    "differences": differences,
    "both_splits": both_splits,
    "seeds": seeds,
    "report_seeds": report_seeds,
    "flagship": flagship,
    "flagship_seeds": flagship_seeds,
    "classes": classes,
    "leaks": leaks,
}
