"""A file of docs/results, whichever kind it is: read, and as Markdown tables."""

import json
from contextlib import suppress
from pathlib import Path

from tumorseg.experiments.cv import table as cv_table
from tumorseg.experiments.cv.file import CrossValidationResults, read_cross_validation
from tumorseg.experiments.study_file import StudyResults, read_study
from tumorseg.experiments.table import markdown


def read(path: Path) -> StudyResults | CrossValidationResults:
    """What the file holds: only a cross-validation has folds.

    Raises:
        UserError: It is missing or malformed; the message names the file, the field and the way out.
    """
    values = None
    with suppress(OSError, ValueError, RecursionError):  # the reader says what is wrong
        values = json.loads(path.read_bytes())
    is_cross_validation = isinstance(values, dict) and "folds" in values
    return read_cross_validation(path) if is_cross_validation else read_study(path)


def render(path: Path) -> str:
    """Its tables.

    Raises:
        UserError: As `read`.
    """
    results = read(path)
    return markdown(results) if isinstance(results, StudyResults) else cv_table.markdown(results)
