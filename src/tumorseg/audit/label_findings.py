"""What to know of labels and categories, in plain words, from the figures of the audit."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

from tumorseg.audit.finding import LISTED, Finding
from tumorseg.text import counted

IMPRECISE = 0.85  # Dice of a net that knows every tumour, below which better labels are worth more than nets
BOXES = 0.5  # share of annotations that are rectangles from which the masks are not outlines
PARAM = "datasets.${data}.boxes"
FEW_RUNS = 0.25  # of the runs expected by chance: categories stand in blocks


def of_labels(facts: dict[str, Any]) -> Iterator[Finding]:
    """Annotations that are no outlines, or faulty, or contradict themselves; slices without any."""
    labels = facts["labels"]
    total = labels["annotations"]
    yield from _boxes(facts)
    for fault, severity, words in (
        ("empty", "medium", "annotations without a pixel in their image"),
        ("crossing", "medium", "annotations whose outline crosses itself"),
        ("wrong_bbox", "medium", "annotations whose bbox contradicts their shape"),
        ("wrong_area", "low", "annotations whose area contradicts their shape"),
        ("outside", "low", "annotations that reach out of their image, and are cut"),
        ("overlapping", "low", "annotations that share a tenth or more of their pixels with others"),
    ):
        if count := labels[fault]:
            yield Finding(f"label_{fault}", severity, f"{words}: {count} of {total}{LISTED}", count)
    if count := labels["area_of_box"]:
        message = (
            f"annotations whose area is that of their bbox, as Roboflow writes it: {count} of {total}; no "
            "stage uses it"
        )
        yield Finding("label_area_of_box", "info", message, count)
    if count := labels["images_with_none"]:
        message = f"slices without annotation, trained on as healthy, maybe forgotten: {count}{LISTED}"
        yield Finding("unannotated", "low", message, count)
    if count := labels["lost_at_working_size"]:
        message = f"slices whose whole tumour is lost at the working size: {count}{LISTED}"
        yield Finding("tumor_lost", "medium", message, count, "datasets.${data}.image_size")


def _boxes(facts: dict[str, Any]) -> Iterator[Finding]:
    labels, outlined = facts["labels"], facts["outlined"]
    total = labels["annotations"]
    boxes = labels["shapes"]["rectangle"] + labels["shapes"]["box"] - outlined.get("annotations", 0)
    if boxes:
        message = (
            f"{boxes} of {total} annotations ({boxes / total:.0%}) are upright rectangles, not outlines: an "
            "ellipse that fills its box has Dice 0.88 against it, and surface distances mean little; "
            "boxes: grabcut outlines what is in them (docs/boxes.md)"
        )
        yield Finding("boxes", "high" if boxes >= BOXES * total else "medium", message, boxes, PARAM)
    if outlined:
        count, fill = outlined["annotations"], outlined["fill"]
        message = (
            f"{count} of {total} annotations ({count / total:.0%}) are upright rectangles that became "
            f"outlines by a guess, which fill {fill['q25']:.2f} / {fill['median']:.2f} / {fill['q75']:.2f} "
            "of their boxes (quartiles): scores are against these guesses, and no truth is there to score "
            "them"
        )
        yield Finding("boxes_outlined", "medium", message, count, PARAM)


def of_agreement(facts: dict[str, Any]) -> Iterator[Finding]:
    """How far labels agree with themselves, and what score they allow."""
    alike = facts["agreement"]
    ceiling = alike["ceiling"]
    if not math.isnan(alike["dice"]):
        message = (
            f"labels agree with themselves to Dice {alike['dice']:.2f}, in the median of "
            f"{counted(alike['pairs'], 'pair')} of slices that are nearly the same picture (correlation "
            f"{alike['alike_from']} or more); label_agreement.csv lists the pairs"
        )
        yield Finding("label_agreement", "info", message, alike["pairs"])
    net, labels = ceiling["net"], ceiling["labels"]
    if not math.isnan(net["dice"]):
        low = net["dice"] < IMPRECISE
        near, far = (alike["by_distance"][distance]["pooled"] for distance in ("1", "2"))
        message = (
            f"labels allow a Dice of about {net['dice']:.2f} ({net['low']:.2f} to {net['high']:.2f}) to a "
            f"net that knows every tumour: labels of neighbours in a stack agree to Dice {near:.2f}, two "
            f"slices apart to {far:.2f}, so two labels of one slice to about {labels['dice']:.2f} "
            f"({labels['low']:.2f} to {labels['high']:.2f})"
        )
        message += "; better labels are worth more than a better net" if low else ""
        yield Finding("label_ceiling", "medium" if low else "info", message, ceiling["triples"])


def of_classes(facts: dict[str, Any]) -> Iterator[Finding]:
    """Classes that are annotated and yet have no pixel, since others are drawn over them."""
    if gone := {name: each for name, each in facts["painted_over"].items() if each["vanished"]}:
        listed = ", ".join(f"{name} in {each['vanished']} of {each['slices']}" for name, each in gone.items())
        whole = any(each["vanished"] == each["slices"] for each in gone.values())
        message = (
            "slices without a pixel of a class that is annotated in them, as another class is drawn over it "
            f"or it is lost at the working size: {listed}"
        )
        count = sum(each["vanished"] for each in gone.values())
        param = "datasets.${data}.tumor_categories"
        yield Finding("label_painted_over", "high" if whole else "medium", message, count, param)


def of_categories(facts: dict[str, Any]) -> Iterator[Finding]:
    """Categories that nothing has, or that are no tumour, or that follow the file numbers."""
    categories, order = facts["categories"], facts["order"]
    if unused := [name for name, category in categories.items() if not category["annotations"]]:
        message = f"no annotation has the category {_names(unused)}"
        yield Finding("category_unused", "info", message, len(unused))
    others = {n: c for n, c in categories.items() if c["annotations"] and c["tumor"] == "no"}
    if others:
        count = sum(category["annotations"] for category in others.values())
        message = f"annotations that are not taken for tumour, of category {_names(others)}: {count}"
        yield Finding("category_left_out", "info", message, count, "datasets.${data}.tumor_categories")
    if order and order["runs"] < FEW_RUNS * order["by_chance"]:
        message = (
            f"categories follow the file numbers: {counted(order['runs'], 'run')} of one "
            f"category, {order['by_chance']:.0f} by chance. They may name where slices come from "
            "rather than what they show; a split by number would part the categories"
        )
        yield Finding("category_order", "medium", message, order["runs"])


def _names(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
