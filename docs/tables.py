"""The tables of figures in README.md and docs, each made from the metrics files it is about.

Unless a column says otherwise, a score is Dice on test, pooled over all pixels, with hard masks at the
threshold that is best on valid.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tumorseg.experiments.render import render
from tumorseg.experiments.study_file import ArmResults, read_study
from tumorseg.experiments.table import markdown
from tumorseg.reading import read_json
from tumorseg.text import interval_text, markdown_table

RESULTS = "docs/results"
INTERVAL = "95 % interval"
BASELINES = {
    "nearest_slice": "mask of the most similar training slice",
    "location_prior": "mean training mask",
}
# What is larger than the models of params.yaml: its label; study and arm as shipped; those split by blocks.
LARGER = [
    ("[six-minute recipe](ablations.md#the-six-minute-recipe), 256×256, 20 epochs", "decision/all", None),
    (
        "[ten-minute recipe and pretrained net as one](ablations.md#both-kinds-as-one), 256×256",
        "kinds/both_siblings",
        None,
    ),
    ("[flagship](ablations.md), one net with additions, 256×256", "flagship/seed1", "flagship/blocks"),
    ("flagship, one net without additions, 256×256", None, "flagship/blocks_alone"),
    ("flagship, two nets with additions, 256×256", "flagship/pair", None),
    ("flagship, two nets with additions, 384×384", "flagship384/pair", None),
]
# A net; its size and epochs; study and arm of each seed.
SEEDS = [
    ("`simple_cnn`", "128×128, 10", ["seeds/simple0", "seeds/simple1", "seeds/simple2"]),
    ("`deep_cnn`", "128×128, 10", ["seeds/deep0", "seeds/deep1", "seeds/deep2"]),
    ("`resnet`", "64×64, 10", ["resnet/width32", "resnet/seed1", "resnet/seed2"]),
    ("flagship with additions", "256×256, 110", ["flagship/seed0", "flagship/seed1", "flagship/seed2"]),
    ("flagship with additions, two seeds", "384×384, 72", ["flagship384/seed1", "flagship384/seed2"]),
]
FLAGSHIP = [
    ("256×256: mask of the most similar training slice", "flagship/nearest_slice"),
    ("256×256: two nets, no additions", "flagship/pair_alone"),
    ("256×256: two nets with additions", "flagship/pair"),
    ("384×384: two nets, no additions", "flagship384/pair_alone"),
    ("384×384: two nets with additions", "flagship384/pair"),
]
LEAKS = [
    "train, valid, test slices",
    "left out as too near another split",
    "test slices with a sibling in train (correlation 0.85 or more)",
    "test slices whose most similar training slice is at most 3 file numbers away",
    "Dice on test of copying the most similar training slice's mask, pooled",
    "the same, mean of slices",
    "Dice on test of the mean training mask, pooled",
    "groups of similar slices; of them in several splits",
]


def board(root: Path, name: str) -> dict[str, dict[str, Any]]:
    """The row of each model of a whole run, by valid Dice: of docs/results/<name>.json, or of `metrics`."""
    path = root / "metrics/compare.json" if name == "metrics" else _file(root, name)
    models: dict[str, dict[str, Any]] = read_json(path)["models"]
    return models


def leaderboard(root: Path, name: str) -> str:
    """Every model of a whole run, in the order of its board."""
    header = ["model", "parameters", "Dice", INTERVAL, "mean of slices", "IoU", "precision", "recall"]
    rows = [
        [
            f"`{model}`",
            _count(row["parameters"]),
            f"**{row['test_dice']:.3f}**",
            _board_interval(row),
            *(f"{row[f'test_{key}']:.3f}" for key in ("dice_mean", "iou", "precision", "recall")),
            f"{row['test_box_hit_rate']:.2f}",
            f"{row['valid_dice']:.3f}",
            f"{row['test_dice_at_half']:.3f}",
        ]
        for model, row in board(root, name).items()
    ]
    return _table([*header, "box hit rate", "valid Dice", "Dice at 0.5"], rows, left={"model", INTERVAL})


def study(root: Path, name: str) -> str:
    """All arms of a study, or all tables of a cross-validation."""
    return render(_file(root, name))


def differences(root: Path, name: str, *arms: str) -> str:
    """Some arms of a study, without the columns that are the same for all of them.

    Raises:
        ValueError: The study has no such arm.
    """
    columns = ["arm", "valid Dice", "difference", INTERVAL]
    columns += ["p (Holm)", "mean of slices", "difference of means"]
    results = read_study(_file(root, name))
    if not results.arms.keys() >= set(arms):
        raise ValueError(f"study {name}: not all of {', '.join(arms)} are arms of it")
    return markdown(results, arms, columns)


def both_splits(root: Path) -> str:
    """Everything that was trained on the real set, as shipped and split by blocks."""
    runs = [board(root, split) for split in ("shipped", "blocks")]
    rows = []
    for name in sorted(runs[0], key=lambda name: runs[0][name]["test_dice"]):
        label = f"`{name}`: {BASELINES[name]}" if name in BASELINES else f"`{name}`"
        cells = [f"{run[name]['test_dice']:.3f} ({_board_interval(run[name])})" for run in runs]
        rows.append([label, _count(runs[0][name]["parameters"]), *cells])
    for label, *places in LARGER:
        arms = [_arm(root, place) if place else None for place in places]
        cells = [f"{arm.test.dice:.3f} ({_pooled_interval(arm)})" if arm else "" for arm in arms]
        rows.append([label, _count(next(arm.parameters for arm in arms if arm)), *cells])
    header = ["model", "parameters", "Dice as shipped", "Dice split by blocks"]
    return _table(header, rows, left={"model", "Dice as shipped", "Dice split by blocks"})


def seeds(root: Path) -> str:
    """How far the seeds of several nets lie apart on test."""
    rows = []
    for label, size, places in SEEDS:
        listed = [f"{_arm(root, place).test.dice:.3f}" for place in places]
        spread = max(map(float, listed)) - min(map(float, listed))
        rows.append([label, size, ", ".join(listed), f"{spread:.3f}"])
    header = ["model", "size, epochs", "Dice of each seed", "spread"]
    return _table(header, rows, left=set(header[:3]))


def report_seeds(root: Path) -> str:
    """The seeds of the report's three nets, on valid and on test."""
    rows = []
    for label, size, places in SEEDS[:3]:
        arms = [_arm(root, place) for place in places]
        valid = ", ".join(f"{arm.dice:.3f}" for arm in arms)
        rows.append([label, size, valid, ", ".join(f"{arm.test.dice:.3f}" for arm in arms)])
    header = ["net", "size, epochs", "valid Dice of seeds 0, 1, 2", "test Dice"]
    return _table(header, rows, left=set(header))


