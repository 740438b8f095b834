"""What somebody who trains on the data should know, in plain words, from the figures of the audit."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tumorseg.audit.leak import NEAR

SEVERITIES = ("high", "medium", "low", "info")  # high: scores or labels do not mean what they seem to
LEAK = 0.1  # share of a split with siblings in train from which its score is in doubt
BOXES = 0.5  # share of annotations that are rectangles from which the masks are not outlines
ABOVE_CHANCE = 3  # times as often as by chance is no chance
LISTED = "; listed in faults.csv"
FEW_RUNS = 0.25  # of the runs expected by chance: categories stand in blocks


@dataclass(frozen=True)
class Finding:
    """One thing to know about the data."""

    id: str
    severity: Literal["high", "medium", "low", "info"]
    message: str
    count: int  # of what the message tells about
    param: str | None = None  # the one in params.yaml that deals with it


def find(facts: dict[str, Any]) -> list[Finding]:
    """The findings, severest first, from the figures of `facts.measure`."""
    found = [*_copies(facts), *_siblings(facts), *_labels(facts), *_categories(facts), *_images(facts)]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def _copies(facts: dict[str, Any]) -> Iterator[Finding]:
    leak = facts["leak"]
    for where, words, severity in (
        ("across", "slices with a copy in another split", "high"),
        ("within", "slices that repeat another of their split", "low"),
    ):
        if count := leak["copies"][where]:
            message = (
                f"{words}: {count} (correlation {leak['copy_from']} or more), of them "
                f"{leak['same_bytes'][where]} the same to the byte, {leak['same_pixels'][where]} to the pixel"
            )
            yield Finding(f"copies_{where}", severity, message, count)


def _siblings(facts: dict[str, Any]) -> Iterator[Finding]:
    leak, groups = facts["leak"], facts["groups"]
    for split in ("test", "valid"):
        part = leak[split]
        if count := part["with_sibling_in_train"]:
            message = (
                f"{part['share']:.0%} of the {split} slices have a sibling in train (correlation "
                f"{leak['sibling_from']} or more): scores tell about known patients; copying the mask of the "
                f"most similar training slice, without learning, has Dice {part['copied_dice']['pooled']:.2f}"
            )
            severity = "high" if part["share"] >= LEAK else "medium"
            yield Finding(f"siblings_{split}", severity, message, count)
    near = leak["test"].get("near_in_sequence")
    if near and near["share"] >= LEAK and near["share"] > ABOVE_CHANCE * near["by_chance"]:
        message = (
            f"{near['share']:.0%} of the test slices have their most similar training slice at most {NEAR} "
            f"file numbers away ({near['by_chance']:.1%} by chance): numbers follow patients"
        )
        yield Finding("sequence", "high", message, near["count"])
    if groups["groups"] < facts["images"]["images"]:
        message = (
            f"{facts['images']['images']} slices form {groups['groups']} groups of similar slices, an upper "
            f"estimate of the patients; {groups['in_several_splits']} of the groups are in several splits. "
            "An interval of a score should count patients, not slices"
        )
        yield Finding("groups", "info", message, groups["groups"])


def _labels(facts: dict[str, Any]) -> Iterator[Finding]:
    labels = facts["labels"]
    total, boxes = labels["annotations"], labels["shapes"]["rectangle"] + labels["shapes"]["box"]
    if boxes:
        message = (
            f"{boxes} of {total} annotations ({boxes / total:.0%}) are upright rectangles, not outlines: an "
            "ellipse that fills its box has Dice 0.88 against it, and surface distances mean little"
        )
        yield Finding("boxes", "high" if boxes >= BOXES * total else "medium", message, boxes)
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
    if count := labels["images_with_none"]:
        message = f"slices without annotation, trained on as healthy, maybe forgotten: {count}{LISTED}"
        yield Finding("unannotated", "low", message, count)
    if count := labels["lost_at_working_size"]:
        message = f"slices whose whole tumour is lost at the working size: {count}{LISTED}"
        yield Finding("tumor_lost", "medium", message, count, "datasets.${data}.image_size")


def _categories(facts: dict[str, Any]) -> Iterator[Finding]:
    categories, order = facts["categories"], facts["order"]
    if unused := [name for name, category in categories.items() if not category["annotations"]]:
        message = f"no annotation has the category {_names(unused)}"
        yield Finding("category_unused", "info", message, len(unused))
    others = {n: c for n, c in categories.items() if c["annotations"] and c["tumor"] == "no"}
    if others:
        count = sum(category["annotations"] for category in others.values())
        message = f"{count} annotations of category {_names(others)} are not taken for tumour"
        yield Finding("category_left_out", "info", message, count, "datasets.${data}.tumor_categories")
    if order and order["runs"] < FEW_RUNS * order["by_chance"]:
        message = (
            f"categories follow the file numbers: {order['runs']} runs of one category, "
            f"{order['by_chance']:.0f} by chance. They may name where slices come from rather than what they "
            "show; a split by number would part the categories"
        )
        yield Finding("category_order", "medium", message, order["runs"])


def _images(facts: dict[str, Any]) -> Iterator[Finding]:
    images = facts["images"]
    for fault, severity, words in (
        ("blank", "medium", "slices of one grey and nothing else"),
        ("outlier", "low", "slices far brighter, darker or of other contrast than the rest"),
        ("unnamed_files", "low", "image files that no annotation file names, left out"),
    ):
        if count := images[fault]:
            yield Finding(f"image_{fault}", severity, f"{words}: {count}{LISTED}", count)
    if count := images["over_8_bits"]:
        message = f"image files with more than 8 bits a channel, of which 8 are used: {count}"
        yield Finding("image_over_8_bits", "medium", message, count)
    for fault, kind in (("sizes", "size"), ("formats", "channels or bit depth")):
        if len(images[fault]) > 1:
            listed = ", ".join(f"{count} of {name}" for name, count in images[fault].items())
            yield Finding(f"image_{fault}", "low", f"images differ in {kind}: {listed}", len(images[fault]))


def _names(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
