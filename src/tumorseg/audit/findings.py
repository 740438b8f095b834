"""What somebody who trains on the data should know, in plain words, from the figures of the audit."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tumorseg.audit.leak import NEAR
from tumorseg.types import FindingId

SEVERITIES = ("high", "medium", "low", "info")  # high: scores or labels do not mean what they seem to
LEAK = 0.1  # share of a split with siblings in train from which its score is in doubt
BOXES = 0.5  # share of annotations that are rectangles from which the masks are not outlines
ABOVE_CHANCE = 3  # times as often as by chance is no chance
LISTED = "; listed in faults.csv"
STRATEGY = "split.strategy"  # the param
FEW_RUNS = 0.25  # of the runs expected by chance: categories stand in blocks


@dataclass(frozen=True)
class Finding:
    """One thing to know about the data."""

    id: FindingId
    severity: Literal["high", "medium", "low", "info"]
    message: str
    count: int  # of what the message tells about
    param: str | None = None  # the one in params.yaml that deals with it


def find(facts: dict[str, Any]) -> list[Finding]:
    """The findings, severest first, from the figures of `facts.measure`."""
    parts = (_copies, _siblings, _sequence, _split, _groups, _labels, _categories, _images)
    findings = [finding for part in parts for finding in part(facts)]
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def _copies(facts: dict[str, Any]) -> Iterator[Finding]:
    leak = facts["leak"]
    for where, words, severity, param in (
        ("across", "slices with a copy in another split", "high", STRATEGY),
        ("within", "slices that repeat another of their split", "low", None),
    ):
        if count := leak["copies"][where]:
            message = (
                f"{words}: {count} (correlation {leak['copy_from']} or more), of them "
                f"{leak['same_bytes'][where]} the same to the byte, {leak['same_pixels'][where]} to the pixel"
            )
            yield Finding(f"copies_{where}", severity, message, count, param)


def _siblings(facts: dict[str, Any]) -> Iterator[Finding]:
    leak = facts["leak"]
    # Similar slices that are kept apart by file number may be of different patients.
    who = "known patients" if facts["split"]["strategy"] == "shipped" else "known patients or lookalikes"
    meanings = {
        "test": f"scores tell about {who}; copying the mask of the most similar training slice, without "
        f"learning, has Dice {facts['baselines']['nearest_mask_dice']['pooled']:.2f}",
        "valid": f"epochs and thresholds are chosen on {who}",
    }
    for split, meaning in meanings.items():
        part = leak[split]
        if count := part["with_sibling_in_train"]:
            message = (
                f"{part['share']:.0%} of the {split} slices have a sibling in train (correlation "
                f"{leak['sibling_from']} or more): {meaning}"
            )
            severity = "high" if part["share"] >= LEAK else "medium"
            yield Finding(f"siblings_{split}", severity, message, count, STRATEGY)


def _sequence(facts: dict[str, Any]) -> Iterator[Finding]:
    near = facts["leak"]["test"].get("near_in_sequence")
    if near and near["share"] >= LEAK and near["share"] > ABOVE_CHANCE * near["by_chance"]:
        message = (
            f"{near['share']:.0%} of the test slices have their most similar training slice at most {NEAR} "
            f"file numbers away ({near['by_chance']:.1%} by chance): numbers follow patients"
        )
        yield Finding("sequence", "high", message, near["count"], STRATEGY)


def _split(facts: dict[str, Any]) -> Iterator[Finding]:
    """What a split that was made to leak less still leaks, and what it costs."""
    strategy, leak = facts["split"]["strategy"], facts["leak"]["test"]
    if strategy == "shipped":
        return
    near = leak.get("near_in_sequence")
    near = f", {near['share']:.0%} with their nearest at most {NEAR} file numbers away" if near else ""
    copied, located = (facts["baselines"][of]["pooled"] for of in ("nearest_mask_dice", "mean_mask_dice"))
    message = (
        f"{STRATEGY} {strategy} leaves {leak['share']:.0%} of the test slices with a sibling in train{near}; "
        f"copying the mask of the most similar training slice has Dice {copied:.2f}, "
        f"the mean training mask, whatever the slice shows, {located:.2f}"
    )
    yield Finding("split", "info", message, leak["with_sibling_in_train"], STRATEGY)
    if count := facts["images"]["left_out"]:
        message = f"slices in no split, as their file numbers are near another split's: {count}; left_out.csv"
        yield Finding("left_out", "info", message, count, "datasets.${data}.blocks.gap")


def _groups(facts: dict[str, Any]) -> Iterator[Finding]:
    images, groups, lookalikes = facts["images"]["images"], facts["groups"]["groups"], facts["lookalikes"]
    if groups == images:
        return
    several = (
        f"{lookalikes['groups']} groups of similar slices, an upper estimate of the patients (in several "
        f"splits: {lookalikes['in_several_splits']})"
    )
    if facts["split"]["strategy"] == "blocks":
        message = (
            f"intervals of scores count {groups} blocks of file numbers, not slices. There are {several}"
        )
    else:
        message = f"{images} slices form {several}. Intervals of scores count the groups, not slices"
    yield Finding("groups", "info", message, groups, STRATEGY)


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
