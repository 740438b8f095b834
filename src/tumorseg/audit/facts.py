"""The figures of the audit, as nested dicts of numbers and strings, which DVC shows and compares."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from tumorseg import SPLITS
from tumorseg.audit import baselines, images, labels, leak
from tumorseg.audit.agreement import agreement
from tumorseg.audit.ceiling import by_distance, ceilings
from tumorseg.audit.survey import Survey
from tumorseg.data import similarity

QUARTILES = {"q25": 0.25, "median": 0.5, "q75": 0.75}


def measure(survey: Survey, tumor_categories: Mapping[str, int], strategy: str) -> dict[str, Any]:
    """The figures that the findings rest on.

    Args:
        survey: What was looked at.
        tumor_categories: By category that counts as tumour: the index of its class.
        strategy: How the prepared slices were split.

    Returns:
        Those of images, leak, baselines, groups, order and agreement are of the slices in use and of the
        splits they are in now; those of labels and categories are of every annotation there is.
    """
    return {
        "images": _images(survey),
        "split": {"strategy": strategy, **_unlabelled(survey)},
        "source": {"layout": survey.mended.layout, "exif": survey.mended.exif, **survey.mended.counts},
        **_search(survey),
        "leak": _leak(survey),
        "baselines": _baselines(survey),
        "groups": _groups(survey.slices, "group"),
        "lookalikes": _groups(survey.slices, "lookalikes"),
        "labels": _labels(survey),
        "outlined": _outlined(survey.outlined),
        "agreement": _agreement(survey),
        "painted_over": _painted_over(survey, tumor_categories),
        "categories": {name: _category(survey, name, tumor_categories) for name in survey.categories},
        "order": _order(survey.slices),
    }


def _images(survey: Survey) -> dict[str, Any]:
    slices = survey.slices
    formats = slices.channels.astype(str) + "x" + slices.bits.astype(str) + " bit"
    return {
        "images": len(slices),
        **{split: len(survey.of(split)) for split in SPLITS},
        "left_out": len(survey.left_out),
        "sizes": {name: int(count) for name, count in slices["size"].value_counts().sort_index().items()},
        "formats": {name: int(count) for name, count in formats.value_counts().sort_index().items()},
        "over_8_bits": int((slices.bits > 8).sum()),
        "turned": int((slices.orientation > 1).sum()),
        "in_colour": asdict(survey.colour),
        **_aspects(slices),
        **{fault: int(slices[fault].sum()) for fault in ("blank", "outlier")},
    }


def _aspects(slices: pd.DataFrame) -> dict[str, Any]:
    """How many slices are `far_from_square`, and the ratio of the sides of the one that is farthest."""
    ratio = np.maximum(slices.height / slices.width, slices.width / slices.height)
    return {"far_from_square": int((ratio >= images.FAR).sum()), "longest_aspect": float(ratio.max())}


def _unlabelled(survey: Survey) -> dict[str, Any]:
    """By split: slices in which nothing is annotated as tumour."""
    return {"without_tumor": {split: int((survey.of(split).tumor_pixels == 0).sum()) for split in SPLITS}}


def _agreement(survey: Survey) -> dict[str, Any]:
    """How far labels of alike slices agree, and of slices so far apart in a stack; what labels allow."""
    return {
        **agreement(survey.agreements),
        "by_distance": by_distance(survey.apart),
        "ceiling": ceilings(survey.triples),
    }


def _painted_over(survey: Survey, tumor_categories: Mapping[str, int]) -> dict[str, Any]:
    """By class: slices that are annotated with it, and those where it has no pixel; empty without classes."""
    classes, table = survey.arrays["train"].classes, survey.annotations
    if not classes:
        return {}
    meant: dict[tuple[str, str], set[int]] = {}
    of_class = table[table.category.isin(tumor_categories) & ~table["empty"]]
    for split, file, category in of_class[["as_shipped", "file", "category"]].itertuples(index=False):
        meant.setdefault((split, file), set()).add(tumor_categories[category])
    slices = survey.slices[["as_shipped", "file", "classes"]].itertuples(index=False)
    pairs = [(meant.get((split, file), set()), drawn) for split, file, drawn in slices]
    return {
        name: {
            "slices": sum(index in annotated for annotated, _ in pairs),
            "vanished": sum(index in annotated and index not in drawn for annotated, drawn in pairs),
        }
        for index, name in enumerate(classes, start=1)
    }


def _search(survey: Survey) -> dict[str, Any]:
    """How many slices were searched for similar ones and with which recall; empty where all are compared."""
    if math.isnan(survey.recall):
        return {}
    return {"search": {"slices": len(survey.slices), "recall": survey.recall}}


def _leak(survey: Survey) -> dict[str, Any]:
    shown = survey.slices[~survey.slices.blank]
    facts: dict[str, Any] = {
        "sibling_from": similarity.SIBLING,
        "copy_from": similarity.COPY,
        "near_within": leak.NEAR,
        "same_bytes": leak.repeats(shown, "digest"),
        "same_pixels": leak.repeats(shown, "pixels"),
        "copies": leak.repeats(shown, "copy"),
    }
    train, numbered = survey.of("train"), survey.slices.sequence.notna().all()
    for split in SPLITS[1:]:
        part = survey.of(split)
        siblings = part.similarity >= similarity.SIBLING
        facts[split] = {
            "with_sibling_in_train": int(siblings.sum()),
            "share": float(siblings.mean()),
            "similarity_median": float(part.similarity.median()),
        }
        if numbered:
            nearest = train.sequence.iloc[part.nearest]
            facts[split]["near_in_sequence"] = leak.near_in_sequence(part.sequence, train.sequence, nearest)
    return facts


def _baselines(survey: Survey) -> dict[str, Any]:
    """Dice on test of copying the most similar training slice's mask, and of the mean training mask."""
    train, valid, test = (survey.arrays[split] for split in SPLITS)
    nearest = survey.of("test").nearest.to_numpy()
    return {
        "nearest_mask_dice": baselines.nearest_mask_dice(train, test, nearest),
        "mean_mask_dice": baselines.mean_mask_dice(train, valid, test),
    }


