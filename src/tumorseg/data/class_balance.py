"""How rare tumour pixels are, split by split, and the loss weight that follows."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.data.classes import read_classes
from tumorseg.data.slices import SplitArrays, load_split, read_table
from tumorseg.errors import UserError
from tumorseg.files import atomic_folder, write_csv, write_json
from tumorseg.identity import read_identity

QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95, "max": 1.0}
BINS = 20  # of the histogram
SAMPLES = 12  # pictures of slices with their masks


def class_balance(prepared: Path, metrics: Path, plots: Path) -> None:
    """Measure the prepared slices at their native size.

    Args:
        prepared: Folder made by `prepare.prepare`.
        metrics: JSON file: `pos_weight`, the data that it is of (`prepared`) and, for each split and for all
            of them, images, annotations, empty masks, imbalance (background over tumour pixels), tumour
            fraction and categories; where there are classes, also the fraction of the pixels of each, at the
            working size.
        plots: Folder for splits.json, tumor_fraction.csv, composition.png and samples.png.

    Raises:
        UserError: The train or the valid split has no tumour pixel, or train none of a class.
    """
    from tumorseg.data.composition import composition

    table = read_table(prepared).assign(pixels=lambda t: t.height * t.width)
    train, result = load_split(prepared, "train"), measure(prepared, table)
    for split in ("train", "valid"):  # to learn from, and to choose epoch and threshold on
        if not result[split]["tumor_pixels"]:
            raise UserError(
                f"params.yaml: tumor_categories: the {split} split has no tumour pixel; "
                "name categories that it has"
            )
    for name, share in result["train"].get("classes", {}).items():
        if not share:
            raise UserError(
                f"params.yaml: tumor_categories: the train split has no pixel of class {name}: its slices "
                "lack it, or another class covers it; take it out, or have it drawn over the other"
            )
    identity = read_identity(prepared)
    with atomic_folder(plots) as folder:
        write_json(folder / "splits.json", identity.rows(list_splits(result)))
        write_csv(folder / "tumor_fraction.csv", histogram(table))
        composition(folder / "composition.png", compose(table))
        draw_samples(folder / "samples.png", train)
    # Half-way, on a log scale, between ignoring the imbalance and cancelling it: the whole of it makes
    # nets call every doubtful pixel tumour.
    pos_weight = result["train"]["imbalance"] ** 0.5
    write_json(metrics, {"prepared": identity.model_dump(), "pos_weight": pos_weight, **result})
    _say(result, pos_weight)


def measure(prepared: Path, table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The statistics of each split, and of `all`, from slices.csv with `pixels`, the native area, added."""
    parts = {split: table[table.split == split] for split in SPLITS} | {"all": table}
    result: dict[str, Any] = {name: describe(part) for name, part in parts.items()}
    classes = read_classes(prepared)
    if classes:
        counts = {split: count_classes(load_split(prepared, split)) for split in SPLITS}
        for split, pixels in (counts | {"all": np.sum(list(counts.values()), axis=0)}).items():
            shares = pixels[1:] / pixels.sum()
            result[split]["classes"] = dict(zip(classes, shares.tolist(), strict=True))
    return result


def draw_samples(path: Path, train: SplitArrays) -> None:
    """Draw SAMPLES slices, spread over the split, with their masks."""
    from tumorseg.figures import samples

    chosen = np.unique(np.linspace(0, len(train) - 1, min(SAMPLES, len(train))).astype(int))
    shown = train.table.iloc[chosen]
    titles = [
        f"{file.split('_')[0]}  category {category}"
        for file, category in zip(shown["file"], shown["category"], strict=True)
    ]
    samples(path, train.images[chosen], train.masks[chosen], titles, train.classes)


def _say(result: dict[str, Any], pos_weight: float) -> None:
    whole = result["all"]
    print(
        f"{whole['images']} images, {whole['annotations']} annotations, {whole['empty_masks']} empty masks; "
        f"tumour pixels: {whole['tumor_fraction']['mean']:.2%} of an image on average, "
        f"pos_weight {pos_weight:.1f}"
    )
    for name, share in result["train"].get("classes", {}).items():
        print(f"{name}: {share:.2%} of the pixels of train")


def list_splits(result: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a split, from `describe` of each."""
    return [
        {
            "part": split,
            "images": result[split]["images"],
            "without_tumor": result[split]["empty_masks"],
            "annotations": result[split]["annotations"],
            "tumor_share": result[split]["tumor_fraction"]["pooled"],
        }
        for split in SPLITS
    ]


def describe(table: pd.DataFrame) -> dict[str, Any]:
    """The statistics of some slices: rows of slices.csv with `pixels`, the native area, added."""
    fraction = table.tumor_pixels / table.pixels
    tumor, pixels = int(table.tumor_pixels.sum()), int(table.pixels.sum())
    return {
        "images": len(table),
        "annotations": int(table.annotations.sum()),
        "empty_masks": int((table.tumor_pixels == 0).sum()),
        "tumor_pixels": tumor,
        "pixels": pixels,
        "imbalance": (pixels - tumor) / tumor if tumor else float("nan"),
        "tumor_fraction": {
            "mean": float(fraction.mean()),
            "pooled": tumor / pixels if pixels else float("nan"),
            **{name: float(fraction.quantile(q)) for name, q in QUANTILES.items()},
        },
        "categories": {
            category: {
                "images": len(part),
                "annotations": int(part.annotations.sum()),
                "tumor_fraction": float((part.tumor_pixels / part.pixels).mean()),
            }
            for category, part in table.groupby("category")
        },
    }


def count_classes(arrays: SplitArrays) -> np.ndarray:
    """Pixels of background and of each class, int (1 + K,)."""
    pixels = np.zeros(1 + len(arrays.classes), np.int64)
    for mask in arrays.masks:
        pixels += np.bincount(mask.ravel(), minlength=len(pixels))
    return pixels


def histogram(table: pd.DataFrame) -> pd.DataFrame:
    """Images by split and tumour fraction, in equal bins from 0 to the largest fraction."""
    fraction = table.tumor_pixels / table.pixels
    edges = np.linspace(0, max(float(fraction.max()), 1e-6), BINS + 1)
    rows = []
    for split in SPLITS:
        images, _ = np.histogram(fraction[table.split == split], edges)
        rows.append(
            pd.DataFrame(
                {"split": split, "fraction_from": edges[:-1], "fraction_to": edges[1:], "images": images}
            )
        )
    return pd.concat(rows)


def compose(table: pd.DataFrame) -> pd.DataFrame:
    """Images, annotations, tumour pixels and pixels by split and category."""
    columns = ["annotations", "tumor_pixels", "pixels"]
    groups = table.groupby(["split", "category"])
    return groups[columns].sum().assign(images=groups.size()).reset_index()