def flagship(root: Path) -> str:
    """The flagship on test beside copying a mask: pooled, and mean of slices."""
    rows = []
    for label, place in FLAGSHIP:
        test = _arm(root, place).test
        pooled, mean = interval_text(test.low, test.high), interval_text(test.mean_low, test.mean_high)
        rows.append([label, f"{test.dice:.3f}", pooled, f"{test.mean_dice:.3f}", mean])
    header = ["on test", "Dice, pooled", INTERVAL, "mean of slices", INTERVAL]
    return _table(header, rows, left={"on test", INTERVAL})


def flagship_seeds(root: Path) -> str:
    """The flagship's single nets with additions, on valid and on test."""
    rows = []
    for _, size, places in SEEDS[3:]:
        for place in places:
            arm = _arm(root, place)
            valid, test = ([f"{each.dice:.3f}", f"{each.mean_dice:.3f}"] for each in (arm, arm.test))
            seed = f"{size.split('×')[0]}, {place[-1]}"
            rows.append([seed, *valid, test[0], _pooled_interval(arm), test[1]])
    header = ["size, seed", "valid, pooled", "mean of slices", "test, pooled", INTERVAL, "mean of slices"]
    return _table(header, rows, left={"size, seed", INTERVAL})


def classes(root: Path) -> str:
    """Dice of each class of tumour, and of all tumour with and without telling classes apart.

    Raises:
        ValueError: The arm tells no classes apart.
    """
    together, plain = (_arm(root, place).test for place in ("classes/types", "decision/plain"))
    if together.classes is None:
        raise ValueError("classes/types: has no classes")
    scores = {
        **together.classes,
        "tumour of any type": together,
        "tumour, by the same net trained without types": plain,
    }
    rows = [[name, f"{each.dice:.3f}", interval_text(each.low, each.high)] for name, each in scores.items()]
    return _table(["on test, pooled", "Dice", INTERVAL], rows, left={"on test, pooled", INTERVAL})


def leaks(root: Path) -> str:
    """What the audit measures between splits of the real set, as shipped and split by blocks."""
    columns = []
    for split in ("shipped", "blocks"):
        audit, models = read_json(_file(root, split))["audit"], board(root, split)
        images, test, groups = audit["images"], audit["leak"]["test"], audit["lookalikes"]
        columns.append(
            [
                f"{images['train']}, {images['valid']}, {images['test']}",
                str(images["left_out"]),
                f"{test['share']:.0%}".replace("%", " %"),
                f"{100 * test['near_in_sequence']['share']:.1f} %",
                f"{models['nearest_slice']['test_dice']:.3f}",
                f"{models['nearest_slice']['test_dice_mean']:.3f}",
                f"{models['location_prior']['test_dice']:.3f}",
                f"{groups['groups']}, {groups['in_several_splits']}",
            ]
        )
    rows = [list(row) for row in zip(LEAKS, *columns, strict=True)]
    header = ["measured by `audit`", "as shipped", "`split.strategy=blocks`"]
    return _table(header, rows, left={header[0]})


def _file(root: Path, name: str) -> Path:
    return root / RESULTS / f"{name}.json"


def _arm(root: Path, place: str) -> ArmResults:
    """An arm by `study/arm`."""
    name, arm = place.split("/")
    return read_study(_file(root, name)).arms[arm]


def _pooled_interval(arm: ArmResults) -> str:
    return interval_text(arm.test.low, arm.test.high)


def _board_interval(row: dict[str, Any]) -> str:
    return interval_text(row["test_dice_low"], row["test_dice_high"])


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