def _groups(slices: pd.DataFrame, by: str) -> dict[str, Any]:
    sizes, splits = slices.groupby(by).size(), slices.groupby(by)["split"].nunique()
    return {
        "groups": len(sizes),
        "largest": int(sizes.max()),
        "single_slices": int((sizes == 1).sum()),
        "in_several_splits": int((splits > 1).sum()),
    }


def _labels(survey: Survey) -> dict[str, Any]:
    table, slices = survey.annotations, survey.all_slices
    shapes = table["shape"].value_counts().reindex(labels.SHAPES, fill_value=0)
    return {
        "annotations": len(table),
        "shapes": {shape: int(count) for shape, count in shapes.items()},
        **{flag: int(table[flag].sum()) for flag in labels.FLAGS},
        "images_with_several": int((slices.annotations > 1).sum()),
        "images_with_none": int((slices.annotations == 0).sum()),
        "lost_at_working_size": int(survey.slices.lost.sum()),
    }


def _outlined(outlines: pd.DataFrame | None) -> dict[str, Any]:
    """How many boxes were outlined, how many by an ellipse alone, and what they fill of their boxes."""
    if outlines is None or not len(outlines):
        return {}
    quartiles = {name: float(outlines["fill"].quantile(q)) for name, q in QUARTILES.items()}
    ellipses = int((outlines["by"] == "ellipse").sum())
    return {"annotations": len(outlines), "ellipses": ellipses, "fill": quartiles}


def _category(survey: Survey, name: str, tumor_categories: Mapping[str, int]) -> dict[str, Any]:
    part = survey.annotations[survey.annotations.category == name]
    counts = {
        "tumor": "yes" if name in tumor_categories else "no",
        "images": len(part[["as_shipped", "file"]].drop_duplicates()),
        "annotations": len(part),
    }
    if not part.pixels.any():
        return counts
    return counts | {f"mean_{of}": float(value) for of, value in part[["share", "x", "y"]].mean().items()}


def _order(slices: pd.DataFrame) -> dict[str, Any]:
    """Whether categories follow file numbers; empty without numbers or with fewer than two categories."""
    several = slices.category.str.contains("+", regex=False)
    single = slices[~several & (slices.annotations > 0)].sort_values("sequence", kind="stable")
    names = sorted(single.category.unique())
    if len(names) < 2 or slices.sequence.isna().any():
        return {}
    auc = {name: labels.order_auc(single.sequence, single.category == name) for name in names}
    return {**labels.category_runs(single.category, single.lookalikes), "auc": auc}
