"""predictions.csv, lesions.csv and failures.csv: from the records, in the order of names."""

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tumorseg.delivery.outputs.records import OutFolder, SliceRecord
from tumorseg.files import atomic_file

PREDICTIONS = (
    "name",
    "width",
    "height",
    "pixels",
    "mm2",
    "lesions",
    "largest_lesion",
    "uncertainty",
    "warnings",
)
LESIONS = (
    "name",
    "lesion",
    "class",
    "pixels",
    "mm2",
    "left",
    "top",
    "width",
    "height",
    "x",
    "y",
    "probability",
)
FAILURES = ("name", "why")
# Folders before a file's name, as in an error message: they may say who the user is.
FOLDERS = re.compile(r"(?<![^\s'\"(])(?:[A-Za-z]:)?[\\/](?:[^\\/:\n]+[\\/])*")


def write_tables(out: OutFolder, classes: list[str]) -> None:
    """Write the three tables.

    Args:
        out: With records.
        classes: Names of the tumour's classes; none where all is one.
    """
    names = classes or ["tumour"]
    predictions = (prediction_row(each) for record in out.records() for each in record.slices)
    _write(out.path / "predictions.csv", PREDICTIONS, predictions)
    lesions = (row for record in out.records() for each in record.slices for row in lesion_rows(each, names))
    _write(out.path / "lesions.csv", LESIONS, lesions)
    failures = ((record.name, why) for record in out.records() for why in record.problems)
    _write(out.path / "failures.csv", FAILURES, failures)


def prediction_row(each: SliceRecord) -> list[Any]:
    """A slice, in the order of PREDICTIONS."""
    largest = max((lesion.pixels for lesion in each.lesions), default=0)
    return [
        each.name,
        each.width,
        each.height,
        each.pixels,
        square_mm(each, each.pixels),
        len(each.lesions),
        largest,
        each.uncertainty,
        " ".join(each.warnings),
    ]


def lesion_rows(each: SliceRecord, names: list[str]) -> Iterator[list[Any]]:
    """The lesions of a slice, in the order of LESIONS."""
    for number, lesion in enumerate(each.lesions, start=1):
        area = square_mm(each, lesion.pixels)
        about = [each.name, number, names[lesion.label - 1], lesion.pixels, area]
        yield [*about, *lesion.box, *lesion.centroid, lesion.probability]


def square_mm(each: SliceRecord, pixels: int) -> float | None:
    """The area of so many pixels in mm², None where the spacing is not known."""
    return None if each.pixel_area is None else round(pixels * each.pixel_area, 2)


def without_folders(message: str) -> str:
    """An error message without the folders of the files it names, of which the first begins it."""
    head, colon, rest = FOLDERS.sub("", message).partition(": ")
    return f"{head.rpartition('/')[2]}{colon}{rest}" if colon else head


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[Iterable[Any]]) -> None:
    """Write a table atomically. An empty field is what is not known."""
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(map(_harmless, rows))


def _harmless(row: Iterable[Any]) -> list[Any]:
    # A spreadsheet takes a text that begins so for a formula: a file's name could run one.
    return [
        f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t" and value else value for value in row
    ]
