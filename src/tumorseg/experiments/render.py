"""A file of docs/results as Markdown tables, whichever kind it is."""

import json
from contextlib import suppress
from pathlib import Path

from tumorseg.experiments.cv import table as cv_table
from tumorseg.experiments.cv.file import read_cross_validation
from tumorseg.experiments.study_file import read_study
from tumorseg.experiments.table import markdown


def render(path: Path) -> str:
    """The tables of a study or a cross-validation.

    Raises:
        UserError: The file is missing or malformed; the message names the file, the field and the way out.
    """
    values = None
    with suppress(OSError, ValueError):  # the reader says what is wrong
        values = json.loads(path.read_bytes())
    if isinstance(values, dict) and "folds" in values:
        return cv_table.markdown(read_cross_validation(path))
    return markdown(read_study(path))
