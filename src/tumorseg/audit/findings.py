"""What somebody who trains on the data should know, in plain words, from the figures of the audit."""

from collections.abc import Iterator
from typing import Any

from tumorseg.audit.finding import CHANGES, LISTED, SEVERITIES, Finding
from tumorseg.audit.label_findings import of_agreement, of_categories, of_classes, of_labels
from tumorseg.audit.leak import NEAR
from tumorseg.text import counted

LEAK = 0.1  # share of a split with siblings in train from which its score is in doubt
ABOVE_CHANCE = 3  # times as often as by chance is no chance
STRATEGY = "split.strategy"  # the param


def find(facts: dict[str, Any], changes: str = CHANGES) -> list[Finding]:
    """The findings, severest first.

    Args:
        facts: As from `facts.measure`.
        changes: What to call the file that lists what the download has changed.
    """
    parts = (
        *(
            _search,
            _copies,
            _siblings,
            _sequence,
            _split,
            _unlabelled,
            _groups,
            of_labels,
            of_agreement,
            of_classes,
        ),
        *(of_categories, _images, _pictures),
    )
    findings = [finding for part in parts for finding in part(facts)] + [*_source(facts, changes)]
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def _search(facts: dict[str, Any]) -> Iterator[Finding]:
    if search := facts.get("search"):
        message = (
            f"{search['slices']} slices are too many to compare all pairs: an index finds the most similar "
            f"slice of {search['recall']:.1%} of a sample. So some copies, siblings and groups are missed"
        )
        yield Finding("search_approximate", "info", message, search["slices"])


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


def _unlabelled(facts: dict[str, Any]) -> Iterator[Finding]:
    """A split without tumour: nothing can be learnt, chosen or measured on it."""
    empty, images = facts["split"]["without_tumor"], facts["images"]
    meanings = {
        "train": "nothing can be learnt from it",
        "valid": "no epoch and no threshold can be chosen on it",
        "test": "every score on it means nothing",
    }
    if splits := [split for split in meanings if empty[split] == images[split]]:
        words = "; ".join(f"no slice of {split} has tumour: {meanings[split]}" for split in splits)
        yield Finding("split_unlabelled", "high", words, sum(images[split] for split in splits), STRATEGY)


def _groups(facts: dict[str, Any]) -> Iterator[Finding]:
    images, groups, lookalikes = facts["images"]["images"], facts["groups"]["groups"], facts["lookalikes"]
    if groups == images:
        return
    several = (
        f"{counted(lookalikes['groups'], 'group')} of similar slices, an upper estimate of the patients "
        f"(in several splits: {lookalikes['in_several_splits']})"
    )
    if facts["split"]["strategy"] == "blocks":
        message = (
            f"intervals of scores count {counted(groups, 'block')} of file numbers, not slices. "
            f"Lookalikes form {several}"
        )
    else:
        message = f"{images} slices form {several}. Intervals of scores count the groups, not slices"
    yield Finding("groups", "info", message, groups, STRATEGY)


def _images(facts: dict[str, Any]) -> Iterator[Finding]:
    images = facts["images"]
    for fault, severity, words in (
        ("blank", "medium", "slices of one grey and nothing else"),
        ("outlier", "low", "slices far brighter, darker or of other contrast than the rest"),
    ):
        if count := images[fault]:
            yield Finding(f"image_{fault}", severity, f"{words}: {count}{LISTED}", count)
    if count := images["over_8_bits"]:
        message = f"image files with more than 8 bits a channel: {count}; their range becomes 256 greys"
        yield Finding("image_over_8_bits", "medium", message, count)
    for fault, kind in (("sizes", "size"), ("formats", "channels or bit depth")):
        if len(images[fault]) > 1:
            listed = ", ".join(f"{count} of {name}" for name, count in images[fault].items())
            yield Finding(f"image_{fault}", "low", f"images differ in {kind}: {listed}", len(images[fault]))


def _pictures(facts: dict[str, Any]) -> Iterator[Finding]:
    """What files hold that nets do not see, or see otherwise than whoever annotated them."""
    images = facts["images"]
    if count := images["turned"]:
        exif = facts["source"]["exif"]
        message = (
            f"image files with an EXIF orientation, by which viewers turn them: {count} of "
            f"{images['images']}. Outlines are taken to be of the pixels as {exif}: samples.png shows "
            "whether they fit"
        )
        severity = "high" if exif == "stored" else "info"
        yield Finding("image_exif", severity, message, count, "datasets.${data}.source.exif")
    colour = images["in_colour"]
    if count := colour["colourful"]:
        message = (
            f"images in colour: {count} of the {colour['looked_at']} that were looked at; nets of one "
            "channel see them in grey"
        )
        yield Finding("image_colour", "medium", message, count)
    if count := images["far_from_square"]:
        message = (
            f"slices far from square: {count}, with sides of up to {images['longest_aspect']:.1f} to 1; they "
            "are squeezed to a square, unless `preprocess` crops or pads them"
        )
        yield Finding("image_aspect", "medium", message, count, "preprocess")


def _source(facts: dict[str, Any], changes: str) -> Iterator[Finding]:
    """What the download has changed, action by action."""
    for action, id, severity in (
        ("mended", "source_mended", "info"),
        ("left out", "source_left_out", "medium"),
        ("guessed", "source_guessed", "medium"),
    ):
        if kinds := facts["source"].get(action):
            listed = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
            message = f"{action} at download: {listed}; listed in {changes}"
            yield Finding(id, severity, message, sum(kinds.values()))
