"""Audits an export as the pipeline would."""

from pathlib import Path

from support.planted import Export
from support.preparing import prepare_folder

from tumorseg import SPLITS
from tumorseg.audit.facts import measure
from tumorseg.audit.findings import Finding, find
from tumorseg.audit.survey import survey_data
from tumorseg.data.masks import render_masks
from tumorseg.params import Blocks
from tumorseg.sections import Split

SHIPPED = (Split(strategy="shipped", folds=3, fold=0), Blocks(size=4, gap=1))


def prepared(
    export: Export, folder: Path, size: int = 64, rule: tuple[Split, Blocks] = SHIPPED
) -> tuple[Path, Path]:
    """The raw and the prepared folder of an export."""
    raw = export.write(folder / "raw")
    render_masks(raw, folder / "masks", ["0", "1"])
    return raw, prepare_folder(folder, size, rule)


def findings(
    export: Export, folder: Path, size: int = 64, rule: tuple[Split, Blocks] = SHIPPED
) -> dict[str, Finding]:
    facts = measure(survey_data(*prepared(export, folder, size, rule)), {"0": 1, "1": 1}, rule[0].strategy)
    return {finding.id: finding for finding in find(facts)}


def number(export: Export, numbers: dict[str, list[int]]) -> None:
    for split in SPLITS:
        for entry, value in zip(export.images[split], numbers[split], strict=True):
            entry["file_name"] = f"{value}_slice.png"
